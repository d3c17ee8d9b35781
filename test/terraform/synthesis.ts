/** A mesh file's whole synthesized tree, as `cdktf synth` would leave it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import { parse } from 'yaml';
import { parseMeshFile } from '../../mesh/mesh-file.ts';
import type { MeshLock } from '../../mesh/mesh-lock.ts';
import { meshStacks } from '../../stacks/mesh-stacks.ts';
import { evaluateTemplate } from './template.ts';

/** Blocks of one kind, by type and name. */
export type Blocks = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** One stack's configuration, as far as tests look at it. */
export interface StackConfiguration {
  readonly resource: Blocks;
  readonly data?: Blocks;
  readonly variable: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly output: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
  readonly locals?: Readonly<Record<string, unknown>>;
  readonly provider: unknown;
  readonly terraform: Readonly<Record<string, unknown>>;
}

/** What synthesis wrote. */
export interface Synthesis {
  /** The text of every file, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly stacks: ReadonlyMap<string, StackConfiguration>;
  readonly lock: MeshLock;
  /** What synthesis had to say. */
  readonly warnings: readonly string[];
  /** Which stacks have to be deployed before each. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/**
 * @param before - the lock from an earlier synthesis; null for the first
 * @throws ProblemsError for a document that is no mesh file or cannot be deployed
 */
export async function synthesizeMesh(document: unknown, before: MeshLock | null = null): Promise<Synthesis> {
  const mesh = parseMeshFile(document, 'mesh.yaml');
  const directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-synth-'));
  try {
    const app = new App({ outdir: directory });
    const lock = meshStacks(app, mesh, before, 'mesh.yaml');
    app.synth();
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const files = new Map(
      await Promise.all(
        paths.map(async (path) => [path.slice(directory.length + 1), await readFile(path, 'utf8')] as const),
      ),
    );
    const manifest = JSON.parse(files.get('manifest.json') ?? '{}') as {
      stacks: Record<
        string,
        { dependencies: string[]; synthesizedStackPath: string; annotations: { message: string }[] }
      >;
    };
    const stacks = Object.entries(manifest.stacks);
    return {
      files,
      lock,
      warnings: stacks.flatMap(([, { annotations }]) => annotations.map(({ message }) => message)),
      stacks: new Map(
        stacks.map(([name, { synthesizedStackPath }]) => [
          name,
          JSON.parse(files.get(synthesizedStackPath) ?? '{}') as StackConfiguration,
        ]),
      ),
      dependencies: Object.fromEntries(stacks.map(([name, { dependencies }]) => [name, dependencies])),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Stands in for the address that DigitalOcean would give to a node. */
function anAddress(node: string): string {
  let hash = 0;
  for (const character of node) hash = (hash * 31 + character.charCodeAt(0)) % 254;
  return `203.0.113.${String(hash + 1)}`;
}

/** The user data of every node as its droplet would get it if `address` gave the reserved addresses, by the node's name. */
export function userDataOf(
  { stacks }: Synthesis,
  variables: Readonly<Record<string, string>>,
  address: (node: string) => string = anAddress,
): ReadonlyMap<string, string> {
  const lookup = (reference: string): string => {
    const variable = /^var\.(.*)$/.exec(reference)?.[1];
    if (variable === undefined) {
      // The coordinator's address is one resource, whether its own stack refers to it or another does.
      const node = /digitalocean_(?:reserved_ip|droplet)\.?_?([a-z0-9-]+?)\.?(?:ip|ipv4)_address$/.exec(reference)?.[1];
      if (node === undefined) throw new Error(`unexpected reference ${reference}`);
      return address(node);
    }
    const value = variables[variable];
    if (value === undefined) throw new Error(`unexpected variable ${variable}`);
    return value;
  };
  return new Map(
    [...stacks.values()].flatMap(({ resource }) =>
      Object.entries(resource['digitalocean_droplet'] ?? {}).map(([node, droplet]): [string, string] => [
        // Terraform lets no digit begin an address.
        node.replace(/^_/, ''),
        evaluateTemplate(String(droplet['user_data']), lookup),
      ]),
    ),
  );
}

/** A file as user data describes it (cloud-init's module write_files). */
export interface WrittenFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

/** What user data has cloud-init do. */
export function cloudInitIn(userData: string): { readonly write_files: WrittenFile[]; readonly runcmd: string[][] } {
  return parse(userData) as ReturnType<typeof cloudInitIn>;
}

/** The content of a file that user data writes. */
export function fileIn(userData: string, path: string): string {
  const file = cloudInitIn(userData).write_files.find((candidate) => candidate.path === path);
  if (!file) throw new Error(`${path} is not written`);
  return file.content;
}
