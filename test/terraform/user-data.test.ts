/** What must hold of every node's user data, whatever the map: over random maps, after Terraform's interpolation. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { MeshFile } from '../../mesh/mesh-file.ts';
import { claimsOfNode, parseMeshFile, renderMeshFile } from '../../mesh/mesh-file.ts';
import { renderClaims } from '../../mesh/claims.ts';
import type { Label } from '../../mesh/name.ts';
import { parsePeerConfig } from '../../mesh/peer-config.ts';
import { parseServerConfig } from '../../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../../mesh/token.ts';
import { parseYaml } from '../../mesh/yaml.ts';
import { ProblemsError } from '../../mesh/problem.ts';
import { problemsIn } from '../property/problems-in.ts';
import { meshFileArbitrary } from '../property/mesh-file-arbitrary.ts';
import { cloudInitIn, fileIn, type Synthesis, synthesizeMesh, userDataOf } from './synthesis.ts';

/** Never anything else's value, so finding it anywhere is a leak. */
const CANARY = 'ca9a7e'.padEnd(64, '5');

const VARIABLES = {
  auth_token: CANARY,
  artifact_url: 'https://example.com/tunnelmesh.tar.gz',
  artifact_sha256: 'ab'.repeat(32),
};

const ARTIFACT = { url: 'https://example.com/a%20b/tunnelmesh.tar.gz?x=1&y=2', sha256: 'cd'.repeat(32) };

/** Any mesh as far as it can be deployed: short names, nothing former, and nothing that no node can do yet. */
const deployable: fc.Arbitrary<MeshFile> = meshFileArbitrary
  .map((file) => {
    const nodes = Array.from(file.nodes.values(), (node) => {
      const name = node.name.slice(0, 20).replace(/-+$/, '') as Label;
      return { ...node, name, allow_exit_traffic: false, exit_node: null, routes: [] };
    });
    const named = new Map(nodes.map((node) => [node.name, node]));
    return {
      ...file,
      name: 'm',
      artifact: file.artifact && ARTIFACT,
      nodes: named,
      retired: [],
      domain_suffix: 'x' as Label,
    };
  })
  .filter((file) => problemsIn(() => parseMeshFile(renderMeshFile(file), 'mesh.yaml')).length === 0);

/** Each run synthesizes whole meshes, some of them several times. */
const TIMEOUT_MS = 300_000;

/** The user data of each node. */
async function userData(file: MeshFile): Promise<ReadonlyMap<string, string>> {
  return userDataOf(await synthesizeMesh(renderMeshFile(file)), VARIABLES);
}

/** The mesh with its nodes put through a function. */
function withNodes(file: MeshFile, change: (nodes: MeshFile['nodes']) => MeshFile['nodes']): MeshFile {
  return { ...file, nodes: change(file.nodes) };
}

describe('the user data of a node', () => {
  it(
    'stays what it is when another node comes, goes or changes',
    async () => {
      await fc.assert(
        fc.asyncProperty(deployable, fc.nat(), fc.nat({ max: 999 }), async (file, index, generation) => {
          const others = [...file.nodes.values()].filter((node) => !node.coordinator);
          const chosen = others[index % Math.max(1, others.length)];
          const before = await userData(file);
          const added = withNodes(file, (nodes) => {
            const [template] = nodes.values();
            if (!template) return nodes;
            const name = 'newcomer' as Label;
            return new Map([
              ...nodes,
              [name, { ...template, name, coordinator: false, dns_aliases: [], region: 'syd1' }],
            ]);
          });
          const changed = withNodes(file, (nodes) =>
            chosen
              ? new Map([
                  ...nodes,
                  [chosen.name, { ...chosen, generation, wg_port: 443, wireguard: true, region: 'tor1' }],
                ])
              : nodes,
          );
          const removed = withNodes(file, (nodes) => new Map([...nodes].filter(([name]) => name !== chosen?.name)));
          const unlike = (name: string): boolean => name !== chosen?.name;
          for (const after of [added, changed, ...(removed.nodes.size > 0 ? [removed] : [])]) {
            const data = await userData(after);
            for (const [name, text] of before) if (unlike(name) || after === added) expect(data.get(name)).toBe(text);
          }
        }),
        { numRuns: 10 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'is under 16 KiB, and what its daemon reads is the node, whole and nothing else',
    async () => {
      await fc.assert(
        fc.asyncProperty(deployable, async (file) => {
          const data = await userData(file);
          expect([...data.keys()].sort()).toEqual([...file.nodes.keys()].sort());
          for (const node of file.nodes.values()) {
            const text = data.get(node.name) ?? '';
            expect(Buffer.byteLength(text)).toBeLessThan(16 * 1024);
            // cloud-init reads YAML 1.1, the daemon 1.2; both must see the same.
            expect(parse(text, { version: '1.1' })).toEqual(parse(text));
            const claims = renderClaims(claimsOfNode(node));
            if (node.coordinator) {
              const server = parseYaml(fileIn(text, '/etc/tunnelmesh/server.yaml'), 'server.yaml');
              expect(parseServerConfig(server, 'server.yaml', { lab: false })).toMatchObject({
                join_root: joinRoot(CANARY),
                token_verifier: tokenVerifier(CANARY),
                mesh_cidr: file.mesh_cidr,
                join_mesh: { name: node.name, wireguard: { enabled: node.wireguard } },
              });
            } else {
              const peer = parseYaml(fileIn(text, '/etc/tunnelmesh/peer.yaml'), 'peer.yaml');
              expect(parsePeerConfig(peer, 'peer.yaml')).toMatchObject({
                name: node.name,
                claims,
                node_token: nodeToken(joinRoot(CANARY), node.name, claims),
                wireguard: { enabled: node.wireguard, listen_port: node.wg_port },
              });
            }
          }
        }),
        { numRuns: 20 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'differs between nodes in their configuration and their volume only',
    async () => {
      await fc.assert(
        fc.asyncProperty(deployable, async (file) => {
          const own =
            /^\/etc\/(?:tunnelmesh\/(?:server|peer)\.yaml|systemd\/system\/(?:var-lib-tunnelmesh\.mount|tunnelmesh\.service))$/;
          const shared = Array.from((await userData(file)).values(), (text) => {
            const { write_files, ...rest } = cloudInitIn(text);
            return { ...rest, write_files: write_files.filter(({ path }) => !own.test(path)) };
          });
          for (const machine of shared) expect(machine).toEqual(shared[0]);
        }),
        { numRuns: 10 },
      );
    },
    TIMEOUT_MS,
  );
});

describe('hostile text', () => {
  const hostile = [
    '${var.auth_token}',
    '%{ for x in [1] }x%{ endfor }',
    '$(reboot)',
    '`reboot`',
    '"; reboot; "',
    "'; reboot; '",
    'a\nExecStart=/bin/sh',
    'x: y\n- z',
    '{{join_root}}',
    '../../etc/passwd',
    '#cloud-config',
    '\u0000',
    '\u2028runcmd:',
    '%n%i',
  ];
  const nodes = { hub: { coordinator: true }, wg: { wireguard: true } };

  /** The text in every place of the map that takes any. */
  const places: Readonly<Record<string, (text: string) => object>> = {
    node: (text) => ({ nodes: { ...nodes, [text]: {} } }),
    endpoint: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, endpoint: `${text}:51820` } } }),
    dns_aliases: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, dns_aliases: [text] } } }),
    location: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, location: text } } }),
    region: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, region: text } } }),
    size: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, size: text } } }),
    node_tags: (text) => ({ nodes: { ...nodes, wg: { wireguard: true, tags: [text] } } }),
    name: (text) => ({ nodes, name: text }),
    project: (text) => ({ nodes, project: text }),
    image: (text) => ({ nodes, image: text }),
    tags: (text) => ({ nodes, tags: [text] }),
    domain: (text) => ({ nodes, domain: `${text}.example.com` }),
    domain_suffix: (text) => ({ nodes, domain_suffix: text }),
    ssh_keys: (text) => ({ nodes, ssh_keys: [text] }),
    ssh_from: (text) => ({ nodes, ssh_from: [text] }),
    alerts: (text) => ({ nodes, alerts: { email: [`${text}@example.com`] } }),
    artifact: (text) => ({ nodes, artifact: { url: `https://example.com/${text}`, sha256: 'ab'.repeat(32) } }),
    backend: (text) => ({
      nodes,
      backend: { bucket: 'states', region: 'ams3', endpoint: `https://s3.example.com/${text}` },
    }),
    external_coordinator_url: (text) => ({
      nodes: { wg: { wireguard: true } },
      external_coordinator_url: `https://${text}`,
    }),
  };

  const read = (synthesized: Synthesis, text: string): void => {
    for (const [path, content] of synthesized.files) {
      // A doubled first character is how Terraform is told to take the rest as it stands.
      if (path.endsWith('cdk.tf.json') && /^[$%]\{/.test(text))
        expect(content.replaceAll(`${text.charAt(0)}${text}`, '')).not.toContain(text);
    }
    for (const machine of userDataOf(synthesized, VARIABLES).values()) {
      expect(machine).not.toContain(CANARY);
      const { write_files, runcmd } = cloudInitIn(machine);
      for (const { content } of write_files) expect(content).not.toMatch(/ExecStart=\/bin\/sh|[;`(] ?reboot/);
      expect(runcmd.flat().join(' ')).not.toContain('reboot');
    }
  };

  it(
    'anywhere in a map is refused with words, or means nothing to Terraform, YAML, units and shell',
    async () => {
      const accepted = new Set<string>();
      for (const [name, place] of Object.entries(places)) {
        for (const text of hostile) {
          try {
            read(await synthesizeMesh(place(text)), text);
            accepted.add(name);
          } catch (error) {
            if (!(error instanceof ProblemsError)) throw error;
          }
        }
      }
      // Aliases are folded to labels; a location and a project are words for people; the others took `%n%i` or `..` in an
      // address. Nowhere else does any of it stand.
      expect([...accepted]).toEqual(['dns_aliases', 'location', 'project', 'alerts', 'artifact', 'backend']);
    },
    TIMEOUT_MS,
  );
});

describe('the operator’s token', () => {
  it(
    'is in no synthesized byte and on no machine, and what recognises it is on the coordinator alone',
    async () => {
      await fc.assert(
        fc.asyncProperty(deployable, async (file) => {
          process.env['TF_VAR_auth_token'] = CANARY;
          const synthesized = await synthesizeMesh(renderMeshFile(file));
          const [root, verifier] = [joinRoot(CANARY), tokenVerifier(CANARY)];
          for (const text of synthesized.files.values())
            for (const secret of [CANARY, root, verifier]) expect(text).not.toContain(secret);
          for (const [name, text] of userDataOf(synthesized, VARIABLES)) {
            expect(text).not.toContain(CANARY);
            const coordinator = file.nodes.get(name as Label)?.coordinator === true;
            expect([text.includes(root), text.includes(verifier)]).toEqual([coordinator, coordinator]);
          }
        }),
        { numRuns: 10 },
      );
      delete process.env['TF_VAR_auth_token'];
    },
    TIMEOUT_MS,
  );
});
