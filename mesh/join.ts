/**
 * The join: two requests in which neither side sends its credential. First the coordinator proves that it knows the
 * joiner's credential and thereby vouches for the mesh CA (no trust on first use); then the joiner, over a connection
 * that verifies that CA, proves the same over everything it asks for.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { hex } from './hex.ts';
import { endpointSchema, ipv4Schema, labelSchema, portSchema, publicKeySchema } from './schema.ts';
import { meshInfoSchema } from './state.ts';

/** The DNS name that peers verify in the coordinator's certificate, whatever address they reached it by. */
export const COORDINATOR_NAME = 'coordinator.tunnelmesh';

/** The port of the peers' door on every coordinator: TLS from the mesh CA. */
export const COORDINATOR_PORT = 8443;

/** Length of a join nonce in bytes; on the wire it is twice as many hexadecimal digits. */
export const NONCE_BYTES = 32;

const nonceSchema = z.string().regex(/^[0-9a-f]{64}$/, { error: '64 hexadecimal digits' });

/** Who the joiner is: which credential it holds, and for a node token the claims that the token was made for. */
export const joinerSchema = z.strictObject({
  name: labelSchema,
  credential: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('operator') }),
    z.strictObject({ kind: z.literal('node'), claims: z.string().max(4096) }),
  ]),
});
export type Joiner = z.infer<typeof joinerSchema>;

/** `POST /api/v1/join/hello`. */
export const helloRequestSchema = z.strictObject({ joiner: joinerSchema, nonce: nonceSchema });
export type HelloRequest = z.infer<typeof helloRequestSchema>;

/** The coordinator's answer: its own nonce, the mesh CA, and the proof that it knows the joiner's credential. */
export const helloResponseSchema = z.strictObject({ nonce: nonceSchema, ca: z.string(), proof: z.string() });
export type HelloResponse = z.infer<typeof helloResponseSchema>;

/** What a joiner asks for: its place in the mesh and, if it runs a concentrator, that. */
export const joinOfferSchema = z.strictObject({
  joiner: joinerSchema,
  /** The coordinator's nonce from the hello. */
  nonce: nonceSchema,
  mesh_public_key: publicKeySchema,
  /** UDP port of `tm0`. */
  mesh_port: portSchema,
  /** Where other peers reach `tm0`; empty when the coordinator shall use the address it sees. */
  mesh_endpoint: endpointSchema.nullable(),
  wireguard: z
    .strictObject({
      public_key: publicKeySchema,
      listen_port: portSchema,
      /** Where clients reach `wg0`; null when the coordinator shall use the address it sees. */
      endpoint: endpointSchema.nullable(),
    })
    .nullable(),
});
export type JoinOffer = z.infer<typeof joinOfferSchema>;

/** `POST /api/v1/join`. */
export const joinRequestSchema = z.strictObject({ offer: joinOfferSchema, proof: z.string() });
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** A place in the mesh and the credential that is this peer's own from now on. */
export const joinResponseSchema = z.strictObject({
  id: z.string(),
  address: ipv4Schema,
  credential: z.string(),
  mesh: meshInfoSchema,
});
export type JoinResponse = z.infer<typeof joinResponseSchema>;

/** HMAC-SHA256 (RFC 2104) over a JSON array of the parts, which no two different lists of parts share. */
function proof(credential: string, parts: readonly unknown[]): string {
  return hex.encode(hmac(sha256, utf8ToBytes(credential), utf8ToBytes(JSON.stringify(parts))));
}

/** The coordinator's proof that `ca` is the CA of the mesh in which `credential` means something. */
export function caProof(credential: string, joinerNonce: string, ca: string): string {
  return proof(credential, ['tm1:ca', joinerNonce, COORDINATOR_NAME, ca]);
}

/** The joiner's proof, over the coordinator's nonce (part of the offer), its own keys and all else that it asks for. */
export function joinProof(credential: string, offer: JoinOffer): string {
  const { joiner, nonce, mesh_public_key, mesh_port, mesh_endpoint, wireguard } = offer;
  const claims = joiner.credential.kind === 'node' ? joiner.credential.claims : null;
  const concentrator = wireguard && [wireguard.public_key, wireguard.listen_port, wireguard.endpoint];
  return proof(credential, [
    'tm1:join',
    nonce,
    joiner.name,
    joiner.credential.kind,
    claims,
    mesh_public_key,
    mesh_port,
    mesh_endpoint,
    concentrator,
  ]);
}
