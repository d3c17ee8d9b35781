/**
 * The lock file beside a mesh file, `mesh.lock.json`: every node and region that was ever synthesized, so that none is lost
 * by leaving the map. Terraform destroys what a stack no longer declares, protected or not, and cannot even see what was
 * declared by a stack that is gone: its droplets would run on, billed. The file is written by synthesis and committed.
 */
import { z } from 'zod';
import { checkTextSize } from './document.ts';
import type { MeshFile } from './mesh-file.ts';
import type { Label } from './name.ts';
import { type Problem, ProblemsError } from './problem.ts';
import { labelSchema } from './schema.ts';
import { parseDocument } from './zod-problems.ts';

/** The form of the file. */
const VERSION = 1;

const lockSchema = z.strictObject({
  version: z.literal(VERSION),
  /** Name of the mesh: first part of every resource's name. */
  mesh: z.string().max(24),
  /** Whether the mesh ever had a coordinator of its own. */
  coordinator: z.boolean(),
  /** Regions that ever had a node besides the coordinator. */
  regions: z.array(z.string().max(16)),
  nodes: z.record(
    labelSchema,
    z.strictObject({
      region: z.string().max(16),
      coordinator: z.boolean(),
      /** Whether it has a reserved address. */
      reserved_ip: z.boolean(),
    }),
  ),
});

type LockFile = z.infer<typeof lockSchema>;

/** What is known of a node that may be gone from the map. */
export type LockedNode = Readonly<LockFile['nodes'][Label]>;

/** See the file's comment. Nodes and regions are in alphabetical order. */
export interface MeshLock extends Readonly<Omit<LockFile, 'version' | 'nodes' | 'regions'>> {
  readonly regions: readonly string[];
  readonly nodes: ReadonlyMap<Label, LockedNode>;
}

/** Where the lock file of the mesh file at this path lies: beside it, `mesh.lock.json` for `mesh.yaml`. */
export function meshLockPath(meshFilePath: string): string {
  return `${meshFilePath.replace(/\.[^./\\]+$/, '')}.lock.json`;
}

function sorted<T>(entries: Iterable<readonly [Label, T]>): Map<Label, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What the lock file's text says.
 * @param text - undefined where there is no such file: nothing was ever deployed
 * @throws ProblemsError when it is no lock file
 */
export function parseMeshLock(text: string | undefined, source: string): MeshLock | null {
  if (text === undefined) return null;
  checkTextSize(text, source);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new ProblemsError(source, [{ path: '', given: 'something else', allowed: 'JSON, as synthesis wrote it' }]);
  }
  const { mesh, coordinator, regions, nodes } = parseDocument(lockSchema, document, source);
  return { mesh, coordinator, regions, nodes: sorted(Object.entries(nodes) as [Label, LockedNode][]) };
}

/** The lock as the file's text; {@link parseMeshLock} gives it back. */
export function renderMeshLock({ mesh, coordinator, regions, nodes }: MeshLock): string {
  const document: LockFile = {
    version: VERSION,
    mesh,
    coordinator,
    regions: [...regions],
    nodes: Object.fromEntries(nodes),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The lock once the mesh is synthesized: all that it was, and all that the map has; without what is to be forgotten. */
export function lockAfter(lock: MeshLock | null, mesh: MeshFile): MeshLock {
  const kept = [...(lock?.nodes ?? [])].filter(([name]) => !mesh.forgotten.includes(name));
  const declared = Array.from(mesh.nodes.values(), ({ name, region, coordinator, reserved_ip }) => {
    return [name, { region, coordinator, reserved_ip }] as const;
  });
  const regions = declared.filter(([, node]) => !node.coordinator).map(([, { region }]) => region);
  return {
    mesh: mesh.name,
    coordinator: lock?.coordinator === true || declared.some(([, node]) => node.coordinator),
    regions: [...new Set([...(lock?.regions ?? []), ...regions])].sort(),
    nodes: sorted([...kept, ...declared]),
  };
}

/** The nodes of which only the identity is left: retired in the map, known by the lock. */
export function retiredNodes(lock: MeshLock, mesh: MeshFile): readonly (LockedNode & { readonly name: Label })[] {
  return Array.from(lock.nodes, ([name, node]) => ({ ...node, name })).filter(({ name }) =>
    mesh.retired.includes(name),
  );
}

function vanishedProblems({ nodes }: MeshLock, mesh: MeshFile): readonly Problem[] {
  const allowed =
    'the node, which was deployed once; or its name under retired, and its volume and address are kept; or under forgotten, and they are destroyed';
  return Array.from(nodes.keys())
    .filter((name) => ![...mesh.nodes.keys(), ...mesh.retired, ...mesh.forgotten].includes(name))
    .map((name) => ({ path: `nodes.${name}`, given: undefined, allowed }));
}

/** A node's volume stays where it is, and so does the stack whose state knows it. */
function movedProblems(name: Label, locked: LockedNode, mesh: MeshFile): readonly Problem[] {
  const node = mesh.nodes.get(name);
  if (!node) return [];
  const path = `nodes.${name}`;
  const otherwise = 'another node needs another name (or take its entry out of the lock file if it was never deployed)';
  return [
    ...(node.region === locked.region
      ? []
      : [
          {
            path: `${path}.region`,
            given: node.region,
            allowed: `${locked.region}, where its volume is; ${otherwise}`,
          },
        ]),
    ...(node.coordinator === locked.coordinator
      ? []
      : [
          {
            path: `${path}.coordinator`,
            given: node.coordinator,
            allowed: `${String(locked.coordinator)}, as it was deployed; ${otherwise}`,
          },
        ]),
    ...(node.reserved_ip || !locked.reserved_ip || !node.protect
      ? []
      : [
          {
            path: `${path}.reserved_ip`,
            given: false,
            allowed: 'true, for the node has a reserved IP; to give that up for good, protect: false',
          },
        ]),
  ];
}

/** What the map must not do to what was deployed. */
export function lockProblems(lock: MeshLock | null, mesh: MeshFile): readonly Problem[] {
  const unknown = mesh.retired
    .filter((name) => lock?.nodes.has(name) !== true)
    .map((name) => ({ path: 'retired', given: name, allowed: 'the name of a node that the lock file knows' }));
  if (!lock) return unknown;
  const renamed = {
    path: 'name',
    given: mesh.name,
    allowed: `${lock.mesh}, as in the lock file: it is in every resource's name`,
  };
  return [
    ...(lock.mesh === mesh.name ? [] : [renamed]),
    ...vanishedProblems(lock, mesh),
    ...[...lock.nodes].flatMap(([name, node]) => movedProblems(name, node, mesh)),
    ...unknown,
  ];
}
