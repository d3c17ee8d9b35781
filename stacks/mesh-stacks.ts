/**
 * Which node goes into which stack: the coordinator into one of its own, every other node into its region's. Regions
 * depend on the coordinator and never on each other, so one region's trouble delays no other. A stack that lost its last
 * node stays, empty: only from there can Terraform destroy what it made.
 */
import { Annotations, type App } from 'cdktf';
import type { MeshFile } from '../mesh/mesh-file.ts';
import { lockAfter, lockProblems, type MeshLock, retiredNodes } from '../mesh/mesh-lock.ts';
import { ProblemsError } from '../mesh/problem.ts';
import { CoordinatorStack } from './coordinator-stack.ts';
import { deploymentProblems } from './deployment-problems.ts';
import { deploymentWarnings } from './deployment-warnings.ts';
import { GatewayStack } from './gateway-stack.ts';
import type { MeshStackProps } from './mesh-stack.ts';

/** Id of the coordinator's stack. */
const COORDINATOR = 'coordinator';

/** What belongs into one stack. */
function share(
  mesh: MeshFile,
  lock: MeshLock,
  here: (node: { readonly coordinator: boolean; readonly region: string }) => boolean,
): MeshStackProps {
  return { mesh, lock, nodes: [...mesh.nodes.values()].filter(here), retired: retiredNodes(lock, mesh).filter(here) };
}

/**
 * Adds the stacks of the mesh to the app.
 * @param before - what was deployed so far; null for nothing
 * @param source - the mesh file's path
 * @returns the lock to keep, before anything of this is deployed
 * @throws ProblemsError with everything in the file that cannot be deployed
 */
export function meshStacks(app: App, mesh: MeshFile, before: MeshLock | null, source: string): MeshLock {
  const found = [...deploymentProblems(mesh), ...lockProblems(before, mesh)];
  if (found.length > 0) throw new ProblemsError(source, found);
  const lock = lockAfter(before, mesh);
  const coordinator = lock.coordinator
    ? new CoordinatorStack(
        app,
        COORDINATOR,
        share(mesh, lock, (node) => node.coordinator),
      )
    : null;
  const coordinatorUrl = coordinator?.coordinatorUrl ?? mesh.external_coordinator_url;
  if (coordinatorUrl === null) throw new RangeError('a mesh file without coordinator was let through');
  const regions = lock.regions.map((region) => {
    const props = share(mesh, lock, (node) => !node.coordinator && node.region === region);
    return new GatewayStack(app, `gateway-${region}`, { ...props, coordinatorUrl });
  });
  if (coordinator) for (const stack of regions) stack.addDependency(coordinator);
  // On a stack, for the command line shows no others.
  const first = coordinator ?? regions[0];
  if (first) for (const warning of deploymentWarnings(mesh, lock)) Annotations.of(first).addWarning(warning);
  return lock;
}
