/**
 * From the entries that are in the tables to the entries that should be: the fewest steps, in the one order in which
 * nothing is ever let through that should not be and nothing that stays is interrupted.
 */
import {
  contentOf,
  type Entry,
  type HostEntry,
  identityOf,
  type RouteEntry,
  type SetEntry,
  type WireguardPeerEntry,
} from '../mesh/entry.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';

/** What to do to each table. Empty lists mean that a table is not touched. The fields stand in the order of their doing. */
export interface Plan {
  /** First, so that who lost access is out before anything else is tried: keys to take off the WireGuard devices. */
  readonly withdraw: readonly WireguardPeerEntry[];
  /** One firewall transaction, before the routes that rely on it. */
  readonly elements: { readonly add: readonly SetEntry[]; readonly remove: readonly SetEntry[] };
  /** Routes are replaced, never removed and added, so that a client that moves is never without one. */
  readonly routes: { readonly replace: readonly RouteEntry[]; readonly remove: readonly RouteEntry[] };
  /** Last of what carries packets: new keys, which come up into tables that know them. */
  readonly admit: readonly WireguardPeerEntry[];
  /** Keys that stay on their device with another address or endpoint. */
  readonly change: readonly WireguardPeerEntry[];
  readonly hosts: { readonly set: readonly HostEntry[]; readonly remove: readonly HostEntry[] };
  /** Clients' addresses whose remembered connections end. */
  readonly forget: readonly Ipv4[];
}

/**
 * Compares what is there with what is wanted. Both lists may come from one owner, from a few, or from all; an identity
 * that one owner gives up and another takes over within the lists is one change.
 */
export function plan(applied: readonly Entry[], wanted: readonly Entry[]): Plan {
  const had = new Map(applied.map((entry) => [identityOf(entry), entry]));
  const want = new Map(wanted.map((entry) => [identityOf(entry), entry]));
  const gone = [...had].filter(([identity]) => !want.has(identity)).map(([, entry]) => entry);
  const fresh = [...want].filter(([identity]) => !had.has(identity)).map(([, entry]) => entry);
  const changed = [...want]
    .filter(([identity, entry]) => {
      const before = had.get(identity);
      return before !== undefined && contentOf(before) !== contentOf(entry);
    })
    .map(([, entry]) => entry);

  const withdraw = gone.filter(isWireguard);
  return {
    withdraw,
    elements: { add: fresh.filter(isElement), remove: gone.filter(isElement) },
    routes: { replace: [...fresh, ...changed].filter(isRoute), remove: gone.filter(isRoute) },
    admit: fresh.filter(isWireguard),
    change: changed.filter(isWireguard),
    hosts: { set: [...fresh, ...changed].filter(isHost), remove: gone.filter(isHost) },
    forget: withdraw.filter((entry) => entry.device === 'wg0').map((entry) => entry.address),
  };
}

function isWireguard(entry: Entry): entry is WireguardPeerEntry {
  return entry.table === 'wireguard';
}

/** Says whether the entry is a set's element. */
export function isElement(entry: Entry): entry is SetEntry {
  return entry.table === 'set';
}

function isRoute(entry: Entry): entry is RouteEntry {
  return entry.table === 'route';
}

/** Says whether the entry is a name. */
export function isHost(entry: Entry): entry is HostEntry {
  return entry.table === 'host';
}
