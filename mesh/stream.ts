/**
 * The peers' stream: newline-delimited JSON from `GET /api/v1/peers/self/stream?epoch=E&revision=R`. First a snapshot, or
 * a delta when the coordinator's history still reaches back to R in epoch E; then deltas; `alive` when there is
 * nothing to say. A peer writes the same lines to its journal, and folding them gives its state again.
 */
import { z } from 'zod';
import { attachmentSchema, clientRecordSchema, type MeshState, meshInfoSchema, peerRecordSchema } from './state.ts';

/** The coordinator says at least this much this often, in milliseconds; a peer that hears nothing for three of them reconnects. */
export const STREAM_ALIVE_MS = 5_000;

/**
 * The other direction: a peer reports at least this often, in milliseconds, if only that nothing is new. The stream of a
 * peer that was not heard for three of them is ended, for the machine may be gone without a word, and TCP by itself
 * would take a quarter of an hour to find out (tcp_retries2, Linux Documentation/networking/ip-sysctl.rst).
 */
export const REPORT_ALIVE_MS = 10_000;

/** The whole state. */
export const snapshotSchema = z.strictObject({
  type: z.literal('snapshot'),
  epoch: z.string(),
  revision: z.number().int().nonnegative(),
  mesh: meshInfoSchema,
  peers: z.array(peerRecordSchema),
  clients: z.array(clientRecordSchema),
  attachments: z.array(attachmentSchema),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** What changed up to `revision`: records to put in place of what has the same id, and ids that are gone. */
export const deltaSchema = z.strictObject({
  type: z.literal('delta'),
  revision: z.number().int().nonnegative(),
  peers: z.array(peerRecordSchema),
  clients: z.array(clientRecordSchema),
  attachments: z.array(attachmentSchema),
  gone: z.strictObject({ peers: z.array(z.string()), clients: z.array(z.string()) }),
});
export type Delta = z.infer<typeof deltaSchema>;

/** One line of the stream. */
export const streamMessageSchema = z.discriminatedUnion('type', [
  snapshotSchema,
  deltaSchema,
  z.strictObject({ type: z.literal('alive') }),
]);
export type StreamMessage = z.infer<typeof streamMessageSchema>;

/** The state that a snapshot describes. */
export function stateOfSnapshot(snapshot: Snapshot): MeshState {
  return {
    mesh: snapshot.mesh,
    epoch: snapshot.epoch,
    revision: snapshot.revision,
    peers: new Map(snapshot.peers.map((peer) => [peer.id, peer])),
    clients: new Map(snapshot.clients.map((client) => [client.id, client])),
    attachments: new Map(snapshot.attachments.map((attachment) => [attachment.client, attachment])),
  };
}
