/** A node's daemon: the very files that its user data would write, with the lab's values where Terraform fills in its own. */
import { parseEndpoint, renderEndpoint } from '../mesh/endpoint.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import { claimsOfNode, type MeshFile, type MeshNode } from '../mesh/mesh-file.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { nodeFiles, type NodeSecrets } from '../templates/node-files.ts';
import type { Argv } from './namespaces.ts';
import type { LabFile } from './plan.ts';

/** Files, and the command that systemd would run. */
export interface NodeDaemon {
  readonly files: LabFile[];
  readonly command: Argv;
}

/** What all nodes of one lab have in common. */
export interface LabMesh {
  readonly mesh: MeshFile;
  /** The coordinator's address on the lab's internet. */
  readonly coordinator: Ipv4;
  /** The operator's token, which reaches no node. */
  readonly authToken: string;
}

/** The DNS name by which clients reach the node's concentrator, where the mesh file gives one. */
export function endpointName(node: MeshNode): string | null {
  const host = parseEndpoint(node.endpoint ?? '')?.host;
  return host !== undefined && /[a-z]/.test(host) && !host.includes(':') ? host : null;
}

/** The coordinator's URL on the lab's internet. */
export function coordinatorUrl(coordinator: Ipv4): string {
  return `https://${coordinator}:${String(COORDINATOR_PORT)}`;
}

function secretsOf(authToken: string): NodeSecrets {
  const root = joinRoot(authToken);
  return {
    joinRoot: root,
    tokenVerifier: tokenVerifier(authToken),
    nodeToken: (name, claims) => nodeToken(root, name, claims),
  };
}

/**
 * A node's daemon. Where the mesh file gives it an address out in the real world, it has its own here; and a name leads
 * straight to its concentrator, for nothing here translates ports.
 * @param address - the node's own on the lab's internet
 */
export function nodeDaemon({ mesh, coordinator, authToken }: LabMesh, node: MeshNode, address: Ipv4): NodeDaemon {
  const name = endpointName(node);
  const { command, configuration, sysctls } = nodeFiles({
    name: node.name,
    claims: claimsOfNode(node),
    wireguardPort: node.wg_port,
    endpoint: name === null ? null : renderEndpoint({ host: name, port: node.wg_port }),
    address: node.reserved_ip ? address : null,
    meshCidr: mesh.mesh_cidr,
    domainSuffix: mesh.domain_suffix,
    coordinatorUrl: coordinatorUrl(coordinator),
    secrets: secretsOf(authToken),
  });
  return {
    files: [configuration, sysctls].map((file) => ({ ...file, mode: Number.parseInt(file.mode, 8) })),
    command: ['tunnelmesh', command, '--config', configuration.path],
  };
}
