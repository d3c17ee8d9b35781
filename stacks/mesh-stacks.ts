/**
 * Which node goes into which stack: the coordinator into one of its own, every other node into its region's. Regions
 * depend on the coordinator and never on each other, so one region's trouble delays no other.
 */
import { Annotations, type App } from 'cdktf';
import type { MeshFile, MeshNode } from '../mesh/mesh-file.ts';
import { ProblemsError } from '../mesh/problem.ts';
import { CoordinatorStack } from './coordinator-stack.ts';
import { deploymentProblems } from './deployment-problems.ts';
import { deploymentWarnings } from './deployment-warnings.ts';
import { GatewayStack } from './gateway-stack.ts';

/** Id of the coordinator's stack. */
const COORDINATOR = 'coordinator';

/** The nodes that are no coordinator by region, both in alphabetical order. */
function byRegion(nodes: readonly MeshNode[]): readonly (readonly [region: string, nodes: readonly MeshNode[]])[] {
  const regions = [...new Set(nodes.map((node) => node.region))].sort();
  return regions.map((region) => [region, nodes.filter((node) => node.region === region)]);
}

/**
 * Adds the stacks of the mesh to the app.
 * @param source - the mesh file's path
 * @throws ProblemsError with everything in the file that cannot be deployed
 */
export function meshStacks(app: App, mesh: MeshFile, source: string): void {
  const found = deploymentProblems(mesh);
  if (found.length > 0) throw new ProblemsError(source, found);
  const nodes = [...mesh.nodes.values()];
  const coordinators = nodes.filter((node) => node.coordinator);
  const coordinator =
    coordinators.length > 0 ? new CoordinatorStack(app, COORDINATOR, { mesh, nodes: coordinators }) : null;
  const coordinatorUrl = coordinator?.coordinatorUrl ?? mesh.external_coordinator_url;
  if (coordinatorUrl === null) throw new RangeError('a mesh file without coordinator was let through');
  for (const [region, placed] of byRegion(nodes.filter((node) => !node.coordinator))) {
    const stack = new GatewayStack(app, `gateway-${region}`, { mesh, nodes: placed, coordinatorUrl });
    if (coordinator) stack.addDependency(coordinator);
  }
  for (const warning of deploymentWarnings(mesh)) Annotations.of(app).addWarning(warning);
}
