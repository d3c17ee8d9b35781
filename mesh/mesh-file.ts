/**
 * The mesh file, `mesh.yaml` or the same map as HCL in `mesh.tfvars`: which nodes the mesh has and what each of them is.
 * Keys are spelled in memory as they are in the file (`mesh-file-schema.ts` says what they mean); what may be absent is
 * null, and what another key stands in for is filled in.
 */
import type { Claims } from './claims.ts';
import { parseHcl, renderHcl } from './hcl.ts';
import { meshFileProblems } from './mesh-file-rules.ts';
import { type MeshFileKeys, meshFileSchema } from './mesh-file-schema.ts';
import type { Label } from './name.ts';
import { parseYaml, renderYaml } from './yaml.ts';
import { parseDocument } from './zod-problems.ts';

type NodeKeys = MeshFileKeys['nodes'][Label];

/** A machine declared in the mesh file. */
export interface MeshNode extends Readonly<Omit<NodeKeys, 'region' | 'size' | 'reserved_ip' | 'protect'>> {
  readonly name: Label;
  readonly region: string;
  readonly size: string;
  readonly reserved_ip: boolean;
  readonly protect: boolean;
}

/** See the file's comment. Nodes are in order of their names, whatever the file's order was. */
export interface MeshFile extends Readonly<Omit<MeshFileKeys, 'nodes'>> {
  readonly nodes: ReadonlyMap<Label, MeshNode>;
}

/** What a node is where the file does not say it of this node. */
function nodeDefaults(
  file: Pick<MeshFileKeys, 'default_region' | 'default_size' | 'domain' | 'protect'>,
  node: Pick<NodeKeys, 'coordinator' | 'wireguard'>,
): Pick<MeshNode, 'region' | 'size' | 'reserved_ip' | 'protect'> {
  return {
    region: file.default_region,
    size: file.default_size,
    // Clients' configurations name gateways by address. A coordinator is reached by name where it has one.
    reserved_ip: node.wireguard || (node.coordinator && file.domain === null),
    protect: file.protect,
  };
}

/** The zone that holds the domain where the file does not say. */
function zoneOf(domain: string | null): string | null {
  return domain?.split('.').slice(-2).join('.') ?? null;
}

/**
 * The mesh that the document declares.
 * @param document - what the YAML or HCL parser made of the file
 * @param source - the file's path
 * @throws ProblemsError with every problem at once
 */
export function parseMeshFile(document: unknown, source: string): MeshFile {
  const keys = parseDocument(meshFileSchema, document, source, meshFileProblems);
  const nodes = (Object.entries(keys.nodes) as [Label, NodeKeys][])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, node]): [Label, MeshNode] => {
      const defaults = nodeDefaults(keys, node);
      return [
        name,
        {
          ...node,
          name,
          region: node.region ?? defaults.region,
          size: node.size ?? defaults.size,
          reserved_ip: node.reserved_ip ?? defaults.reserved_ip,
          protect: node.protect ?? defaults.protect,
        },
      ];
    });
  return { ...keys, dns_zone: keys.dns_zone ?? zoneOf(keys.domain), nodes: new Map(nodes) };
}

/** The record without the values that the parser would fill in again. */
function withoutDefaults(record: object, defaults: object): Record<string, unknown> {
  const known = new Map(Object.entries(defaults).map(([key, value]) => [key, JSON.stringify(value)]));
  return Object.fromEntries(
    Object.entries(record).filter(([key, value]) => value !== null && known.get(key) !== JSON.stringify(value)),
  );
}

/** The document of a mesh, without what is there by default; {@link parseMeshFile} gives the mesh back. */
export function renderMeshFile(file: MeshFile): Record<string, unknown> {
  const nodes = Array.from(file.nodes.values(), ({ name, ...node }): [string, Record<string, unknown>] => {
    return [name, withoutDefaults(node, { ...NODE_DEFAULTS, ...nodeDefaults(file, node) })];
  });
  const defaults = { ...FILE_DEFAULTS, dns_zone: zoneOf(file.domain) };
  return withoutDefaults({ ...file, nodes: Object.fromEntries(nodes) }, defaults);
}

const FILE_DEFAULTS = meshFileSchema.parse({ nodes: {} });
const NODE_DEFAULTS = meshFileSchema.shape.nodes.valueType.parse({});

/** What a node token vouches for when it is made for this node. */
export function claimsOfNode(node: MeshNode): Claims {
  return {
    coordinator: node.coordinator,
    wireguard: node.wireguard,
    exit: node.allow_exit_traffic,
    routes: [...node.routes].sort(),
    aliases: [...node.dns_aliases].sort(),
    generation: node.generation,
  };
}

/** Says whether a file of this name holds HCL; every other holds YAML. */
function isHcl(path: string): boolean {
  return /\.(?:tfvars|hcl)$/i.test(path);
}

/**
 * The mesh that a file's text declares: HCL where the path ends in `.tfvars` or `.hcl`, else YAML.
 * @throws ProblemsError with every problem at once
 */
export async function readMeshFile(text: string, path: string): Promise<MeshFile> {
  return parseMeshFile(isHcl(path) ? await parseHcl(text, path) : parseYaml(text, path), path);
}

/** The text of a mesh in the format that the path asks for; the inverse of {@link readMeshFile}. */
export function writeMeshFile(file: MeshFile, path: string): string {
  const document = renderMeshFile(file);
  return isHcl(path) ? renderHcl(document) : renderYaml(document);
}
