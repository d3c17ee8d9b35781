/**
 * The mesh as every peer knows it: who its peers are, which clients exist, and where each client is attached. Field
 * names are those of the wire and of the files, so that one record has one spelling everywhere.
 */
import { z } from 'zod';
import { cidrSchema, endpointSchema, ipv4Schema, labelSchema, portSchema, publicKeySchema } from './schema.ts';

/** What is the same for everybody in one mesh. */
export const meshInfoSchema = z.strictObject({
  cidr: cidrSchema,
  /** DNS suffix of every name, without dots at either end: `tunnelmesh`. */
  suffix: labelSchema,
});
export type MeshInfo = z.infer<typeof meshInfoSchema>;

/** Where clients reach a peer's concentrator, and by which key they know it. */
export const concentratorSchema = z.strictObject({
  public_key: publicKeySchema,
  listen_port: portSchema,
  endpoint: endpointSchema,
});
export type Concentrator = z.infer<typeof concentratorSchema>;

/** A machine that has joined the mesh. */
export const peerRecordSchema = z.strictObject({
  id: z.string(),
  name: labelSchema,
  aliases: z.array(labelSchema),
  address: ipv4Schema,
  coordinator: z.boolean(),
  mesh_public_key: publicKeySchema,
  mesh_endpoint: endpointSchema,
  wireguard: concentratorSchema.nullable(),
});
export type PeerRecord = z.infer<typeof peerRecordSchema>;

/** A device with a standard WireGuard app. */
export const clientRecordSchema = z.strictObject({
  id: z.string(),
  /** The DNS label, unique among peers, aliases and clients. */
  name: labelSchema,
  /** The name as a person gave it. */
  display_name: z.string(),
  description: z.string(),
  address: ipv4Schema,
  /** Null while the client waits for its key. */
  public_key: publicKeySchema.nullable(),
  enabled: z.boolean(),
  /** Id of the gateway listed first for this client, to which it is attached until it shows up elsewhere. */
  gateway: z.string().nullable(),
  /** RFC 3339, UTC. */
  created_at: z.string(),
  updated_at: z.string(),
});
export type ClientRecord = z.infer<typeof clientRecordSchema>;

/**
 * Where a client is. The higher sequence wins; between equal ones the gateway with the lower mesh address. Wall clocks
 * are never compared.
 */
export const attachmentSchema = z.strictObject({
  /** Client id. */
  client: z.string(),
  /** Peer id of the gateway. */
  gateway: z.string(),
  sequence: z.number().int().nonnegative(),
});
export type Attachment = z.infer<typeof attachmentSchema>;

/** Everything a peer needs to know, by id. Treat as immutable; {@link MeshState} values are replaced, never edited. */
export interface MeshState {
  readonly mesh: MeshInfo;
  /** Changes whenever the store's history is no longer the one that revisions were counted in (a restore). */
  readonly epoch: string;
  /** Position in the one ordered sequence of changes that this state reflects. */
  readonly revision: number;
  readonly peers: ReadonlyMap<string, PeerRecord>;
  readonly clients: ReadonlyMap<string, ClientRecord>;
  /** By client id. */
  readonly attachments: ReadonlyMap<string, Attachment>;
}
