/**
 * What gateways tell the other peers about attachments: one JSON datagram with a batch of clients, answered by one with
 * the same id. The sender is known by its mesh address, which WireGuard vouches for.
 */
import { z } from 'zod';
import type { Attachment } from '../mesh/state.ts';

/** UDP port of the announcements, on each peer's own mesh address and reachable through `tm0` only. */
export const ANNOUNCE_PORT = 51_822;

/** Largest datagram, in bytes: whole in one packet of `tm0`, whose smallest MTU is 1280 (RFC 8200 §5). */
export const MAX_DATAGRAM_BYTES = 1_200;

const idSchema = z.string().regex(/^[0-9a-f]{16}$/);

const datagramSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('attach'),
    id: idSchema,
    /** Peer id of the gateway, which is the sender. */
    gateway: z.string().max(128),
    /** Client id and sequence of each attachment. */
    clients: z.array(z.tuple([z.string().max(128), z.number().int().nonnegative()])).max(MAX_DATAGRAM_BYTES),
  }),
  z.strictObject({ type: z.literal('ack'), id: idSchema }),
]);

/** A datagram: an announcement or its acknowledgement. */
export type AnnounceDatagram = z.infer<typeof datagramSchema>;

/** The datagram as bytes. */
export function renderDatagram(datagram: AnnounceDatagram): Uint8Array {
  return Buffer.from(JSON.stringify(datagram), 'utf8');
}

/** The datagram that the bytes spell, or `undefined` if they spell none. */
export function parseDatagram(data: Uint8Array): AnnounceDatagram | undefined {
  if (data.length > MAX_DATAGRAM_BYTES) return undefined;
  try {
    return datagramSchema.safeParse(JSON.parse(Buffer.from(data).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Cuts a gateway's attachments into announcements that fit into a datagram each, with an id from `newId` for each. */
export function announcementsOf(
  gateway: string,
  attachments: readonly Attachment[],
  newId: () => string,
): AnnounceDatagram[] {
  const datagrams: AnnounceDatagram[] = [];
  let clients: [string, number][] = [];
  const datagram = (): AnnounceDatagram & { type: 'attach' } => ({ type: 'attach', id: newId(), gateway, clients });
  const room = MAX_DATAGRAM_BYTES - renderDatagram({ ...datagram(), clients: [] }).length;
  let used = 0;
  for (const { client, sequence } of attachments) {
    const size = Buffer.byteLength(JSON.stringify([client, sequence])) + 1;
    if (clients.length > 0 && used + size > room) {
      datagrams.push(datagram());
      clients = [];
      used = 0;
    }
    clients.push([client, sequence]);
    used += size;
  }
  if (clients.length > 0) datagrams.push(datagram());
  return datagrams;
}
