/** Where a request comes from, as the socket says it. Forwarded headers are nobody's word and are never read. */
import { networkInterfaces } from 'node:os';
import { renderEndpoint } from '../mesh/endpoint.ts';
import { type Cidr, cidrContains, isIpv4 } from '../mesh/ipv4.ts';

/** Networks from which nothing on the internet can be reached: RFC 1918, RFC 6598 and link-local (RFC 3927). */
const INWARD = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'] as Cidr[];
const LOOPBACK = '127.0.0.0/8' as Cidr;

/** The socket's address; an IPv4 address inside IPv6 (RFC 4291 §2.5.5.2) as what it is. */
export function sourceOf(remoteAddress: string | undefined): string {
  const text = (remoteAddress ?? '').toLowerCase().replace(/%.*$/, '');
  const mapped = /^::ffff:([0-9.]+)$/.exec(text)?.[1];
  return mapped ?? text;
}

/** Says whether the address is this machine's own loopback. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIpv4(address) && cidrContains(LOOPBACK, address));
}

/**
 * The address under which others probably reach this machine: the first that is on no private network, else the first of
 * all, never one of the mesh. `undefined` on a machine without a network.
 */
export function outwardAddress(mesh: Cidr, addresses: readonly string[]): string | undefined {
  const own = addresses
    .filter(isIpv4)
    .filter((address) => !cidrContains(LOOPBACK, address) && !cidrContains(mesh, address));
  return own.find((address) => !INWARD.some((network) => cidrContains(network, address))) ?? own[0];
}

/** This machine's addresses, in the system's order. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map((entry) => entry.address));
}

/** Where the sender of a request reaches us from, with this port. Of a sender on loopback others know no such place; then it is `outward`. */
export function seenEndpoint(source: string, outward: string | undefined, port: number): string {
  return renderEndpoint({ host: isLoopback(source) ? (outward ?? source) : source, port });
}
