/**
 * What a node's resources are called. Two meshes may share an account, so everything carries the mesh's name; and names
 * come from the mesh file alone, so that the same file always means the same resources.
 */

/** Longest name of a volume (DigitalOcean API, `volumes` attribute `name`), the shortest limit among the resources. */
const NAME_MAX_LENGTH = 64;

/** A volume's name: lower case, digits and hyphens, a letter first. Droplets and firewalls take it as well. */
const NAME_PATTERN = /^[a-z][a-z0-9-]*$/;

/** A node of a mesh, by name. */
export interface NodeName {
  readonly mesh: string;
  readonly node: string;
}

/** What {@link isResourceName} accepts, for messages. */
export const RESOURCE_NAME_ALLOWED = `the mesh's name, a hyphen and the node's name, together at most ${String(NAME_MAX_LENGTH)} of a-z, 0-9 and -, a letter first`;

/** Says whether the two names together can name resources. */
export function isResourceName({ mesh, node }: NodeName): boolean {
  const name = `${mesh}-${node}`;
  return name.length <= NAME_MAX_LENGTH && NAME_PATTERN.test(name);
}

/**
 * The name of the node's droplet, volume and firewall in the account, `office-wg-us`.
 * @throws RangeError when the two names together make none
 */
export function resourceName(name: NodeName): string {
  const text = `${name.mesh}-${name.node}`;
  if (isResourceName(name)) return text;
  throw new RangeError(`"${text}" cannot name a node's resources; allowed: ${RESOURCE_NAME_ALLOWED}`);
}

/**
 * The node's own tag, by which its firewall finds it: `office:wg-us`. Tags are one namespace for the whole account; the
 * colon, which no name has, keeps `a-b:c` and `a:b-c` apart.
 */
export function nodeTag({ mesh, node }: NodeName): string {
  return `${mesh}:${node}`;
}

/**
 * The node's name as Terraform takes it in a resource's address, where no digit may come first
 * (https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers).
 */
export function logicalId(node: string): string {
  return /^[0-9]/.test(node) ? `_${node}` : node;
}
