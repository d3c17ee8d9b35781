import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { renderClaims } from '../mesh/claims.ts';
import { claimsOfNode, parseMeshFile, readMeshFile } from '../mesh/mesh-file.ts';
import type { Label } from '../mesh/name.ts';
import { parsePeerConfig } from '../mesh/peer-config.ts';
import { parseServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { parseYaml } from '../mesh/yaml.ts';
import {
  fileIn,
  type StackConfiguration,
  type Synthesis,
  synthesizeMesh,
  userDataOf,
} from '../test/terraform/synthesis.ts';

/** Never anything else's value, so finding it anywhere is a leak. */
const CANARY = 'ca9a7e'.padEnd(64, '5');

const VARIABLES = {
  auth_token: CANARY,
  artifact_url: 'https://example.com/tunnelmesh.tar.gz',
  artifact_sha256: 'ab'.repeat(32),
};

/** The map of three gateways that the repository ships. */
const SCENARIO_3 = parseYaml(await readFile('mesh.yaml', 'utf8'), 'mesh.yaml') as {
  nodes: Record<string, Record<string, unknown>>;
};

function stack(stacks: ReadonlyMap<string, StackConfiguration>, name: string): StackConfiguration {
  const found = stacks.get(name);
  if (!found) throw new Error(`no stack ${name}`);
  return found;
}

const scenario3 = await synthesizeMesh(SCENARIO_3);
const { dependencies, stacks } = scenario3;

describe('the map of Scenario 3', () => {
  it('puts each node into the stack of its region, and each region after the coordinator', () => {
    expect(dependencies).toEqual({
      coordinator: [],
      'gateway-fra1': ['coordinator'],
      'gateway-nyc3': ['coordinator'],
      'gateway-sgp1': ['coordinator'],
    });
    const droplets = [...stacks].map(([name, { resource }]) => [
      name,
      Object.entries(resource['digitalocean_droplet'] ?? {}).map(([node, droplet]) => [node, droplet['region']]),
    ]);
    expect(Object.fromEntries(droplets)).toEqual({
      coordinator: [['coordinator', 'ams3']],
      'gateway-fra1': [['wg-eu', 'fra1']],
      'gateway-nyc3': [['wg-us', 'nyc3']],
      'gateway-sgp1': [['wg-asia', 'sgp1']],
    });
  });

  it('gives every node exactly one resource of each kind, in its own region and under its own name', () => {
    const nodes = [
      ['coordinator', 'coordinator', 'ams3'],
      ['gateway-fra1', 'wg-eu', 'fra1'],
      ['gateway-nyc3', 'wg-us', 'nyc3'],
      ['gateway-sgp1', 'wg-asia', 'sgp1'],
    ] as const;
    for (const [name, node, region] of nodes) {
      const { resource } = stack(stacks, name);
      expect(Object.entries(resource).map(([type, named]) => [type, Object.keys(named)])).toEqual(
        [
          'digitalocean_droplet',
          'digitalocean_firewall',
          'digitalocean_reserved_ip',
          'digitalocean_reserved_ip_assignment',
          'digitalocean_tag',
          'digitalocean_volume',
          'terraform_data',
        ].map((type) => [type, [node]]),
      );
      expect(resource['digitalocean_volume']?.[node]).toMatchObject({ name: `tunnelmesh-${node}`, region });
      expect(resource['digitalocean_reserved_ip']?.[node]).toMatchObject({ region });
      expect(resource['digitalocean_droplet']?.[node]).toMatchObject({
        name: `tunnelmesh-${node}`,
        size: 's-1vcpu-1gb',
      });
    }
  });

  it('opens the join door of the coordinator, the client port of gateways, the mesh port of all, and SSH of none', () => {
    const doors = [...stacks.values()].flatMap(({ resource }) =>
      Object.entries(resource['digitalocean_firewall'] ?? {}).map(([node, firewall]) => {
        const rules = firewall['inbound_rule'] as { protocol: string; port_range: string }[];
        return [node, rules.map(({ protocol, port_range }) => `${port_range}/${protocol}`)];
      }),
    );
    expect(Object.fromEntries(doors)).toEqual({
      coordinator: ['8443/tcp', '51821/udp'],
      'wg-eu': ['51821/udp', '51820/udp'],
      'wg-us': ['51821/udp', '51820/udp'],
      'wg-asia': ['51821/udp', '51820/udp'],
    });
  });

  it('outputs where peers join and where clients connect', () => {
    const { output } = stack(stacks, 'coordinator');
    expect(output['coordinator_url']?.value).toBe('https://${digitalocean_reserved_ip.coordinator.ip_address}:8443');
    expect(output['gateways']).toBeUndefined();
    expect(stack(stacks, 'gateway-sgp1').output['gateways']?.value).toEqual([
      {
        name: 'wg-asia',
        region: 'sgp1',
        endpoint: '${digitalocean_reserved_ip.wg-asia.ip_address}:51820',
        port: 51820,
      },
    ]);
  });

  it('keeps state outside of the folder that gets deleted, and reads the coordinator’s from there', () => {
    const { terraform, data } = stack(stacks, 'gateway-nyc3');
    expect(terraform).toEqual({
      backend: { local: { path: '../../../terraform.gateway-nyc3.tfstate' } },
      required_providers: { digitalocean: { source: 'digitalocean/digitalocean', version: '~> 2.95' } },
      required_version: '>= 1.6',
    });
    expect(data?.['terraform_remote_state']).toEqual({
      'cross-stack-reference-input-coordinator': {
        backend: 'local',
        config: { path: '../../../terraform.coordinator.tfstate' },
        workspace: '${terraform.workspace}',
      },
    });
  });

  it('asks the operator for the token and, as the file names no artifact, for that', () => {
    for (const { variable } of stacks.values())
      expect(Object.keys(variable)).toEqual(['artifact_sha256', 'artifact_url', 'auth_token']);
  });

  it('declares the same mesh as HCL', async () => {
    const path = 'examples/scenario-3/mesh.tfvars';
    expect(await readMeshFile(await readFile(path, 'utf8'), path)).toEqual(parseMeshFile(SCENARIO_3, 'mesh.yaml'));
  });
});

describe('a node', () => {
  const mesh = parseMeshFile(SCENARIO_3, 'mesh.yaml');
  const userData = userDataOf(scenario3, VARIABLES);

  it.each(['wg-us', 'wg-eu', 'wg-asia'] as Label[])(
    '%s boots with a token with which the coordinator lets it join',
    (name) => {
      const node = mesh.nodes.get(name);
      if (!node) throw new Error(`no node ${name}`);
      const text = fileIn(userData.get(name) ?? '', '/etc/tunnelmesh/peer.yaml');
      const claims = renderClaims(claimsOfNode(node));
      const server = fileIn(userData.get('coordinator') ?? '', '/etc/tunnelmesh/server.yaml');
      const coordinator = parseServerConfig(parseYaml(server, 'server.yaml'), 'server.yaml', { lab: false });
      expect(coordinator).toMatchObject({ join_root: joinRoot(CANARY), token_verifier: tokenVerifier(CANARY) });
      expect(parsePeerConfig(parseYaml(text, 'peer.yaml'), 'peer.yaml')).toMatchObject({
        name,
        claims,
        node_token: nodeToken(coordinator.join_root ?? '', name, claims),
        server: `https://${String(coordinator.join_mesh?.mesh.endpoint?.split(':')[0])}:8443`,
        wireguard: { enabled: true },
      });
    },
  );

  it('gets well under 16 KiB of user data', () => {
    for (const text of userData.values()) expect(Buffer.byteLength(text)).toBeLessThan(8 * 1024);
  });

  it('keeps its user data when another node comes, goes or changes', async () => {
    const { 'wg-us': american, ...rest } = SCENARIO_3.nodes;
    const changes = {
      added: { ...SCENARIO_3.nodes, extra: { wireguard: true, region: 'nyc3' } },
      removed: rest,
      changed: { ...rest, 'wg-us': { ...american, wg_port: 443, generation: 7, dns_aliases: ['usa'], region: 'sfo3' } },
    };
    for (const nodes of Object.values(changes)) {
      const after = userDataOf(await synthesizeMesh({ ...SCENARIO_3, nodes }), VARIABLES);
      for (const name of ['coordinator', 'wg-eu', 'wg-asia']) expect(after.get(name)).toBe(userData.get(name));
    }
  });
});

describe('a secret', () => {
  const previous = process.env['TF_VAR_auth_token'];
  beforeEach(() => {
    process.env['TF_VAR_auth_token'] = CANARY;
  });
  afterEach(() => {
    if (previous === undefined) delete process.env['TF_VAR_auth_token'];
    else process.env['TF_VAR_auth_token'] = previous;
  });

  it('is in no synthesized byte, nor is anything derived from it', async () => {
    const mesh = parseMeshFile(SCENARIO_3, 'mesh.yaml');
    const root = joinRoot(CANARY);
    const secrets = [
      CANARY,
      root,
      tokenVerifier(CANARY),
      ...Array.from(mesh.nodes.values(), (node) => nodeToken(root, node.name, renderClaims(claimsOfNode(node)))),
    ];
    const synthesized = await synthesizeMesh(SCENARIO_3);
    expect([...synthesized.files.keys()]).toContain('stacks/gateway-nyc3/cdk.tf.json');
    for (const text of synthesized.files.values()) for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('reaches a machine only as far as that machine needs it', () => {
    for (const [name, text] of userDataOf(scenario3, VARIABLES)) {
      expect(text).not.toContain(CANARY);
      expect(text.includes(joinRoot(CANARY))).toBe(name === 'coordinator');
    }
  });
});

describe('a mesh with its coordinator elsewhere', () => {
  it('has stacks for its regions only', async () => {
    const mesh = { nodes: { 'wg-us': { wireguard: true } }, external_coordinator_url: 'https://coord.example.com' };
    const synthesized = await synthesizeMesh(mesh);
    expect(synthesized.dependencies).toEqual({ 'gateway-ams3': [] });
    const text = userDataOf(synthesized, VARIABLES).get('wg-us') ?? '';
    expect(fileIn(text, '/etc/tunnelmesh/peer.yaml')).toContain('server: "https://coord.example.com"\n');
  });
});

describe('a mesh all in one', () => {
  it('is one stack whose node is coordinator and gateway', async () => {
    const synthesized = await synthesizeMesh({ nodes: { one: { coordinator: true, wireguard: true } } });
    expect(Object.keys(synthesized.dependencies)).toEqual(['coordinator']);
    expect(Object.keys(stack(synthesized.stacks, 'coordinator').output)).toEqual(['coordinator_url', 'gateways']);
  });
});

describe('a mesh with a domain', () => {
  it('is joined by the domain’s name, so that no region needs the coordinator’s address', async () => {
    const synthesized = await synthesizeMesh({ ...SCENARIO_3, domain: 'mesh.example.com' });
    const { resource, output, data } = stack(synthesized.stacks, 'coordinator');
    expect(Object.keys(resource['digitalocean_record'] ?? {})).toEqual(['_domain', 'coordinator']);
    expect(resource['digitalocean_reserved_ip']).toBeUndefined();
    expect(data).toMatchObject({ digitalocean_domain: { zone: { name: 'example.com' } } });
    expect(output['coordinator_url']?.value).toBe('https://mesh.example.com:8443');
    const gateways = stack(synthesized.stacks, 'gateway-nyc3');
    expect(Object.keys(gateways.data ?? {})).toEqual(['digitalocean_domain']);
    expect(synthesized.dependencies['gateway-nyc3']).toEqual(['coordinator']);
    const peer = fileIn(userDataOf(synthesized, VARIABLES).get('wg-us') ?? '', '/etc/tunnelmesh/peer.yaml');
    expect(peer).toContain('server: "https://mesh.example.com:8443"\n');
  });
});

describe('reserved addresses', () => {
  const limits = ({ stacks }: Synthesis): unknown[] =>
    Array.from(stacks.values(), ({ locals, resource }) => {
      const [droplet] = Object.values(resource['digitalocean_droplet'] ?? {});
      const { precondition } = droplet?.['lifecycle'] as { precondition: { condition: string }[] };
      return [locals, precondition.map(({ condition }) => condition)[1]];
    });

  it('that are more than the account may have are said at synthesis and stop every stack’s plan', () => {
    const reserved = { reserved_ips: 4, reserved_ip_limit: 3 };
    const condition = '${local.reserved_ips <= local.reserved_ip_limit}';
    expect(limits(scenario3)).toEqual(Array(4).fill([reserved, condition]));
    expect(scenario3.warnings).toEqual([
      expect.stringMatching(/^The mesh asks for 4 reserved IPs and reserved_ip_limit is 3\./),
    ]);
  });

  it('that are no more than that, by a raised limit or a domain, are asked for without a word', async () => {
    for (const change of [{ reserved_ip_limit: 4 }, { domain: 'mesh.example.com' }])
      expect((await synthesizeMesh({ ...SCENARIO_3, ...change })).warnings).toEqual([]);
  });
});

describe('a coordinator without lasting address', () => {
  it('is warned of, unless a domain names it', async () => {
    const nodes = { hub: { coordinator: true, reserved_ip: false } };
    expect((await synthesizeMesh({ nodes })).warnings).toEqual([
      'hub has neither a reserved IP nor a domain: once its droplet is replaced, no peer finds the coordinator again.',
    ]);
    expect((await synthesizeMesh({ nodes, domain: 'mesh.example.com' })).warnings).toEqual([]);
  });
});

describe('a project', () => {
  it('gets of each stack what that stack makes, and is itself only looked up', async () => {
    const synthesized = await synthesizeMesh({ ...SCENARIO_3, project: 'Mesh of ${HOME}' });
    const { resource, data } = stack(synthesized.stacks, 'gateway-nyc3');
    expect(resource['digitalocean_project_resources']).toMatchObject({
      project: {
        project: '${data.digitalocean_project.project.id}',
        resources: [
          '${digitalocean_droplet.wg-us.urn}',
          '${digitalocean_volume.wg-us.urn}',
          '${digitalocean_reserved_ip.wg-us.urn}',
        ],
      },
    });
    expect(data?.['digitalocean_project']).toMatchObject({ project: { name: 'Mesh of $${HOME}' } });
  });
});

describe('a private network', () => {
  it('is each stack’s own, and a change of it replaces no droplet', async () => {
    const synthesized = await synthesizeMesh({ ...SCENARIO_3, vpc: true });
    const { resource } = stack(synthesized.stacks, 'gateway-nyc3');
    expect(resource['digitalocean_vpc']).toMatchObject({
      network: { name: 'tunnelmesh-gateway-nyc3', region: 'nyc3' },
    });
    expect(resource['digitalocean_droplet']?.['wg-us']).toMatchObject({
      vpc_uuid: '${digitalocean_vpc.network.id}',
      lifecycle: { ignore_changes: expect.arrayContaining(['vpc_uuid']) as unknown },
    });
  });
});

describe('state in a bucket', () => {
  it('is kept apart by mesh and stack, and read from there by other stacks', async () => {
    const backend = { bucket: 'states', region: 'ams3', endpoint: 'https://ams3.digitaloceanspaces.com' };
    const synthesized = await synthesizeMesh({ ...SCENARIO_3, name: 'office', backend });
    const { terraform, data } = stack(synthesized.stacks, 'gateway-nyc3');
    const shared = { bucket: 'states', region: 'ams3', endpoints: { s3: backend.endpoint } };
    expect(terraform['backend']).toMatchObject({ s3: { ...shared, key: 'office/gateway-nyc3.tfstate' } });
    expect(Object.values(data?.['terraform_remote_state'] ?? {})).toMatchObject([
      { backend: 's3', config: { ...shared, key: 'office/coordinator.tfstate' } },
    ]);
  });
});

describe('what cannot be deployed', () => {
  it('is refused all at once, before anything is made', async () => {
    const [long, deep] = ['x'.repeat(63), 'y'.repeat(40)];
    const mesh = {
      ...SCENARIO_3,
      nodes: { ...SCENARIO_3.nodes, [long]: {}, [deep]: {} },
      artifact: { url: 'https://example.com/"', sha256: 'ab'.repeat(32) },
      backend: { bucket: 'states', region: 'ams3', endpoint: 'https://${var.auth_token}' },
      domain: `${Array(4).fill('d'.repeat(53)).join('.')}.com`,
      retired: ['old'],
    };
    await expect(synthesizeMesh(mesh)).rejects.toMatchObject({
      problems: [`nodes.${long}`, 'artifact.url', 'backend.endpoint', `nodes.${long}`, `nodes.${deep}`, 'retired'].map(
        (path): unknown => expect.objectContaining({ path }),
      ),
    });
  });
});
