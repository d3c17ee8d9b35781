/**
 * What each record of the mesh puts into each table of one machine, `selfId`. The union over all owners is that
 * machine's whole data plane; nothing else is ever put there. A record that is gone, or a machine that is no longer in
 * the mesh, gives no entries.
 */
import type { Entry, Owner, RouteEntry } from './entry.ts';
import type { Touched } from './replica.ts';
import type { ClientRecord, MeshState, PeerRecord } from './state.ts';

/** How often a peer is sent something, so that the address mappings on the way live (as wg(8) advises for NAT). */
export const PEER_KEEPALIVE_SECONDS = 25;

/** The entries of a peer of the mesh on the machine `selfId`. */
export function peerEntries(state: MeshState, selfId: string, peerId: string): Entry[] {
  const self = state.peers.get(selfId);
  const peer = state.peers.get(peerId);
  if (!self || !peer) return [];
  const { address } = peer;
  const names: Entry[] = [peer.name, ...peer.aliases].map((name) => ({ table: 'host', name, address }));
  if (peerId === selfId) return names;
  return [
    {
      table: 'wireguard',
      device: 'tm0',
      key: peer.mesh_public_key,
      address,
      endpoint: peer.mesh_endpoint,
      keepaliveSeconds: PEER_KEEPALIVE_SECONDS,
    },
    { table: 'set', set: 'peers4', element: [address] },
    { table: 'set', set: 'may4', element: [address, address] },
    // This machine's own packets go bare. Clients' packets are wrapped, so that their outer source is this machine.
    { table: 'route', scope: 'local', destination: address, to: { device: 'tm0' } },
    ...forwarded(self, { table: 'route', scope: 'forward', destination: address, to: { overlay: address } }),
    ...names,
  ];
}

/** The entries of a client on the machine `selfId`. */
export function clientEntries(state: MeshState, selfId: string, clientId: string): Entry[] {
  const self = state.peers.get(selfId);
  const client = state.clients.get(clientId);
  if (!self || !client) return [];
  const { address } = client;
  const name: Entry = { table: 'host', name: client.name, address };
  if (!client.enabled || client.public_key === null) return [name, ...routes(self, client, 'unreachable')];

  const entries: Entry[] = [name];
  if (self.wireguard) {
    const key = client.public_key;
    entries.push({ table: 'wireguard', device: 'wg0', key, address, endpoint: null, keepaliveSeconds: null });
  }
  const gateway = gatewayOf(state, client);
  if (!gateway) return [...entries, ...routes(self, client, 'unreachable')];
  if (gateway.id === self.id)
    return [...entries, { table: 'set', set: 'here4', element: [address] }, ...routes(self, client, { device: 'wg0' })];
  return [
    ...entries,
    { table: 'set', set: 'may4', element: [gateway.address, address] },
    ...routes(self, client, { overlay: gateway.address }),
  ];
}

/** Id of the gateway that a client is attached to, or of the one listed first for it until it shows up; null without either. */
export function gatewayIdOf(state: Pick<MeshState, 'attachments'>, client: ClientRecord): string | null {
  return state.attachments.get(client.id)?.gateway ?? client.gateway;
}

/** The gateway that a client is attached to, or is taken to be until it shows up somewhere; `undefined` when there is none. */
export function gatewayOf(state: MeshState, client: ClientRecord): PeerRecord | undefined {
  const id = gatewayIdOf(state, client);
  const gateway = id === null ? undefined : state.peers.get(id);
  return gateway?.wireguard ? gateway : undefined;
}

/** The entries of one owner on the machine `selfId`. */
export function entriesOf(state: MeshState, selfId: string, owner: Owner): Entry[] {
  const id = owner.slice(owner.indexOf(':') + 1);
  return owner.startsWith('peer:') ? peerEntries(state, selfId, id) : clientEntries(state, selfId, id);
}

/** Everybody who owns entries in this state. */
export function ownersOf(state: MeshState): Owner[] {
  return [
    ...[...state.peers.keys()].map((id): Owner => `peer:${id}`),
    ...[...state.clients.keys()].map((id): Owner => `client:${id}`),
  ];
}

/**
 * Whose entries may differ after a change: those touched, and where a gateway came, went or got another address, the
 * clients attached to it. `all` when the machine itself changed in that way.
 * @param before - the peers as they were when entries were last computed
 */
export function affectedOwners(
  state: MeshState,
  selfId: string,
  before: ReadonlyMap<string, PeerRecord>,
  touched: Touched,
): readonly Owner[] | 'all' {
  if (touched.all) return 'all';
  const place = (peer: PeerRecord | undefined): string =>
    peer ? `${peer.address} ${peer.wireguard ? 'gateway' : 'peer'}` : '';
  const moved = new Set(touched.peers.filter((id) => place(before.get(id)) !== place(state.peers.get(id))));
  if (moved.has(selfId)) return 'all';
  const owners = new Set<Owner>([
    ...touched.peers.map((id): Owner => `peer:${id}`),
    ...touched.clients.map((id): Owner => `client:${id}`),
  ]);
  if (moved.size > 0) {
    for (const client of state.clients.values()) {
      const gateway = gatewayIdOf(state, client);
      if (gateway !== null && moved.has(gateway)) owners.add(`client:${client.id}`);
    }
  }
  return [...owners];
}

/** A client's routes: for this machine's own packets, and on a gateway for those that it passes on. */
function routes(self: PeerRecord, client: ClientRecord, to: RouteEntry['to']): RouteEntry[] {
  const destination = client.address;
  return [
    { table: 'route', scope: 'local', destination, to },
    ...forwarded(self, { table: 'route', scope: 'forward', destination, to }),
  ];
}

/** Only gateways pass packets on; elsewhere the forward table holds nothing but its refusal. */
function forwarded(self: PeerRecord, route: RouteEntry): RouteEntry[] {
  return self.wireguard ? [route] : [];
}
