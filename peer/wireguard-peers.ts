/**
 * Changes of a WireGuard device's peers as `wg` takes them (wg(8)): a few by `wg set`, many new ones by `wg addconf`. Never `setconf` or `syncconf`, which touch every other peer.
 */
import type { WireguardPeerEntry } from '../mesh/entry.ts';
import { isIpv6, parseEndpoint } from '../mesh/endpoint.ts';
import { isIpv4 } from '../mesh/ipv4.ts';
import type { LastHeard } from './lost-sessions.ts';

/** Peers in one `wg set`: about 100 characters each, far below the 2 MiB that execve(2) takes by default. */
export const SET_PEERS = 1_000;

/** New peers from which on `wg addconf` is cheaper; and how many it is given in one call. */
export const BULK_PEERS = { above: 100, perCall: 1_000 } as const;

/** Removals in one `wg set`: 57 characters and three pointers each, 810 KiB in all. */
export const REMOVED_PEERS = 10_000;

/** Arguments that take keys off a device. */
export function renderRemovals(device: string, peers: readonly WireguardPeerEntry[]): readonly [string, ...string[]] {
  return ['wg', 'set', device, ...peers.flatMap((peer) => ['peer', peer.key, 'remove'])];
}

/**
 * Arguments that put keys on a device, or change what they may. An endpoint that is a name is left out: it would have to
 * be resolved first, and one name that does not resolve would refuse all the others; see {@link renderNamedEndpoint}.
 */
export function renderSets(device: string, peers: readonly WireguardPeerEntry[]): readonly [string, ...string[]] {
  return [
    'wg',
    'set',
    device,
    ...peers.flatMap((peer) => [
      'peer',
      peer.key,
      ...(peer.endpoint === null || hasNamedEndpoint(peer) ? [] : ['endpoint', peer.endpoint]),
      ...(peer.keepaliveSeconds === null ? [] : ['persistent-keepalive', String(peer.keepaliveSeconds)]),
      'allowed-ips',
      `${peer.address}/32`,
    ]),
  ];
}

/** Arguments that give one peer its endpoint by name. */
export function renderNamedEndpoint(device: string, peer: WireguardPeerEntry): readonly [string, ...string[]] {
  return ['wg', 'set', device, 'peer', peer.key, 'endpoint', peer.endpoint ?? ''];
}

/**
 * Arguments that have a device shake hands with peers that it knows, where they were last heard. Turning on keepalives
 * sends one at once, and for that a session is needed (`set_peer` in Linux's drivers/net/wireguard/netlink.c,
 * `handlePostConfig` in wireguard-go); the same call turns them off again.
 */
export function renderGreetings(device: string, peers: readonly LastHeard[]): readonly [string, ...string[]] {
  return [
    'wg',
    'set',
    device,
    ...peers.flatMap(({ key, endpoint }) => [
      ...['peer', key, 'endpoint', endpoint, 'persistent-keepalive', '1'],
      ...['peer', key, 'persistent-keepalive', 'off'],
    ]),
  ];
}

/** Says whether the peer's endpoint is a DNS name. */
export function hasNamedEndpoint(peer: WireguardPeerEntry): boolean {
  const host = peer.endpoint === null ? undefined : parseEndpoint(peer.endpoint)?.host;
  return host !== undefined && !isIpv4(host) && !isIpv6(host);
}

/** New peers as `wg addconf` reads them. Endpoints that are names are left out, as in {@link renderSets}. */
export function renderConfiguration(peers: readonly WireguardPeerEntry[]): string {
  return peers
    .map((peer) =>
      [
        '[Peer]',
        `PublicKey = ${peer.key}`,
        `AllowedIPs = ${peer.address}/32`,
        ...(peer.endpoint === null || hasNamedEndpoint(peer) ? [] : [`Endpoint = ${peer.endpoint}`]),
        ...(peer.keepaliveSeconds === null ? [] : [`PersistentKeepalive = ${String(peer.keepaliveSeconds)}`]),
        '',
      ].join('\n'),
    )
    .join('');
}

/** The list in pieces of at most `size`. */
export function* pieces<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
