/** From a mesh file to a lab: which hosts there are, what each of them has, and how one sees that it is part of the mesh. */
import { join } from 'node:path';
import { addressPlan } from '../mesh/address-plan.ts';
import { type Cidr, cidrsOverlap, type Ipv4 } from '../mesh/ipv4.ts';
import type { MeshFile, MeshNode } from '../mesh/mesh-file.ts';
import { ProblemsError, type Problem } from '../mesh/problem.ts';
import { DATA_FOLDERS } from '../templates/node-files.ts';
import { LAB_DIRECTORIES } from './host-steps.ts';
import type { Argv } from './namespaces.ts';
import { coordinatorUrl, endpointName, nodeDaemon } from './node-daemon.ts';
import { addressAfter, FIRST_NODE, INTERNET, type LabHost, type LabPlan, MAX_NODES, OPERATOR } from './plan.ts';

/** Name of the operator's context. */
const CONTEXT = 'lab';

const TOKEN_PATH = `${LAB_DIRECTORIES.home}/token`;
const TOKEN_MODE = 0o600;

/** What a lab's plan is made from. */
export interface MeshPlanInput {
  readonly mesh: MeshFile;
  /** The mesh file's path, for errors. */
  readonly source: string;
  /** See {@link LabPlan}. */
  readonly origin: string;
  readonly program: Argv;
  /** The operator's token: 64 hexadecimal digits that no other lab has. */
  readonly authToken: string;
  /** The folder that holds each node's data, `NAME/var` below it. */
  readonly nodesDirectory: string;
}

function problemsOf({ mesh }: MeshPlanInput): Problem[] {
  const problems: Problem[] = [];
  const nodes = [...mesh.nodes.values()];
  if (!nodes.some((node) => node.coordinator)) {
    problems.push({ path: 'nodes', given: [...mesh.nodes.keys()], allowed: 'in the lab, one with coordinator: true' });
  }
  if (nodes.length > MAX_NODES) {
    problems.push({ path: 'nodes', given: nodes.length, allowed: `in the lab, ${String(MAX_NODES)} nodes at most` });
  }
  if (mesh.nodes.has(OPERATOR.name)) {
    const allowed = 'in the lab, another name: this one is the host from which commands are given';
    problems.push({ path: `nodes.${OPERATOR.name}`, given: OPERATOR.name, allowed });
  }
  if (cidrsOverlap(mesh.mesh_cidr, INTERNET.cidr as Cidr)) {
    problems.push({
      path: 'mesh_cidr',
      given: mesh.mesh_cidr,
      allowed: `in the lab, a range outside ${INTERNET.cidr}`,
    });
  }
  return problems;
}

/** The nodes with their addresses, the coordinator first. */
function addressed(mesh: MeshFile): (readonly [MeshNode, Ipv4])[] {
  const nodes = [...mesh.nodes.values()].sort((a, b) => Number(b.coordinator) - Number(a.coordinator));
  return nodes.map((node, index) => [node, addressAfter(FIRST_NODE, index)]);
}

/**
 * The lab of a mesh.
 * @throws ProblemsError with everything that a lab cannot do, though the mesh file allows it
 */
export function planOfMesh(input: MeshPlanInput): LabPlan {
  const problems = problemsOf(input);
  if (problems.length > 0) throw new ProblemsError(input.source, problems);
  const { mesh, authToken } = input;
  const nodes = addressed(mesh);
  const hosts = nodes.map(([node, address]): LabHost => {
    const { files, command } = nodeDaemon({ mesh, coordinator: FIRST_NODE, authToken }, node, address);
    return {
      name: node.name,
      kind: 'node',
      address,
      files,
      daemon: command,
      ready_when: [
        ['ping', '-n', '-c', '1', '-W', '1', addressPlan(mesh.mesh_cidr).coordinator],
        ...(node.wireguard ? [['wg', 'show', 'wg0', 'listen-port'] as const] : []),
      ],
    };
  });
  return {
    origin: input.origin,
    program: input.program,
    hosts: [...hosts, operator(input, nodes)],
    names: publicNames(mesh, nodes),
  };
}

/** A machine outside of the mesh, whose user gives the commands: it has the token and makes itself a context of it. */
function operator({ nodesDirectory, authToken }: MeshPlanInput, nodes: (readonly [MeshNode, Ipv4])[]): LabHost {
  const coordinator = nodes[0]?.[0].name ?? '';
  const server = coordinatorUrl(FIRST_NODE);
  const ca = join(nodesDirectory, coordinator, 'var', DATA_FOLDERS.coordinator, 'ca.pem');
  return {
    ...OPERATOR,
    kind: 'operator',
    files: [{ path: TOKEN_PATH, content: `${authToken}\n`, mode: TOKEN_MODE }],
    daemon: null,
    ready_when: [
      ['tunnelmesh', 'context', 'create', CONTEXT, '--server', server, '--ca', ca, '--token-file', TOKEN_PATH],
      ['tunnelmesh', 'client', 'list', '--json'],
    ],
  };
}

/** What stands in the public DNS: the names that the mesh file gives to nodes. */
function publicNames(mesh: MeshFile, nodes: (readonly [MeshNode, Ipv4])[]): LabPlan['names'] {
  const names: Record<string, Ipv4> = {};
  for (const [node, address] of nodes) {
    if (mesh.domain !== null) names[`${node.name}.${mesh.domain}`] = address;
    if (mesh.domain !== null && node.coordinator) names[mesh.domain] = address;
    const name = endpointName(node);
    if (name !== null) names[name] = address;
  }
  return names;
}
