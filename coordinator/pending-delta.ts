/** Durable changes on their way to the peers, folded together: of everything only the last word. */
import type { Attachment, ClientRecord, PeerRecord } from '../mesh/state.ts';
import type { Delta } from '../mesh/stream.ts';
import type { Change } from './store.ts';

/** See the file's comment. */
export class PendingDelta {
  #revision = 0;
  readonly #peers = new Map<string, PeerRecord>();
  readonly #clients = new Map<string, ClientRecord>();
  readonly #attachments = new Map<string, Attachment>();
  readonly #goneClients = new Set<string>();

  /** Folds one change in; changes come in the order of their revisions. */
  add(change: Change): void {
    this.#revision = change.revision;
    switch (change.kind) {
      case 'peer':
        this.#peers.set(change.peer.record.id, change.peer.record);
        return;
      case 'client':
        this.#clients.set(change.client.id, change.client);
        return;
      case 'attachment':
        this.#attachments.set(change.attachment.client, change.attachment);
        return;
      case 'client-gone':
        this.#clients.delete(change.id);
        this.#attachments.delete(change.id);
        this.#goneClients.add(change.id);
    }
  }

  /** The delta that does what all of the changes do. */
  toDelta(): Delta {
    return {
      type: 'delta',
      revision: this.#revision,
      peers: [...this.#peers.values()],
      clients: [...this.#clients.values()],
      attachments: [...this.#attachments.values()],
      gone: { peers: [], clients: [...this.#goneClients] },
    };
  }
}
