/** What is between the coordinator and its peers: joining, the stream, reports. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { peerListSchema, type Report, reportSchema } from '../mesh/api.ts';
import { helloRequestSchema, helloResponseSchema, joinRequestSchema, joinResponseSchema } from '../mesh/join.ts';
import { MeshError } from '../mesh/problem.ts';
import type { PeerRecord } from '../mesh/state.ts';
import { streamMessageSchema } from '../mesh/stream.ts';
import type { Confirmations } from './confirmations.ts';
import type { Join } from './join.ts';
import { type AnyRoute, route } from './route.ts';
import type { Sink, Streams } from './streams.ts';
import { peerView, type ViewSource } from './views.ts';

/** A full report of 10,000 attachments and as many clients' activity fits. */
const MAX_REPORT_BYTES = 4 * 1024 * 1024;

/** How long a stream that was ended may take to be read to its end, in milliseconds. */
const LINGER_MS = 10_000;

const positionSchema = z.strictObject({
  epoch: z.string().max(64).optional(),
  revision: z.coerce.number({ error: 'a revision, 0 or higher' }).int().min(0).optional(),
});

/** What the routes work with. */
export interface PeerServices extends ViewSource {
  readonly join: Join;
  readonly streams: Streams;
  readonly confirmations: Confirmations;
}

/** The routes. */
export function peerRoutes(services: PeerServices): AnyRoute[] {
  const { registry, join, streams } = services;
  return [
    route({
      method: 'POST',
      path: '/api/v1/join/hello',
      access: 'anyone',
      summary: 'Begin a join: ask the coordinator to prove itself',
      body: helloRequestSchema,
      answer: { status: 200, description: 'The mesh CA and its proof.', schema: helloResponseSchema },
      handle: ({ body, source }) => ({ status: 200, json: join.hello(body, source) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/join',
      access: 'anyone',
      summary: 'Join the mesh',
      body: joinRequestSchema,
      answer: { status: 201, description: 'A place in the mesh.', schema: joinResponseSchema },
      handle: async ({ body, source }) => ({ status: 201, json: await join.join(body, source) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/peers',
      access: 'reader',
      summary: 'List peers',
      answer: { status: 200, description: 'The peers.', schema: peerListSchema },
      handle: () => ({
        status: 200,
        json: { peers: [...registry.peers.records.values()].map((peer) => peerView(services, peer)) },
      }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/peers/self/stream',
      access: 'peer',
      summary: 'Hear everything about the mesh, from a position on',
      query: positionSchema,
      answer: {
        status: 200,
        description: 'One message a line, without end.',
        schema: streamMessageSchema,
        contentType: 'application/x-ndjson',
      },
      async handle({ peer, query, outgoing }) {
        const close = await streams.open(peer.id, query, sinkTo(outgoing));
        if (outgoing.destroyed) close();
        else outgoing.once('close', close);
        return 'written' as const;
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/peers/self/report',
      access: 'peer',
      summary: 'Report what was applied and seen',
      body: reportSchema,
      maxBodyBytes: MAX_REPORT_BYTES,
      answer: { status: 204, description: 'It was taken.' },
      async handle({ peer, body }) {
        mustSpeakForItself(peer, body);
        await registry.attach(body.attachments);
        services.activity.record(peer.id, body.activity, (client) => registry.attachmentOf(client));
        services.confirmations.confirm(peer.id, body.applied_revision);
        return { status: 204 };
      },
    }),
  ];
}

/** @throws MeshError unless all that is reported is this peer's own doing */
function mustSpeakForItself(peer: PeerRecord, report: Report): void {
  if (!report.attachments.every((attachment) => attachment.gateway === peer.id)) {
    throw new MeshError(
      'forbidden',
      `"${peer.name}" reported an attachment to another gateway; a gateway speaks for itself only`,
    );
  }
  if (report.attachments.length > 0 && !peer.wireguard) {
    throw new MeshError('forbidden', `"${peer.name}" reported an attachment and is no gateway`);
  }
}

/** The way to a peer that is an HTTP answer without an end. Its head goes out with the first message. */
function sinkTo(outgoing: ServerResponse): Sink {
  return {
    write(bytes) {
      if (!outgoing.headersSent) {
        outgoing.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      }
      outgoing.write(bytes);
    },
    get backlog() {
      return outgoing.writableLength;
    },
    end(how) {
      if (how === 'at once') {
        outgoing.destroy();
        return;
      }
      outgoing.socket?.setTimeout(LINGER_MS, () => outgoing.destroy());
      outgoing.end();
    },
  };
}
