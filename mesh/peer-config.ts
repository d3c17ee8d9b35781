/**
 * A peer's configuration file, as `tunnelmesh join --config` reads it and as cloud-init writes it. Keys are spelled in
 * memory as they are in the file; what may be absent is null.
 */
import { z } from 'zod';
import { parseClaims } from './claims.ts';
import { withoutNulls } from './document.ts';
import { isHostname, parseEndpoint } from './endpoint.ts';
import { COORDINATOR_PORT } from './join.ts';
import { MESH_PORT, WIREGUARD_PORT } from './port.ts';
import type { Problem } from './problem.ts';
import { foldedNameSchema, hex64Schema, portSchema } from './schema.ts';
import { NOT_SHOWN, parseDocument } from './zod-problems.ts';

/** Longest token that is accepted, in characters; 64 are customary. */
const TOKEN_MAX_LENGTH = 512;

/** Longest path (PATH_MAX of Linux, limits.h). */
const PATH_MAX_LENGTH = 4096;

const SERVER_ALLOWED = 'the https:// URL of a host, with or without a port, such as https://coord.example.com:8443';
const TOKEN_ALLOWED = `a token of 1 to ${String(TOKEN_MAX_LENGTH)} printable characters without blanks`;
const PATH_ALLOWED = 'an absolute path, or one that begins with ~/';
const ENDPOINT_ALLOWED = 'host:port, such as 203.0.113.50:51820 or wg.example.com:51820; or empty';

/** The operator's token, or whatever else serves as one by hand. */
export const authTokenSchema = z
  .string({ error: TOKEN_ALLOWED })
  .regex(new RegExp(`^[!-~]{1,${String(TOKEN_MAX_LENGTH)}}$`), { error: TOKEN_ALLOWED });

/** A directory; null leaves the choice to the program. */
export const directorySchema = z
  .string({ error: PATH_ALLOWED })
  .max(PATH_MAX_LENGTH, { error: PATH_ALLOWED })
  .regex(/^~?\/[^\0]*$/, { error: PATH_ALLOWED })
  .nullable()
  .default(null);

/** An endpoint to be announced; empty, absent and null all mean the address that the coordinator sees. */
const announcedEndpointSchema = z
  .string({ error: ENDPOINT_ALLOWED })
  .refine((text) => text === '' || parseEndpoint(text) !== undefined, { error: ENDPOINT_ALLOWED })
  .nullable()
  .default(null)
  .transform((endpoint) => (endpoint === '' ? null : endpoint));

/** The concentrator of a peer. */
export const wireguardSectionSchema = z.strictObject({
  enabled: z.boolean().default(false),
  /** UDP port of `wg0`. */
  listen_port: portSchema.default(WIREGUARD_PORT),
  /** Where clients reach `wg0`. */
  endpoint: announcedEndpointSchema,
  /** Where the concentrator's key lies. */
  data_dir: directorySchema,
});
export type WireguardSection = z.infer<typeof wireguardSectionSchema>;

/** The mesh device of a peer. */
export const meshSectionSchema = z.strictObject({
  /** UDP port of `tm0`. */
  listen_port: portSchema.default(MESH_PORT),
  /** Where other peers reach `tm0`. */
  endpoint: announcedEndpointSchema,
});
export type MeshSection = z.infer<typeof meshSectionSchema>;

/** Says whether the text is the URL of a coordinator: https, a host, perhaps a port, and nothing else. */
export function isServerUrl(text: string): boolean {
  if (!/^https:\/\/[^/]/i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  const named = url.hostname.startsWith('[') || isHostname(url.hostname);
  return named && `https://${url.host}/` === url.href && url.port !== '0';
}

const peerConfigSchema = z.strictObject({
  name: foldedNameSchema,
  server: z
    .string({ error: SERVER_ALLOWED })
    .max(512, { error: SERVER_ALLOWED, abort: true })
    .refine(isServerUrl, { error: SERVER_ALLOWED }),
  auth_token: authTokenSchema.nullable().default(null),
  node_token: hex64Schema.nullable().default(null),
  claims: z
    .string()
    .refine((text) => parseClaims(text) !== undefined, {
      error: 'claims as the node token was made for, such as "roles=wireguard;routes=;aliases=;generation=0"',
    })
    .nullable()
    .default(null),
  data_dir: directorySchema,
  mesh: meshSectionSchema.prefault({}),
  wireguard: wireguardSectionSchema.prefault({}),
});

type PeerConfigFile = z.infer<typeof peerConfigSchema>;

/**
 * With what a peer joins: the operator's token; or a node token and the claims that it was made for; or nothing,
 * because the token comes another way or the peer has joined and holds a credential of its own.
 */
export type PeerCredential =
  | { readonly auth_token: string; readonly node_token: null; readonly claims: null }
  | { readonly auth_token: null; readonly node_token: string; readonly claims: string }
  | { readonly auth_token: null; readonly node_token: null; readonly claims: null };

/** See the file's comment. */
export type PeerConfig = Readonly<Omit<PeerConfigFile, keyof PeerCredential>> & PeerCredential;

function credentialProblems({
  auth_token = null,
  node_token = null,
  claims = null,
}: Partial<PeerConfigFile>): readonly Problem[] {
  if (auth_token !== null && node_token !== null)
    return [{ path: 'node_token', given: NOT_SHOWN, allowed: 'either auth_token or node_token, not both' }];
  if (node_token !== null && claims === null)
    return [{ path: 'claims', given: undefined, allowed: 'the claims that node_token was made for' }];
  if (node_token === null && claims !== null)
    return [{ path: 'claims', given: claims, allowed: 'nothing without a node_token' }];
  return [];
}

function credentialOf({ auth_token, node_token, claims }: PeerConfigFile): PeerCredential {
  if (auth_token !== null) return { auth_token, node_token: null, claims: null };
  if (node_token !== null && claims !== null) return { auth_token: null, node_token, claims };
  return { auth_token: null, node_token: null, claims: null };
}

/** `wg0` and `tm0` cannot share a port. Also the rule of a coordinator's own peer. */
export function portProblems(
  { mesh, wireguard }: { readonly mesh?: MeshSection; readonly wireguard?: WireguardSection },
  path = '',
): readonly Problem[] {
  if (!mesh || !wireguard?.enabled || mesh.listen_port !== wireguard.listen_port) return [];
  const allowed = `a port other than ${path}mesh.listen_port`;
  return [{ path: `${path}wireguard.listen_port`, given: wireguard.listen_port, allowed }];
}

/**
 * The configuration that the document spells, defaults filled in.
 * @param document - what the YAML parser made of the file
 * @param source - the file's path
 * @throws ProblemsError with every problem at once
 */
export function parsePeerConfig(document: unknown, source: string): PeerConfig {
  const file = parseDocument(peerConfigSchema, document, source, (rest) => [
    ...credentialProblems(rest),
    ...portProblems(rest),
  ]);
  return { ...file, ...credentialOf(file) };
}

/** The document of a configuration, every key spelled out but those that are null; {@link parsePeerConfig} gives it back. */
export function renderPeerConfig(config: PeerConfig): Record<string, unknown> {
  return withoutNulls({
    name: config.name,
    server: config.server,
    auth_token: config.auth_token,
    node_token: config.node_token,
    claims: config.claims,
    data_dir: config.data_dir,
    mesh: withoutNulls(config.mesh),
    wireguard: withoutNulls(config.wireguard),
  });
}

/**
 * Where a peer reaches its coordinator, `https://host:port`. Peers have a door of their own, {@link COORDINATOR_PORT};
 * 443 is for people, behind a public certificate. So no port and 443 (which URLs do not tell apart: WHATWG URL §4.4)
 * both mean that door.
 * @param server - a URL that {@link isServerUrl} accepts
 */
export function coordinatorUrl(server: string): string {
  const url = new URL(server);
  return `https://${url.hostname}:${url.port === '' ? String(COORDINATOR_PORT) : url.port}`;
}
