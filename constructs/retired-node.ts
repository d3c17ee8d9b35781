/**
 * What is left of a node that was taken out of service: its volume and its reserved address, under the names that they had.
 * Declared again, the node is the one that it was.
 */
import { Construct } from 'constructs';
import { DataVolume } from './data-volume.ts';
import { ReservedAddress } from './reserved-address.ts';
import type { NodeName } from './resource-name.ts';

/** What a retired node is made from. */
export interface RetiredNodeProps {
  readonly name: NodeName;
  /** DigitalOcean's slug, such as `nyc3`. */
  readonly region: string;
  /** Whether it had a reserved address. */
  readonly reservedAddress: boolean;
  /** Whether Terraform refuses to destroy them. */
  readonly protect: boolean;
}

/** See the file's comment. */
export class RetiredNode extends Construct {
  /** What a project holds of it, as expressions of URNs. */
  readonly urns: readonly string[];

  constructor(scope: Construct, id: string, { reservedAddress, ...props }: RetiredNodeProps) {
    super(scope, id);
    const volume = new DataVolume(this, 'volume', props);
    const address = reservedAddress ? new ReservedAddress(this, 'address', props) : null;
    this.urns = [volume.urn, ...(address ? [address.urn] : [])];
  }
}
