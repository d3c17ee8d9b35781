import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { planOfMesh } from '../../lab/mesh-plan.ts';
import type { LabHost } from '../../lab/plan.ts';
import { parseMeshFile } from '../../mesh/mesh-file.ts';
import { parseYaml } from '../../mesh/yaml.ts';
import { cloudInitIn, synthesizeMesh, userDataOf } from './synthesis.ts';

const TOKEN = 'c0ffee'.padEnd(64, '1');
const VARIABLES = {
  auth_token: TOKEN,
  artifact_url: 'https://example.com/tunnelmesh.tar.gz',
  artifact_sha256: 'ab'.repeat(32),
};

const SCENARIO_3 = parseYaml(await readFile('mesh.yaml', 'utf8'), 'mesh.yaml');

/** Every setting of a node that its files could show. */
const VARIED = {
  mesh_cidr: '10.99.0.0/16',
  domain_suffix: 'office',
  nodes: {
    one: { coordinator: true, wireguard: true, wg_port: 443 },
    named: { wireguard: true, endpoint: 'wg.example.com:51820', generation: 7, dns_aliases: ['usa', 'america'] },
    moving: { wireguard: true, reserved_ip: false },
    nas: { dns_aliases: ['files'] },
  },
};

/** Shows that each node's files in the lab are what its droplet would have, were it given the same address. */
async function compare(document: unknown): Promise<void> {
  const plan = planOfMesh({
    mesh: parseMeshFile(document, 'mesh.yaml'),
    source: 'mesh.yaml',
    origin: 'test',
    program: ['/usr/bin/node', '/opt/tunnelmesh.mjs'],
    authToken: TOKEN,
    nodesDirectory: '/home/me/.lab/nodes',
  });
  const nodes = new Map(
    plan.hosts.filter(({ kind }) => kind === 'node').map((host): [string, LabHost] => [host.name, host]),
  );
  const droplets = userDataOf(await synthesizeMesh(document), VARIABLES, (node) => nodes.get(node)?.address ?? '');
  expect([...droplets.keys()].sort()).toEqual([...nodes.keys()].sort());
  for (const [name, { files, daemon }] of nodes) {
    const { write_files, runcmd } = cloudInitIn(droplets.get(name) ?? '');
    const written = new Map(
      write_files.map(({ path, permissions, content }) => [
        path,
        { path, mode: Number.parseInt(permissions, 8), content },
      ]),
    );
    expect(files.map(({ path }) => path)).toEqual([daemon?.at(-1), runcmd[0]?.at(-1)]);
    expect(files).toEqual(files.map(({ path }) => written.get(path)));
    const unit = written.get('/etc/systemd/system/tunnelmesh.service')?.content;
    expect(unit).toContain(` ${String(daemon?.slice(1).join(' '))}\n`);
  }
}

describe('the lab runs nodes with the files, byte for byte, that their user data would write', () => {
  it('for the map of Scenario 3', () => compare(SCENARIO_3));

  it('for nodes of every kind', () => compare(VARIED));
});
