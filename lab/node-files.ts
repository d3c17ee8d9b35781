/**
 * What a node finds on its disk: the very configuration that its user data would write, with real addresses where
 * Terraform would put expressions.
 */
import { renderClaims } from '../mesh/claims.ts';
import { parseEndpoint, renderEndpoint } from '../mesh/endpoint.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import { claimsOfNode, type MeshFile, type MeshNode } from '../mesh/mesh-file.ts';
import { type PeerConfig, renderPeerConfig } from '../mesh/peer-config.ts';
import { MESH_PORT } from '../mesh/port.ts';
import { renderServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { renderYaml } from '../mesh/yaml.ts';
import { DATA_DIRECTORY } from './host-steps.ts';
import type { Argv } from './namespaces.ts';
import type { LabFile } from './plan.ts';

/** Readable by root alone: it holds the node's token. */
const CONFIGURATION_MODE = 0o600;

/** The directory below {@link DATA_DIRECTORY} that holds a coordinator's database and its `ca.pem`. */
const COORDINATOR_DIRECTORY = 'coordinator';

/** Where a coordinator keeps the certificate of the mesh CA, below its data directory. */
export const CA_FILE = `${COORDINATOR_DIRECTORY}/ca.pem`;

/** A node's daemon: its configuration and the command that systemd would run. */
export interface NodeDaemon {
  readonly file: LabFile;
  readonly command: Argv;
}

/** Where clients reach the node's concentrator: by the name that the mesh file gives it, else by its address here. */
export function clientEndpoint(node: MeshNode, address: Ipv4): string {
  const host = parseEndpoint(node.endpoint ?? '')?.host;
  const isName = host !== undefined && /[a-z]/.test(host) && !host.includes(':');
  return renderEndpoint({ host: isName ? host : address, port: node.wg_port });
}

/**
 * A node's daemon.
 * @param address - the node's own on the lab's internet
 * @param coordinator - the coordinator's there
 * @param authToken - the operator's, which reaches no node
 */
export function nodeDaemon(
  mesh: MeshFile,
  node: MeshNode,
  address: Ipv4,
  coordinator: Ipv4,
  authToken: string,
): NodeDaemon {
  const sections: Pick<PeerConfig, 'data_dir' | 'mesh' | 'wireguard'> = {
    data_dir: `${DATA_DIRECTORY}/peer`,
    mesh: { listen_port: MESH_PORT, endpoint: renderEndpoint({ host: address, port: MESH_PORT }) },
    wireguard: {
      enabled: node.wireguard,
      listen_port: node.wg_port,
      endpoint: node.wireguard ? clientEndpoint(node, address) : null,
      data_dir: `${DATA_DIRECTORY}/wireguard`,
    },
  };
  const root = joinRoot(authToken);
  if (node.coordinator) {
    return daemon(
      'serve',
      'server',
      renderServerConfig({
        listen: { host: null, port: COORDINATOR_PORT, tls: true },
        auth_token: null,
        join_root: root,
        token_verifier: tokenVerifier(authToken),
        data_dir: `${DATA_DIRECTORY}/${COORDINATOR_DIRECTORY}`,
        mesh_cidr: mesh.mesh_cidr,
        domain_suffix: mesh.domain_suffix,
        join_mesh: { name: node.name, ...sections },
      }),
    );
  }
  const claims = renderClaims(claimsOfNode(node));
  return daemon(
    'join',
    'peer',
    renderPeerConfig({
      name: node.name,
      server: `https://${coordinator}:${String(COORDINATOR_PORT)}`,
      auth_token: null,
      node_token: nodeToken(root, node.name, claims),
      claims,
      ...sections,
    }),
  );
}

function daemon(subcommand: 'serve' | 'join', file: 'server' | 'peer', document: Record<string, unknown>): NodeDaemon {
  const path = `/etc/tunnelmesh/${file}.yaml`;
  return {
    file: { path, content: renderYaml(document), mode: CONFIGURATION_MODE },
    command: ['tunnelmesh', subcommand, '--config', path],
  };
}
