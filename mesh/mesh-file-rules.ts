/** What the mesh file's values must keep with one another: rules that no single value can break. */
import { type Cidr, cidrBounds, cidrsOverlap, prefixLength } from './ipv4.ts';
import type { MeshFileKeys } from './mesh-file-schema.ts';
import { isLabel, type Label, RESERVED_LABELS } from './name.ts';
import type { Problem } from './problem.ts';
import { LABEL_ALLOWED } from './schema.ts';

/** Most nodes of one mesh. */
export const NODES_MAX = 1000;

/** Networks that are never routed anywhere: this host, loopback, link-local, multicast and above (RFC 6890, RFC 5771). */
const NEVER_ROUTED = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
] as readonly string[] as readonly Cidr[];

type Node = MeshFileKeys['nodes'][Label];

/** A node with its name. */
type Named = readonly [name: string, node: Node];

/** Something that stands at a path. */
interface At<T> {
  readonly path: string;
  readonly value: T;
}

function coordinatorProblems(nodes: readonly Named[], external: string | null): readonly Problem[] {
  const [first, ...others] = nodes.filter(([, node]) => node.coordinator).map(([name]) => name);
  if (first === undefined) {
    const allowed = 'one node with coordinator: true, or else an external_coordinator_url';
    return external === null ? [{ path: 'nodes', given: nodes.map(([name]) => name), allowed }] : [];
  }
  const own = `nothing where a node is the coordinator ("${first}")`;
  return [
    ...others.map((name) => ({
      path: `nodes.${name}.coordinator`,
      given: true,
      allowed: `false, since "${first}" is the coordinator; several need a shared database, which cannot be declared yet`,
    })),
    ...(external === null ? [] : [{ path: 'external_coordinator_url', given: external, allowed: own }]),
  ];
}

function roleProblems(nodes: readonly Named[]): readonly Problem[] {
  return nodes
    .filter(([, node]) => !node.peer)
    .map(([name, node]) => {
      const roles = [node.coordinator ? 'coordinator' : '', node.wireguard ? 'gateway' : ''].filter(Boolean);
      const because =
        roles.length > 0 ? `a ${roles.join(' and ')} is a peer too` : 'a node that is no peer has nothing to do';
      return { path: `nodes.${name}.peer`, given: false, allowed: `true: ${because}` };
    });
}

function labelProblems(nodes: readonly Named[]): readonly Problem[] {
  return nodes.flatMap(([name]) => {
    const path = `nodes.${name}`;
    if (!isLabel(name)) return [{ path, given: name, allowed: LABEL_ALLOWED }];
    return RESERVED_LABELS.includes(name)
      ? [{ path, given: name, allowed: `a DNS label other than ${RESERVED_LABELS.join(', ')}` }]
      : [];
  });
}

/** One namespace for nodes, aliases and former nodes, since each of them owns a name in the mesh or an identity on a volume. */
function nameProblems(
  nodes: readonly Named[],
  { retired = [], forgotten = [] }: Partial<MeshFileKeys>,
): readonly Problem[] {
  const owners = new Map<string, string>();
  const names: readonly At<string>[] = [
    ...nodes.map(([name]) => ({ path: `nodes.${name}`, value: name })),
    ...nodes.flatMap(([name, node]) =>
      node.dns_aliases.map((alias) => ({ path: `nodes.${name}.dns_aliases`, value: alias })),
    ),
    ...retired.map((name) => ({ path: 'retired', value: name })),
    ...forgotten.map((name) => ({ path: 'forgotten', value: name })),
  ];
  return names.flatMap(({ path, value }) => {
    const owner = owners.get(value);
    owners.set(value, owner ?? path);
    return owner === undefined
      ? []
      : [{ path, given: value, allowed: `a name of its own; "${value}" stands in ${owner} already` }];
  });
}

/**
 * Networks overlap only by lying one within the other, so in order of first address and size the one that encloses a
 * network comes before it, and is still the last that reaches so far.
 */
function overlapProblems(routes: readonly At<Cidr>[]): readonly Problem[] {
  const ordered = [...routes].sort(
    (a, b) => cidrBounds(a.value).first - cidrBounds(b.value).first || prefixLength(a.value) - prefixLength(b.value),
  );
  let widest: At<Cidr> | undefined;
  return ordered.flatMap((route) => {
    if (widest && cidrsOverlap(widest.value, route.value)) {
      const allowed = `a network apart from ${widest.value} in ${widest.path}`;
      return [{ path: route.path, given: route.value, allowed }];
    }
    widest = route;
    return [];
  });
}

function routeProblems(nodes: readonly Named[], meshCidr: Cidr | undefined): readonly Problem[] {
  const routes = nodes.flatMap(([name, node]) =>
    node.routes.map((value): At<Cidr> => ({ path: `nodes.${name}.routes`, value })),
  );
  const closed = routes.flatMap(({ path, value }) => {
    if (meshCidr !== undefined && cidrsOverlap(meshCidr, value))
      return [{ path, given: value, allowed: `a network apart from mesh_cidr, ${meshCidr}` }];
    const never = NEVER_ROUTED.find((network) => cidrsOverlap(network, value));
    return never === undefined
      ? []
      : [{ path, given: value, allowed: `a network apart from ${never}, which is never routed` }];
  });
  return [...closed, ...overlapProblems(routes)];
}

function exitProblems(nodes: readonly Named[]): readonly Problem[] {
  const exits = nodes.filter(([, node]) => node.allow_exit_traffic).map(([name]) => name);
  return nodes
    .filter(([, { exit_node }]) => exit_node !== null && !exits.includes(exit_node))
    .map(([name, { exit_node }]) => ({
      path: `nodes.${name}.exit_node`,
      given: exit_node,
      allowed: `a node with allow_exit_traffic: true (${exits.length > 0 ? exits.join(', ') : 'there is none'})`,
    }));
}

function domainProblems({ domain, dns_zone }: Partial<MeshFileKeys>): readonly Problem[] {
  if (dns_zone === undefined || dns_zone === null || domain === undefined) return [];
  if (domain === null) return [{ path: 'dns_zone', given: dns_zone, allowed: 'nothing without a domain' }];
  const inside = domain === dns_zone || domain.endsWith(`.${dns_zone}`);
  return inside ? [] : [{ path: 'dns_zone', given: dns_zone, allowed: `the end of domain, ${domain}` }];
}

/** Every rule's problems. Keys that are missing here were refused by themselves. */
export function meshFileProblems(file: Partial<MeshFileKeys>): readonly Problem[] {
  const nodes: readonly Named[] = Object.entries(file.nodes ?? {});
  if (nodes.length > NODES_MAX)
    return [{ path: 'nodes', given: `${String(nodes.length)} nodes`, allowed: `at most ${String(NODES_MAX)}` }];
  return [
    ...labelProblems(nodes),
    ...(file.nodes ? coordinatorProblems(nodes, file.external_coordinator_url ?? null) : []),
    ...roleProblems(nodes),
    ...nameProblems(nodes, file),
    ...routeProblems(nodes, file.mesh_cidr),
    ...exitProblems(nodes),
    ...domainProblems(file),
  ];
}
