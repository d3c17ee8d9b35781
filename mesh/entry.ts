/**
 * Desired state, cut into the entries of the tables that carry it: WireGuard peers, routes, set elements, host names.
 * Every entry belongs to one owner (a client or a peer of the mesh), so that a change of one record re-computes and
 * compares that record's entries and no others.
 */
import type { Ipv4 } from './ipv4.ts';
import type { PublicKey } from './key.ts';

/** A peer's devices: `wg0` for clients, `tm0` for the mesh, `tmx` the overlay inside `tm0`. */
export type Device = 'wg0' | 'tm0' | 'tmx';

/** A WireGuard peer on one of the two WireGuard devices; identified by device and key. */
export interface WireguardPeerEntry {
  readonly table: 'wireguard';
  readonly device: 'wg0' | 'tm0';
  readonly key: PublicKey;
  /** The only address that this key may use as inner source. */
  readonly address: Ipv4;
  /** `host:port` for mesh peers; clients have none, they are heard of. */
  readonly endpoint: string | null;
  readonly keepaliveSeconds: number | null;
}

/**
 * A host route in one of TunnelMesh's two routing tables; identified by table and destination. `local` is for packets
 * of this machine, `forward` for packets that came in by `wg0`, `tm0` or `tmx`.
 */
export interface RouteEntry {
  readonly table: 'route';
  readonly scope: 'local' | 'forward';
  readonly destination: Ipv4;
  /** Out by a device as it is; or wrapped in the overlay to the peer with this mesh address; or refused. */
  readonly to: { readonly device: 'wg0' | 'tm0' } | { readonly overlay: Ipv4 } | 'unreachable';
}

/** An element of one of the nftables sets that the policy consults; identified by set and element. */
export interface SetEntry {
  readonly table: 'set';
  /** `here4`: clients attached here. `peers4`: the other peers. `may4`: (outer, inner) sources allowed in the overlay. */
  readonly set: 'here4' | 'peers4' | 'may4';
  /** One address, or for `may4` outer and inner source. */
  readonly element: readonly [Ipv4] | readonly [outer: Ipv4, inner: Ipv4];
}

/** A host name (without suffix) and its address. */
export interface HostEntry {
  readonly table: 'host';
  readonly name: string;
  readonly address: Ipv4;
}

/** See the file's comment. */
export type Entry = WireguardPeerEntry | RouteEntry | SetEntry | HostEntry;

/** Whose entries: `peer:ID` or `client:ID`. */
export type Owner = `peer:${string}` | `client:${string}`;

/** What makes an entry that entry and no other: a table holds at most one of each identity. */
export function identityOf(entry: Entry): string {
  switch (entry.table) {
    case 'wireguard':
      return `wireguard ${entry.device} ${entry.key}`;
    case 'route':
      return `route ${entry.scope} ${entry.destination}`;
    case 'set':
      return `set ${entry.set} ${entry.element.join(' . ')}`;
    case 'host':
      return `host ${entry.name}`;
  }
}

/** What an entry says besides its identity; entries of one identity are the same when this is. */
export function contentOf(entry: Entry): string {
  switch (entry.table) {
    case 'wireguard':
      return `${entry.address} ${entry.endpoint ?? '-'} ${String(entry.keepaliveSeconds ?? '-')}`;
    case 'route':
      if (entry.to === 'unreachable') return 'unreachable';
      return 'overlay' in entry.to ? `overlay ${entry.to.overlay}` : `device ${entry.to.device}`;
    case 'set':
      return '';
    case 'host':
      return entry.address;
  }
}
