/**
 * A peer's copy of the mesh: the stream's messages folded one after the other. It is edited in place, because a change
 * must cost what it changes and not what exists; {@link MeshReplica.fold} says what was touched.
 */
import { ipv4ToNumber } from './ipv4.ts';
import type { Attachment, ClientRecord, MeshInfo, MeshState, PeerRecord } from './state.ts';
import { type Delta, type Snapshot, stateOfSnapshot } from './stream.ts';

/** What a message touched: everything, or these ids. */
export type Touched =
  | { readonly all: true }
  | { readonly all: false; readonly peers: readonly string[]; readonly clients: readonly string[] };

/**
 * Says whether attachment `a` beats `b` for the same client: the higher sequence, between equals the gateway with the
 * lower mesh address (as a number), an unknown gateway last, between unknown ones the lower id. So the one that wins does
 * not depend on the order in which they are heard of.
 */
export function attachmentBeats(
  a: Attachment,
  b: Attachment | undefined,
  peers: ReadonlyMap<string, PeerRecord>,
): boolean {
  if (!b) return true;
  if (a.sequence !== b.sequence) return a.sequence > b.sequence;
  const rank = (peer: string): number => {
    const record = peers.get(peer);
    return record ? ipv4ToNumber(record.address) : Infinity;
  };
  const [left, right] = [rank(a.gateway), rank(b.gateway)];
  return left === right ? a.gateway < b.gateway : left < right;
}

/** See the file's comment. */
export class MeshReplica implements MeshState {
  readonly peers = new Map<string, PeerRecord>();
  readonly clients = new Map<string, ClientRecord>();
  readonly attachments = new Map<string, Attachment>();
  mesh: MeshInfo;
  epoch: string;
  revision: number;

  constructor(snapshot: Snapshot) {
    this.mesh = snapshot.mesh;
    this.epoch = snapshot.epoch;
    this.revision = snapshot.revision;
    this.#load(stateOfSnapshot(snapshot));
  }

  /** Takes one message in. Attachments that lose to a known one are ignored, also those inside a snapshot. */
  fold(message: Snapshot | Delta): Touched {
    if (message.type === 'snapshot') {
      this.mesh = message.mesh;
      this.epoch = message.epoch;
      this.revision = message.revision;
      this.#load(stateOfSnapshot(message));
      return { all: true };
    }
    this.revision = message.revision;
    for (const peer of message.peers) this.peers.set(peer.id, peer);
    for (const id of message.gone.peers) this.peers.delete(id);
    for (const client of message.clients) this.clients.set(client.id, client);
    for (const id of message.gone.clients) {
      this.clients.delete(id);
      this.attachments.delete(id);
    }
    // Last, so that peers and clients are what they will be: ties are decided by the gateways' addresses.
    const moved = message.attachments.filter((attachment) => this.attach(attachment));
    return {
      all: false,
      peers: [...message.peers.map((peer) => peer.id), ...message.gone.peers],
      clients: [
        ...message.clients.map((client) => client.id),
        ...moved.map((attachment) => attachment.client),
        ...message.gone.clients,
      ],
    };
  }

  /**
   * Takes one attachment in, from the stream or straight from a gateway. Says whether it won; one of an unknown client
   * never does, for it may be the late echo of a deleted one.
   */
  attach(attachment: Attachment): boolean {
    if (!this.clients.has(attachment.client)) return false;
    if (!attachmentBeats(attachment, this.attachments.get(attachment.client), this.peers)) return false;
    this.attachments.set(attachment.client, attachment);
    return true;
  }

  #load(state: MeshState): void {
    this.peers.clear();
    this.clients.clear();
    for (const [id, peer] of state.peers) this.peers.set(id, peer);
    for (const [id, client] of state.clients) this.clients.set(id, client);
    for (const client of [...this.attachments.keys()]) if (!this.clients.has(client)) this.attachments.delete(client);
    for (const attachment of state.attachments.values()) this.attach(attachment);
  }
}
