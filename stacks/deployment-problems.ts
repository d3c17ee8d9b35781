/** What a mesh file may say and DigitalOcean, or these stacks, cannot deploy. */
import { ARTIFACT_URL_ALLOWED, isArtifactUrl } from '../constructs/artifact-source.ts';
import { isResourceName, RESOURCE_NAME_ALLOWED } from '../constructs/resource-name.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import type { Problem } from '../mesh/problem.ts';

/** All of it, each with its path. */
export function deploymentProblems({ name, nodes, artifact, domain, retired }: MeshFile): readonly Problem[] {
  const unnamed = Array.from(nodes.keys())
    .filter((node) => !isResourceName({ mesh: name, node }))
    .map((node) => ({ path: `nodes.${node}`, given: `${name}-${node}`, allowed: RESOURCE_NAME_ALLOWED }));
  // Ignoring `domain` and `retired` would lose names and identities, so they are refused until they are deployed.
  return [
    ...unnamed,
    ...(artifact === null || isArtifactUrl(artifact.url)
      ? []
      : [{ path: 'artifact.url', given: artifact.url, allowed: ARTIFACT_URL_ALLOWED }]),
    ...(domain === null
      ? []
      : [{ path: 'domain', given: domain, allowed: 'nothing: DNS records are not deployed yet' }]),
    ...(retired.length === 0
      ? []
      : [{ path: 'retired', given: retired, allowed: 'nothing: what is left of former nodes is not deployed yet' }]),
  ];
}
