/**
 * What the coordinator must never forget, in the mesh's own terms. Everything that changes carries the revision of its
 * last change, and what is gone leaves a tombstone, so that the way from any revision to the present is one query.
 *
 * Every store passes the suite in `store.contract.ts`.
 */
import type { FreedAddress } from '../mesh/address-pool.ts';
import type { Attachment, ClientRecord, MeshInfo, PeerRecord } from '../mesh/state.ts';
import type { Delta } from '../mesh/stream.ts';

/** A peer as the coordinator knows it: the record that everybody gets, and what is between the two of them. */
export interface StoredPeer {
  readonly record: PeerRecord;
  /** Verifier of the peer's own credential (`mesh/token.ts`). */
  readonly verifier: string;
  /** Generation of the node token that it joined with; 0 with the operator's credential. */
  readonly generation: number;
}

/** One change of one thing. `revision` is positive and never lower than that of an earlier change. */
export type Change = { readonly revision: number } & (
  | { readonly kind: 'peer'; readonly peer: StoredPeer }
  | { readonly kind: 'client'; readonly client: ClientRecord }
  | { readonly kind: 'attachment'; readonly attachment: Attachment }
  /** A client (and its attachment and activity) is gone; `at` in milliseconds since 1970 begins its address's rest. */
  | { readonly kind: 'client-gone'; readonly id: string; readonly at: number }
);

/** What a client's gateway last reported of it; see `activitySchema`. */
export interface StoredActivity {
  readonly client: string;
  readonly last_handshake_at: string | null;
  readonly endpoint: string | null;
  readonly received_bytes: number;
  readonly sent_bytes: number;
}

/** Everything, as it is read at start. Clients in the order of their making. */
export interface Contents {
  /** The mesh that the store was made for; addresses and names in it mean nothing in another. */
  readonly mesh: MeshInfo;
  readonly revision: number;
  readonly peers: readonly StoredPeer[];
  readonly clients: readonly ClientRecord[];
  readonly attachments: readonly Attachment[];
  readonly activity: readonly StoredActivity[];
  /** Addresses of clients that are gone, longest ago first. */
  readonly freed: readonly FreedAddress[];
}

/** See the file's comment. One owner at a time; calls may overlap and take effect in the order in which they were made. */
export interface Store {
  /** Random, made with the store: revisions mean something within one epoch only. */
  readonly epoch: string;
  load(): Promise<Contents>;
  /** All changes or none; durable when it resolves, also through a loss of power. */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * What changed after this revision; `undefined` when the revision is none of this store's, or when tombstones after it
   * have been pruned.
   */
  since(revision: number): Promise<Delta | undefined>;
  /** Keeps activity. Of clients that are gone, it is dropped. Not part of any revision. */
  saveActivity(rows: readonly StoredActivity[]): Promise<void>;
  /** Drops tombstones from before this moment, in milliseconds since 1970. */
  prune(before: number): Promise<void>;
  close(): Promise<void>;
}
