/**
 * The number of reserved addresses that an account may have
 * (https://docs.digitalocean.com/products/networking/reserved-ips/details/limits/). DigitalOcean tells only when one too
 * many is asked for, in the middle of a deployment; this tells before anything is made.
 */
import { type Precondition, TerraformLocal } from 'cdktf';
import { Construct } from 'constructs';

/** What is counted. */
export interface ReservedAddressLimitProps {
  /** How many the whole mesh asks for. */
  readonly wanted: number;
  /** How many the account may have. */
  readonly limit: number;
}

/** See the file's comment. One of these per stack, since stacks are deployed one by one. */
export class ReservedAddressLimit extends Construct {
  /** Holds where the mesh asks for no more than there are; for every droplet. */
  readonly kept: Precondition;

  constructor(scope: Construct, id: string, { wanted, limit }: ReservedAddressLimitProps) {
    super(scope, id);
    // Terraform refuses a condition of nothing but literals, hence locals.
    const [asked, most] = [this.#local('reserved_ips', wanted), this.#local('reserved_ip_limit', limit)];
    this.kept = { condition: `\${${asked} <= ${most}}`, errorMessage: tooManyReservedAddresses({ wanted, limit }) };
  }

  /** A local value, as a reference without braces. */
  #local(name: string, value: number): string {
    const local = new TerraformLocal(this, name, value);
    local.overrideLogicalId(name);
    return `local.${name}`;
  }
}

/** What is wrong and what to do about it, in words. */
export function tooManyReservedAddresses({ wanted, limit }: ReservedAddressLimitProps): string {
  return (
    `The mesh asks for ${String(wanted)} reserved IPs and reserved_ip_limit is ${String(limit)}. Set reserved_ip: false on some nodes, ` +
    'give the mesh a domain, or have DigitalOcean raise the limit of the account and set reserved_ip_limit.'
  );
}
