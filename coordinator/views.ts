/** Records as the API shows them. */
import { addressPlan } from '../mesh/address-plan.ts';
import type { ClientView, MeshView, PeerView } from '../mesh/api.ts';
import type { ClientRecord, PeerRecord } from '../mesh/state.ts';
import type { ActivityBook } from './activity.ts';
import type { Registry } from './registry.ts';

/** What the views are made from. */
export interface ViewSource {
  readonly registry: Registry;
  readonly activity: ActivityBook;
  readonly isConnected: (peer: string) => boolean;
}

/** A client with its full name and what is known of its doings. */
export function clientView({ registry, activity }: ViewSource, client: ClientRecord): ClientView {
  const gateway = registry.peers.records.get(registry.attachmentOf(client.id)?.gateway ?? '')?.name ?? null;
  const { last_handshake_at, endpoint, received_bytes, sent_bytes } = activity.of(client.id);
  return {
    ...client,
    dns_name: `${client.name}.${registry.mesh.suffix}`,
    activity: { gateway, last_handshake_at, endpoint, received_bytes, sent_bytes },
  };
}

/** A peer with its full name and whether it has a stream. */
export function peerView({ registry, isConnected }: ViewSource, peer: PeerRecord): PeerView {
  return { ...peer, dns_name: `${peer.name}.${registry.mesh.suffix}`, connected: isConnected(peer.id) };
}

/** What is the same for all who render configurations. */
export function meshView(source: ViewSource): MeshView {
  const { mesh, peers } = source.registry;
  const gateways = peers.gateways().map((peer) => peerView(source, peer));
  return { ...mesh, dns: addressPlan(mesh.cidr).coordinator, gateways };
}
