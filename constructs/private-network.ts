/** A private network (VPC) for the droplets of one stack, apart from whatever else the account has in that region. */
import { Vpc } from '@cdktf/provider-digitalocean/lib/vpc/index.js';
import { Construct } from 'constructs';
import { resourceName } from './resource-name.ts';

/** Logical id of the network. */
const NETWORK = 'network';

/** What a private network is made from. */
export interface PrivateNetworkProps {
  readonly mesh: string;
  /** Id of the stack, which is unique in the mesh. */
  readonly stack: string;
  /** DigitalOcean's slug, such as `nyc3`. */
  readonly region: string;
}

/** See the file's comment. DigitalOcean chooses a range that overlaps no other of the account. */
export class PrivateNetwork extends Construct {
  /** What droplets are given, as an expression. */
  readonly networkId: string;

  constructor(scope: Construct, id: string, { mesh, stack, region }: PrivateNetworkProps) {
    super(scope, id);
    const network = new Vpc(this, 'network', { name: resourceName({ mesh, node: stack }), region });
    network.overrideLogicalId(NETWORK);
    this.networkId = network.id;
  }
}
