/** What a mesh file may say and DigitalOcean, or these stacks, cannot deploy. */
import { ARTIFACT_URL_ALLOWED, isArtifactUrl } from '../constructs/artifact-source.ts';
import { isResourceName, RESOURCE_NAME_ALLOWED } from '../constructs/resource-name.ts';
import type { MeshFile, MeshNode } from '../mesh/mesh-file.ts';
import type { Problem } from '../mesh/problem.ts';

/** Longest DNS name in text (RFC 1035 §2.3.4, less the root and a length octet). */
const DNS_NAME_MAX_LENGTH = 253;

const DNS_NAME_ALLOWED = `a name that makes at most ${String(DNS_NAME_MAX_LENGTH)} characters together with domain`;

/** URLs that mean the same to Terraform, where `${` begins an expression. */
const PLAIN_URL = /^https:\/\/[A-Za-z0-9.:/-]+$/;

/** What the map can say already and a node cannot do yet: deployed, it would do nothing and say nothing. */
function unsupported(node: MeshNode): readonly Problem[] {
  const path = `nodes.${node.name}`;
  const exit = 'yet: gateways do not carry traffic to the internet';
  return [
    ...(node.allow_exit_traffic
      ? [{ path: `${path}.allow_exit_traffic`, given: true, allowed: `false, ${exit}` }]
      : []),
    ...(node.exit_node === null
      ? []
      : [{ path: `${path}.exit_node`, given: node.exit_node, allowed: `nothing, ${exit}` }]),
    ...(node.routes.length === 0
      ? []
      : [{ path: `${path}.routes`, given: node.routes, allowed: 'none, yet: only the mesh itself is routed' }]),
  ];
}

/** All of it, each with its path. */
export function deploymentProblems({ name, nodes, artifact, domain, backend }: MeshFile): readonly Problem[] {
  const unnamed = Array.from(nodes.keys())
    .filter((node) => !isResourceName({ mesh: name, node }))
    .map((node) => ({ path: `nodes.${node}`, given: `${name}-${node}`, allowed: RESOURCE_NAME_ALLOWED }));
  return [
    ...unnamed,
    ...Array.from(nodes.values()).flatMap(unsupported),
    ...(artifact === null || isArtifactUrl(artifact.url)
      ? []
      : [{ path: 'artifact.url', given: artifact.url, allowed: ARTIFACT_URL_ALLOWED }]),
    ...(backend === null || PLAIN_URL.test(backend.endpoint)
      ? []
      : [
          { path: 'backend.endpoint', given: backend.endpoint, allowed: 'an https:// URL of letters, digits and .:/-' },
        ]),
    ...Array.from(nodes.keys())
      .filter((node) => domain !== null && `${node}.${domain}`.length > DNS_NAME_MAX_LENGTH)
      .map((node) => ({ path: `nodes.${node}`, given: node, allowed: DNS_NAME_ALLOWED })),
  ];
}
