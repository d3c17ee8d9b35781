/** What a peer's configuration means: where its identity lies, with what it joins, and what it asks for. */
import { join } from 'node:path';
import type { PeerConfig } from '../mesh/peer-config.ts';
import type { IdentityPlace, Keys, Offered } from './identity.ts';
import { joinerOf, type JoinToken } from './join-coordinator.ts';

/** Directory of a peer's files inside the home directory, unless configured. */
const DEFAULT_DIRECTORY = '.tunnelmesh';

/** The absolute path that a configured directory names; `~/` is the home directory. */
function expandHome(path: string, home: string): string {
  return path.startsWith('~/') ? join(home, path.slice(2)) : path;
}

/** Where the identity lies: `~/.tunnelmesh` and `wireguard` inside it, unless configured. */
export function identityPlace(config: PeerConfig, home: string): IdentityPlace {
  const dataDir = expandHome(config.data_dir ?? `~/${DEFAULT_DIRECTORY}`, home);
  if (!config.wireguard.enabled) return { dataDir, wireguardDir: null };
  const { data_dir } = config.wireguard;
  return { dataDir, wireguardDir: data_dir === null ? join(dataDir, 'wireguard') : expandHome(data_dir, home) };
}

/** The token at hand; `undefined` where there is none. */
export function joinToken(config: PeerConfig): JoinToken | undefined {
  if (config.auth_token !== null) return { kind: 'operator', token: config.auth_token };
  if (config.node_token !== null) return { kind: 'node', token: config.node_token, claims: config.claims };
  return undefined;
}

/** What this peer asks for when it joins with this token. */
export function offerOf(config: PeerConfig, keys: Keys, token: JoinToken): Offered {
  const { mesh, wireguard } = config;
  return {
    joiner: joinerOf(config.name, token),
    mesh_public_key: keys.mesh.publicKey(),
    mesh_port: mesh.listen_port,
    mesh_endpoint: mesh.endpoint,
    wireguard: keys.wireguard && {
      public_key: keys.wireguard.publicKey(),
      listen_port: wireguard.listen_port,
      endpoint: wireguard.endpoint,
    },
  };
}
