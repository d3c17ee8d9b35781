/** What a mesh file may say and DigitalOcean, or these stacks, cannot deploy. */
import { ARTIFACT_URL_ALLOWED, isArtifactUrl } from '../constructs/artifact-source.ts';
import { isResourceName, RESOURCE_NAME_ALLOWED } from '../constructs/resource-name.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import type { Problem } from '../mesh/problem.ts';

/** Longest DNS name in text (RFC 1035 §2.3.4, less the root and a length octet). */
const DNS_NAME_MAX_LENGTH = 253;

const DNS_NAME_ALLOWED = `a name that makes at most ${String(DNS_NAME_MAX_LENGTH)} characters together with domain`;

/** URLs that mean the same to Terraform, where `${` begins an expression. */
const PLAIN_URL = /^https:\/\/[A-Za-z0-9.:/-]+$/;

/** All of it, each with its path. */
export function deploymentProblems({ name, nodes, artifact, domain, backend }: MeshFile): readonly Problem[] {
  const unnamed = Array.from(nodes.keys())
    .filter((node) => !isResourceName({ mesh: name, node }))
    .map((node) => ({ path: `nodes.${node}`, given: `${name}-${node}`, allowed: RESOURCE_NAME_ALLOWED }));
  return [
    ...unnamed,
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
