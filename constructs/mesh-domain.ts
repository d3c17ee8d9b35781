/**
 * The public names of a mesh: its domain is the coordinator's, and each node has its own below it. The zone that holds
 * them is the account's, looked up and never owned: whoever takes a mesh down keeps it.
 */
import { DataDigitaloceanDomain } from '@cdktf/provider-digitalocean/lib/data-digitalocean-domain/index.js';
import { Record as DnsRecord } from '@cdktf/provider-digitalocean/lib/record/index.js';
import { Construct } from 'constructs';
import { logicalId } from './resource-name.ts';

/** How long resolvers keep an address, in seconds: as long as a droplet without reserved address is missed after replacement. */
const TTL_SECONDS = 60;

/** Logical id of the domain's own record. No node's has this form: a node's name begins with a letter or digit. */
const DOMAIN_RECORD = '_domain';

/** What a mesh's domain is made from. */
export interface MeshDomainProps {
  /** The domain, such as `mesh.example.com`. */
  readonly domain: string;
  /** The zone that holds it, such as `example.com`: the domain itself, or its end. It has to exist in the account. */
  readonly zone: string;
}

/** See the file's comment. One of these per stack. */
export class MeshDomain extends Construct {
  readonly name: string;
  readonly #zone: string;
  readonly #zoneName: string;

  constructor(scope: Construct, id: string, { domain, zone }: MeshDomainProps) {
    super(scope, id);
    this.name = domain;
    this.#zone = zone;
    // Read while planning: a zone that is not there stops the deployment before anything is made.
    const found = new DataDigitaloceanDomain(this, 'zone', { name: zone });
    found.overrideLogicalId('zone');
    this.#zoneName = found.name;
  }

  /** The public name of a node, `wg-us.mesh.example.com`. */
  nameOf(node: string): string {
    return `${node}.${this.name}`;
  }

  /** Gives the node's name to an address (an expression). */
  pointNode(node: string, address: string): void {
    this.#point(logicalId(node), this.nameOf(node), address);
  }

  /** Gives the domain itself to the coordinator's address (an expression). */
  pointDomain(address: string): void {
    this.#point(DOMAIN_RECORD, this.name, address);
  }

  #point(id: string, name: string, address: string): void {
    const relative = name === this.#zone ? '@' : name.slice(0, -(this.#zone.length + 1));
    const record = new DnsRecord(this, `record-${id}`, {
      domain: this.#zoneName,
      type: 'A',
      name: relative,
      value: address,
      ttl: TTL_SECONDS,
    });
    record.overrideLogicalId(id);
  }
}
