/** The configuration that says to a node's daemon what it is, with expressions where Terraform fills in a secret or an address. */
import { type Claims, renderClaims } from '../mesh/claims.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import { type PeerConfig, renderPeerConfig } from '../mesh/peer-config.ts';
import { MESH_PORT } from '../mesh/port.ts';
import { renderServerConfig } from '../mesh/server-config.ts';
import { MACHINE_PATHS } from '../templates/install.ts';
import type { MeshSecrets } from './mesh-secrets.ts';

/** What the daemon of a node has to know. Endpoints are `host:port` or an expression of that; null where the coordinator shall see for itself. */
export interface DaemonSettings {
  readonly name: Label;
  readonly claims: Claims;
  readonly wireguardPort: number;
  readonly clientEndpoint: string | null;
  readonly meshEndpoint: string | null;
  readonly secrets: MeshSecrets;
}

/** What a coordinator has to know besides. */
export interface CoordinatorSettings extends DaemonSettings {
  readonly meshCidr: Cidr;
  readonly domainSuffix: Label;
}

/** What a peer and a coordinator's own peer have in common. */
function sections(settings: DaemonSettings): Pick<PeerConfig, 'data_dir' | 'mesh' | 'wireguard'> {
  return {
    data_dir: `${MACHINE_PATHS.data}/peer`,
    mesh: { listen_port: MESH_PORT, endpoint: settings.meshEndpoint },
    wireguard: {
      enabled: settings.claims.wireguard,
      listen_port: settings.wireguardPort,
      endpoint: settings.claims.wireguard ? settings.clientEndpoint : null,
      data_dir: `${MACHINE_PATHS.data}/wireguard`,
    },
  };
}

/** The document of a coordinator's `server.yaml`. */
export function serverConfiguration(settings: CoordinatorSettings): Record<string, unknown> {
  return renderServerConfig({
    listen: { host: null, port: COORDINATOR_PORT, tls: true },
    auth_token: null,
    join_root: settings.secrets.joinRoot,
    token_verifier: settings.secrets.tokenVerifier,
    data_dir: `${MACHINE_PATHS.data}/coordinator`,
    mesh_cidr: settings.meshCidr,
    domain_suffix: settings.domainSuffix,
    join_mesh: { name: settings.name, ...sections(settings) },
  });
}

/**
 * The document of a peer's `peer.yaml`.
 * @param server - URL of the coordinator, or an expression of it: all that a node knows of another
 */
export function peerConfiguration(settings: DaemonSettings, server: string): Record<string, unknown> {
  const claims = renderClaims(settings.claims);
  return renderPeerConfig({
    name: settings.name,
    server,
    auth_token: null,
    node_token: settings.secrets.nodeToken(settings.name, claims),
    claims,
    ...sections(settings),
  });
}
