/**
 * How the mesh range is shared out. In the mission's 172.30.0.0/16, peers have .0.1 to .99.255, clients .100.2 to
 * .255.254, and .100.1 is the concentrators' own address; other prefix lengths split in the same proportion (100/256).
 */
import { type Cidr, cidrBounds, type Ipv4, isCidr, ipv4FromNumber, ipv4ToNumber, prefixLength } from './ipv4.ts';

/** The range that a mesh has unless its file says otherwise. */
export const DEFAULT_MESH_CIDR = '172.30.0.0/16' as Cidr;

/** Prefix lengths a mesh may have: below /8 no private range exists, beyond /24 nothing is left to share out. */
export const MESH_PREFIX_LENGTHS = { shortest: 8, longest: 24 } as const;

/** Inclusive bounds of a range of addresses, as numbers. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** Where everything in a mesh range lies. */
export interface AddressPlan {
  readonly cidr: Cidr;
  /** The coordinator's service address: the first of the range. Also the DNS server of every client. */
  readonly coordinator: Ipv4;
  /** The concentrators' own address, the same on every gateway and never routed over the mesh. */
  readonly concentrator: Ipv4;
  readonly peers: AddressRange;
  readonly clients: AddressRange;
}

/** Says whether the text is a network that a mesh can have. */
export function isMeshCidr(text: string): boolean {
  return (
    isCidr(text) &&
    prefixLength(text) >= MESH_PREFIX_LENGTHS.shortest &&
    prefixLength(text) <= MESH_PREFIX_LENGTHS.longest
  );
}

/**
 * The plan of a mesh range.
 * @throws RangeError when the prefix length lies outside {@link MESH_PREFIX_LENGTHS}
 */
export function addressPlan(cidr: Cidr): AddressPlan {
  if (!isMeshCidr(cidr)) throw new RangeError(`${cidr} cannot be a mesh range; allowed: /8 to /24`);
  const { first, last } = cidrBounds(cidr);
  const boundary = first + Math.floor(((last - first + 1) * 100) / 256);
  return {
    cidr,
    coordinator: ipv4FromNumber(first + 1),
    concentrator: ipv4FromNumber(boundary + 1),
    peers: { first: first + 1, last: boundary - 1 },
    clients: { first: boundary + 2, last: last - 1 },
  };
}

/** Says whether the address lies in the range. */
export function inRange(range: AddressRange, address: Ipv4): boolean {
  const value = ipv4ToNumber(address);
  return value >= range.first && value <= range.last;
}

/** The range as people write it, `172.30.100.2 - 172.30.255.254`. */
export function renderRange(range: AddressRange): string {
  return `${ipv4FromNumber(range.first)} - ${ipv4FromNumber(range.last)}`;
}
