/**
 * The coordinator's configuration file, `server.yaml`, as `tunnelmesh serve --config` reads it. With `join_mesh` the
 * same process is a peer too. Keys are spelled in memory as they are in the file; what may be absent is null.
 */
import { z } from 'zod';
import { DEFAULT_MESH_CIDR } from './address-plan.ts';
import { withoutNulls } from './document.ts';
import { LISTEN_ALLOWED, type Listen, parseListen, renderListen } from './listen.ts';
import type { Label } from './name.ts';
import {
  authTokenSchema,
  directorySchema,
  meshSectionSchema,
  portProblems,
  wireguardSectionSchema,
} from './peer-config.ts';
import type { Problem } from './problem.ts';
import { foldedNameSchema, hex64Schema, labelSchema, meshCidrSchema } from './schema.ts';
import { isStrongToken, TOKEN_MIN_LENGTH } from './token.ts';
import { NOT_SHOWN, parseDocument } from './zod-problems.ts';

const joinMeshSchema = z.strictObject({
  name: foldedNameSchema,
  data_dir: directorySchema,
  mesh: meshSectionSchema.prefault({}),
  wireguard: wireguardSectionSchema.prefault({}),
});

const serverConfigSchema = z.strictObject({
  listen: z.string({ error: LISTEN_ALLOWED }).transform((text, context): Listen => {
    const listen = parseListen(text);
    if (listen) return listen;
    context.issues.push({ code: 'custom', input: text, message: LISTEN_ALLOWED });
    return z.NEVER;
  }),
  auth_token: authTokenSchema.nullable().default(null),
  join_root: hex64Schema.nullable().default(null),
  token_verifier: hex64Schema.nullable().default(null),
  data_dir: directorySchema,
  mesh_cidr: meshCidrSchema.default(DEFAULT_MESH_CIDR),
  domain_suffix: labelSchema.default('tunnelmesh' as Label),
  join_mesh: joinMeshSchema.nullable().default(null),
});

type ServerConfigFile = z.infer<typeof serverConfigSchema>;

/** The peer that a coordinator runs in its own process. */
export type JoinMesh = Readonly<z.infer<typeof joinMeshSchema>>;

/** What the coordinator recognises tokens by: the operator's token itself, or only what is derived from it. */
export type ServerCredential =
  | { readonly auth_token: string; readonly join_root: null; readonly token_verifier: null }
  | { readonly auth_token: null; readonly join_root: string; readonly token_verifier: string };

/** See the file's comment. */
export type ServerConfig = Readonly<Omit<ServerConfigFile, keyof ServerCredential>> & ServerCredential;

/** What the caller knows about the place where the coordinator runs. */
export interface ServerConfigOptions {
  /** In the lab nobody else can reach the coordinator, so any token will do. */
  readonly lab: boolean;
}

function tokenProblems(file: Partial<ServerConfigFile>, lab: boolean): readonly Problem[] {
  const { auth_token = null, join_root = null, token_verifier = null, listen } = file;
  if (auth_token !== null) {
    if (join_root !== null || token_verifier !== null)
      return [{ path: 'auth_token', given: NOT_SHOWN, allowed: 'either auth_token, or join_root and token_verifier' }];
    if (isStrongToken(auth_token) || !listen?.tls || lab) return [];
    const allowed = `at least ${String(TOKEN_MIN_LENGTH)} characters, 8 of them different, wherever others can connect; make one with: openssl rand -hex 32`;
    return [{ path: 'auth_token', given: NOT_SHOWN, allowed }];
  }
  if (join_root === null && token_verifier === null)
    return [{ path: 'auth_token', given: undefined, allowed: 'auth_token, or join_root and token_verifier' }];
  return Object.entries({ join_root, token_verifier })
    .filter(([, value]) => value === null)
    .map(([path]) => ({ path, given: undefined, allowed: 'join_root and token_verifier together' }));
}

function credentialOf({ auth_token, join_root, token_verifier }: ServerConfigFile): ServerCredential {
  if (auth_token !== null) return { auth_token, join_root: null, token_verifier: null };
  return { auth_token: null, join_root: join_root ?? '', token_verifier: token_verifier ?? '' };
}

/**
 * The configuration that the document spells, defaults filled in.
 * @param document - what the YAML parser made of the file
 * @param source - the file's path
 * @throws ProblemsError with every problem at once
 */
export function parseServerConfig(document: unknown, source: string, options: ServerConfigOptions): ServerConfig {
  const file = parseDocument(serverConfigSchema, document, source, (rest) => [
    ...tokenProblems(rest, options.lab),
    ...portProblems(rest.join_mesh ?? {}, 'join_mesh.'),
  ]);
  return { ...file, ...credentialOf(file) };
}

/** The document of a configuration, every key spelled out but those that are null; {@link parseServerConfig} gives it back. */
export function renderServerConfig(config: ServerConfig): Record<string, unknown> {
  const { listen, auth_token, join_root, token_verifier, data_dir, mesh_cidr, domain_suffix, join_mesh } = config;
  return withoutNulls({
    listen: renderListen(listen),
    auth_token,
    join_root,
    token_verifier,
    data_dir,
    mesh_cidr,
    domain_suffix,
    join_mesh: join_mesh && {
      ...withoutNulls(join_mesh),
      mesh: withoutNulls(join_mesh.mesh),
      wireguard: withoutNulls(join_mesh.wireguard),
    },
  });
}
