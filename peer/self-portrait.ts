/** A running peer's answers about itself, gathered from its parts. */
import { gatewayIdOf } from '../mesh/entries.ts';
import { coordinatorUrl, type PeerConfig } from '../mesh/peer-config.ts';
import type { Keys } from './identity.ts';
import type { Session } from './session.ts';
import type { PeerStatus, PeerTable } from './status.ts';

function moment(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

function concentratorOf(
  config: PeerConfig,
  keys: Keys | undefined,
  session: Session | undefined,
): PeerStatus['wireguard'] {
  if (!keys?.wireguard) return { enabled: false };
  const id = session?.parts.membership.id;
  const state = session?.state;
  const clients = [...(state?.clients.values() ?? [])];
  return {
    enabled: true,
    device: 'wg0',
    listen_port: config.wireguard.listen_port,
    public_key: keys.wireguard.publicKey(),
    endpoint: (id === undefined ? undefined : state?.peers.get(id)?.wireguard?.endpoint) ?? config.wireguard.endpoint,
    clients: {
      known: clients.length,
      attached: state ? clients.filter((client) => gatewayIdOf(state, client) === id).length : 0,
      recent: session?.recentClients ?? 0,
    },
  };
}

/** The answer to `status`. */
export function statusOf(config: PeerConfig, keys: Keys | undefined, session: Session | undefined): PeerStatus {
  const membership = session?.parts.membership;
  return {
    name: config.name,
    dns_name: membership ? `${config.name}.${membership.mesh.suffix}` : null,
    address: membership?.address ?? null,
    coordinator: {
      url: coordinatorUrl(config.server),
      connected_since: moment(session?.contact.connectedSinceMs),
      last_heard_at: moment(session?.contact.lastHeardMs),
    },
    revision: session?.state?.revision ?? null,
    applied_revision: session?.appliedRevision ?? null,
    data_plane: session?.parts.dataPlane.kind ?? null,
    wireguard: concentratorOf(config, keys, session),
    mesh: { peers: [...(session?.state?.peers.keys() ?? [])].filter((id) => id !== membership?.id).length },
  };
}

/** The answer to `peers`, in the order of their names. */
export function peerTableOf(session: Session | undefined): PeerTable {
  const peers = [...(session?.state?.peers.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    peers: peers.map((peer) => ({
      name: peer.name,
      dns_name: `${peer.name}.${session?.state?.mesh.suffix ?? ''}`,
      address: peer.address,
      coordinator: peer.coordinator,
      mesh_endpoint: peer.mesh_endpoint,
      wireguard_endpoint: peer.wireguard?.endpoint ?? null,
      this_peer: peer.id === session?.parts.membership.id,
    })),
  };
}
