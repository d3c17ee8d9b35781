/**
 * The public address that stays when the droplet goes. The address and its assignment are two resources: only the
 * assignment goes with the droplet.
 */
import { ReservedIpAssignment } from '@cdktf/provider-digitalocean/lib/reserved-ip-assignment/index.js';
import { ReservedIp } from '@cdktf/provider-digitalocean/lib/reserved-ip/index.js';
import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { logicalId, type NodeName } from './resource-name.ts';

/** What a reserved address is made from. */
export interface ReservedAddressProps {
  readonly name: NodeName;
  /** DigitalOcean's slug, such as `nyc3`: that of the droplet. */
  readonly region: string;
  /** Whether Terraform refuses to destroy it: configurations that people hold name it. */
  readonly protect: boolean;
}

/** A reserved IPv4 address. */
export class ReservedAddress extends Construct {
  /** The address, as an expression. */
  readonly address: string;
  /** What a project holds, as an expression. */
  readonly urn: string;
  readonly #node: string;

  constructor(scope: Construct, id: string, { name, region, protect }: ReservedAddressProps) {
    super(scope, id);
    this.#node = name.node;
    const reserved = new ReservedIp(this, 'address', { region, lifecycle: { preventDestroy: protect } });
    reserved.overrideLogicalId(logicalId(name.node));
    this.address = reserved.ipAddress;
    this.urn = reserved.urn;
  }

  /** Gives the address to the droplet with this id (an expression). */
  assignTo(dropletId: string): void {
    const assignment = new ReservedIpAssignment(this, 'assignment', {
      ipAddress: this.address,
      dropletId: Token.asNumber(dropletId),
    });
    assignment.overrideLogicalId(logicalId(this.#node));
  }
}
