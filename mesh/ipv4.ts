/** IPv4 addresses and CIDR ranges (RFC 791, RFC 4632), as branded text that only the parsers here can make. */

declare const ipv4Brand: unique symbol;
declare const cidrBrand: unique symbol;

/** A dotted IPv4 address in canonical form: four decimal octets, no leading zeros. */
export type Ipv4 = string & { readonly [ipv4Brand]: true };

/** A canonical IPv4 network, `a.b.c.d/n`, with no host bits set. */
export type Cidr = string & { readonly [cidrBrand]: true };

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4_PATTERN = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const CIDR_PATTERN = new RegExp(`^(${OCTET}(?:\\.${OCTET}){3})/(3[0-2]|[12]?[0-9])$`);

/** Says whether the text is a canonical dotted address. */
export function isIpv4(text: string): text is Ipv4 {
  return IPV4_PATTERN.test(text);
}

/** The address that the text spells, or `undefined` if it spells none. */
export function parseIpv4(text: string): Ipv4 | undefined {
  return isIpv4(text) ? text : undefined;
}

/** The address as an unsigned 32-bit number, for arithmetic. */
export function ipv4ToNumber(address: Ipv4): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/**
 * The address with this unsigned 32-bit number; the inverse of {@link ipv4ToNumber}.
 * @throws RangeError outside 0 to 2^32 − 1
 */
export function ipv4FromNumber(value: number): Ipv4 {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${String(value)} is not an IPv4 address as a number; allowed: 0 to 4294967295`);
  }
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.') as Ipv4;
}

/** The network that the text spells, or `undefined` if it spells none or has host bits set. */
export function parseCidr(text: string): Cidr | undefined {
  const match = CIDR_PATTERN.exec(text);
  if (!match) return undefined;
  const size = 2 ** (32 - Number(match[2]));
  return ipv4ToNumber(match[1] as Ipv4) % size === 0 ? (text as Cidr) : undefined;
}

/** Says whether the text is a canonical network without host bits. */
export function isCidr(text: string): text is Cidr {
  return parseCidr(text) !== undefined;
}

/** Number of leading bits of the network, 0 to 32. */
export function prefixLength(cidr: Cidr): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

/** First and last address of the network, as numbers, both inclusive. */
export function cidrBounds(cidr: Cidr): { readonly first: number; readonly last: number } {
  const first = ipv4ToNumber(cidr.slice(0, cidr.indexOf('/')) as Ipv4);
  return { first, last: first + 2 ** (32 - prefixLength(cidr)) - 1 };
}

/** Says whether the address lies in the network. */
export function cidrContains(cidr: Cidr, address: Ipv4): boolean {
  const { first, last } = cidrBounds(cidr);
  const value = ipv4ToNumber(address);
  return value >= first && value <= last;
}

/** Says whether the two networks share any address. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  const [left, right] = [cidrBounds(a), cidrBounds(b)];
  return left.first <= right.last && right.first <= left.last;
}
