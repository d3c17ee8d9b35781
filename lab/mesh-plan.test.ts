import { describe, expect, it } from '@jest/globals';
import { parseMeshFile } from '../mesh/mesh-file.ts';
import { parsePeerConfig } from '../mesh/peer-config.ts';
import { ProblemsError } from '../mesh/problem.ts';
import { parseServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { parseYaml } from '../mesh/yaml.ts';
import { planOfMesh } from './mesh-plan.ts';
import { type LabPlan, labPlanSchema } from './plan.ts';

const TOKEN = 'ab'.repeat(32);

const SCENARIO_3 = {
  coordinator: { coordinator: true, region: 'ams3' },
  'wg-us': { wireguard: true, region: 'nyc3' },
  'wg-eu': { wireguard: true, region: 'fra1', endpoint: 'wg-eu.example.com:51820' },
  'wg-asia': { wireguard: true, region: 'sgp1', wg_port: 443 },
};

const planOf = (document: unknown): LabPlan =>
  planOfMesh({
    mesh: parseMeshFile(document, 'mesh.yaml'),
    source: 'mesh.yaml',
    origin: 'test',
    program: ['/usr/bin/node', '/opt/tunnelmesh.mjs'],
    authToken: TOKEN,
    nodesDirectory: '/home/me/.lab/nodes',
  });

const fileOf = (plan: LabPlan, name: string): unknown =>
  parseYaml(plan.hosts.find((host) => host.name === name)?.files[0]?.content ?? '', name);

describe('the lab of a mesh file', () => {
  const plan = planOf({ nodes: SCENARIO_3 });

  it('is a plan that its supervisor reads back unchanged', () => {
    expect(labPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  it('has the coordinator first, then every node, then the operator', () => {
    expect(plan.hosts.map(({ name, kind, address, daemon }) => [name, kind, address, daemon?.join(' ')])).toEqual([
      ['coordinator', 'node', '203.0.113.10', 'tunnelmesh serve --config /etc/tunnelmesh/server.yaml'],
      ['wg-asia', 'node', '203.0.113.11', 'tunnelmesh join --config /etc/tunnelmesh/peer.yaml'],
      ['wg-eu', 'node', '203.0.113.12', 'tunnelmesh join --config /etc/tunnelmesh/peer.yaml'],
      ['wg-us', 'node', '203.0.113.13', 'tunnelmesh join --config /etc/tunnelmesh/peer.yaml'],
      ['operator', 'operator', '203.0.113.2', undefined],
    ]);
  });

  it('gives the coordinator what the operator’s token is recognised by', () => {
    expect(parseServerConfig(fileOf(plan, 'coordinator'), 'server.yaml', { lab: false })).toMatchObject({
      listen: { host: null, port: 8443, tls: true },
      auth_token: null,
      join_root: joinRoot(TOKEN),
      token_verifier: tokenVerifier(TOKEN),
      data_dir: '/var/lib/tunnelmesh/coordinator',
      join_mesh: { name: 'coordinator', wireguard: { enabled: false, endpoint: null } },
    });
  });

  it('gives every other node a token with which it can join as that node alone', () => {
    const claims = 'roles=wireguard;routes=;aliases=;generation=0';
    expect(parsePeerConfig(fileOf(plan, 'wg-asia'), 'peer.yaml')).toEqual({
      name: 'wg-asia',
      server: 'https://203.0.113.10:8443',
      auth_token: null,
      node_token: nodeToken(joinRoot(TOKEN), 'wg-asia' as never, claims),
      claims,
      data_dir: '/var/lib/tunnelmesh/peer',
      mesh: { listen_port: 51821, endpoint: '203.0.113.11:51821' },
      wireguard: {
        enabled: true,
        listen_port: 443,
        endpoint: '203.0.113.11:443',
        data_dir: '/var/lib/tunnelmesh/wireguard',
      },
    });
  });

  it('keeps the operator’s token from every machine but the operator’s', () => {
    const holders = plan.hosts.filter((host) => JSON.stringify(host).includes(TOKEN)).map(({ name }) => name);
    expect(holders).toEqual(['operator']);
    expect(JSON.stringify(plan.hosts.flatMap(({ daemon, ready_when }) => [daemon, ready_when]))).not.toContain(TOKEN);
  });

  it('puts the endpoints’ names and the domain into the DNS of the internet', () => {
    expect(plan.names).toEqual({ 'wg-eu.example.com': '203.0.113.12' });
    expect(planOf({ nodes: SCENARIO_3, domain: 'mesh.example.org' }).names).toMatchObject({
      'mesh.example.org': '203.0.113.10',
      'coordinator.mesh.example.org': '203.0.113.10',
      'wg-us.mesh.example.org': '203.0.113.13',
    });
  });

  it('says everything at once that a lab cannot be', () => {
    const elsewhere = { external_coordinator_url: 'https://coord.example.com', mesh_cidr: '203.0.0.0/16' };
    expect(() => planOf({ nodes: { operator: { wireguard: true } }, ...elsewhere })).toThrow(
      new ProblemsError('mesh.yaml', [
        { path: 'nodes', given: ['operator'], allowed: 'in the lab, one with coordinator: true' },
        {
          path: 'nodes.operator',
          given: 'operator',
          allowed: 'in the lab, another name: this one is the host from which commands are given',
        },
        { path: 'mesh_cidr', given: '203.0.0.0/16', allowed: 'in the lab, a range outside 203.0.113.0/24' },
      ]),
    );
  });
});
