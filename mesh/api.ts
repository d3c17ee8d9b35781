/**
 * The REST API's shapes, under `/api/v1`. The coordinator validates with these schemas and generates its OpenAPI
 * document from them; the command and the panel read the answers with the same ones.
 */
import { z } from 'zod';
import { DISPLAY_NAME_MAX_LENGTH } from './name.ts';
import { endpointSchema, labelSchema, publicKeySchema } from './schema.ts';
import { attachmentSchema, clientRecordSchema, meshInfoSchema, peerRecordSchema } from './state.ts';

const DESCRIPTION_MAX_LENGTH = 500;

const displayNameSchema = z.string().min(1).max(DISPLAY_NAME_MAX_LENGTH);
const descriptionSchema = z.string().max(DESCRIPTION_MAX_LENGTH);

/** `POST /api/v1/wireguard/clients`. Without a public key the client waits for one. */
export const createClientSchema = z.strictObject({
  name: displayNameSchema,
  description: descriptionSchema.optional(),
  public_key: publicKeySchema.optional(),
  /** Name of the gateway to list first; the first gateway by address when absent. */
  gateway: labelSchema.optional(),
});
export type CreateClient = z.infer<typeof createClientSchema>;

/** `PATCH /api/v1/wireguard/clients/{id}`: what is absent stays as it is. */
export const patchClientSchema = z.strictObject({
  enabled: z.boolean().optional(),
  description: descriptionSchema.optional(),
  /** Gives a waiting client its key. */
  public_key: publicKeySchema.optional(),
});
export type PatchClient = z.infer<typeof patchClientSchema>;

/** What a gateway has seen of a client, as last reported. */
export const activitySchema = z.strictObject({
  /** Name of the gateway that the client is attached to, or null. */
  gateway: labelSchema.nullable(),
  /** RFC 3339; null when there was none yet. */
  last_handshake_at: z.string().nullable(),
  endpoint: endpointSchema.nullable(),
  received_bytes: z.number().int().nonnegative(),
  sent_bytes: z.number().int().nonnegative(),
});
export type Activity = z.infer<typeof activitySchema>;

/** A client as the API shows it: the record, its full DNS name, and its activity. */
export const clientViewSchema = clientRecordSchema.extend({ dns_name: z.string(), activity: activitySchema });
export type ClientView = z.infer<typeof clientViewSchema>;

/** All clients, as the list answers them. */
export const clientListSchema = z.strictObject({ clients: z.array(clientViewSchema) });

/** A peer as the API shows it. */
export const peerViewSchema = peerRecordSchema.extend({ dns_name: z.string(), connected: z.boolean() });
export type PeerView = z.infer<typeof peerViewSchema>;

/** All peers, as the list answers them. */
export const peerListSchema = z.strictObject({ peers: z.array(peerViewSchema) });

/** `GET /api/v1/mesh`: what an operator's tools need to render configurations. */
export const meshViewSchema = meshInfoSchema.extend({ dns: z.string(), gateways: z.array(peerViewSchema) });
export type MeshView = z.infer<typeof meshViewSchema>;

/** `POST /api/v1/peers/self/report`: what a peer has reached and seen since its last report. */
export const reportSchema = z.strictObject({
  /** Highest revision whose consequences are on this peer's devices. */
  applied_revision: z.number().int().nonnegative(),
  /** Clients that attached themselves here. */
  attachments: z.array(attachmentSchema).max(10_000),
  /** Clients whose handshake, transfer or endpoint changed. */
  activity: z
    .array(
      z.strictObject({
        client: z.string(),
        last_handshake_at: z.string().nullable(),
        endpoint: endpointSchema.nullable(),
        received_bytes: z.number().int().nonnegative(),
        sent_bytes: z.number().int().nonnegative(),
      }),
    )
    .max(10_000),
});
export type Report = z.infer<typeof reportSchema>;

/** How long `?wait=applied` waits at most, in milliseconds. */
export const WAIT_APPLIED_MS = 5_000;

/** Query of every change of a client. */
export const changeQuerySchema = z.strictObject({ wait: z.literal('applied').optional() });

/** Names of reachable gateways that had not confirmed a change when the wait ended, in the `TunnelMesh-Unconfirmed` header. */
export const UNCONFIRMED_HEADER = 'tunnelmesh-unconfirmed';

/** RFC 9457 problem document. `problems` lists every refused value of a request body. */
export const problemDocumentSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  problems: z.array(z.object({ path: z.string(), given: z.string(), allowed: z.string() })).optional(),
});
export type ProblemDocument = z.infer<typeof problemDocumentSchema>;
