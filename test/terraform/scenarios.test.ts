/** Each way to lay out a mesh, as exactly the resources that it becomes. */
import { describe, expect, it } from '@jest/globals';
import { type Synthesis, synthesizeMesh } from './synthesis.ts';

/** What every node is. */
const NODE = [
  'digitalocean_droplet',
  'digitalocean_firewall',
  'digitalocean_tag',
  'digitalocean_volume',
  'terraform_data',
];

/** What makes a node's address last. */
const RESERVED = ['digitalocean_reserved_ip', 'digitalocean_reserved_ip_assignment'];

/** Every resource of every stack, `stack/type.name`, in alphabetical order. */
function resources({ stacks }: Synthesis): string[] {
  return [...stacks]
    .flatMap(([stack, { resource }]) =>
      Object.entries(resource).flatMap(([type, named]) => Object.keys(named).map((name) => `${stack}/${type}.${name}`)),
    )
    .sort();
}

/** The resources of these kinds that one node has. */
function of(stack: string, node: string, ...kinds: readonly string[][]): string[] {
  return kinds.flat().map((type) => `${stack}/${type}.${node}`);
}

/** Which ports each node's firewall opens. */
function doors({ stacks }: Synthesis): Record<string, string[]> {
  return Object.fromEntries(
    [...stacks.values()].flatMap(({ resource }) =>
      Object.entries(resource['digitalocean_firewall'] ?? {}).map(([node, { inbound_rule }]) => [
        node,
        (inbound_rule as { protocol: string; port_range: string }[]).map(
          (rule) => `${rule.port_range}/${rule.protocol}`,
        ),
      ]),
    ),
  );
}

/** What people read after a deployment. */
function outputs({ stacks }: Synthesis): Record<string, unknown> {
  return Object.fromEntries(
    [...stacks].map(([stack, { output }]) => [
      stack,
      Object.fromEntries(
        Object.entries((output as typeof output | undefined) ?? {})
          .filter(([name]) => !name.startsWith('cross-stack-output-'))
          .map(([name, { value, sensitive }]) => [name, sensitive === true ? 'sensitive' : value]),
      ),
    ]),
  );
}

const address = (node: string): string => `\${digitalocean_reserved_ip.${node}.ip_address}`;

describe('all in one', () => {
  it('is one droplet that is coordinator and gateway', async () => {
    const mesh = await synthesizeMesh({ nodes: { one: { coordinator: true, wireguard: true } } });
    expect(resources(mesh)).toEqual(of('coordinator', 'one', NODE, RESERVED).sort());
    expect(doors(mesh)).toEqual({ one: ['8443/tcp', '51821/udp', '51820/udp'] });
    expect(outputs(mesh)).toEqual({
      coordinator: {
        coordinator_url: `https://${address('one')}:8443`,
        gateways: [{ name: 'one', region: 'ams3', endpoint: `${address('one')}:51820`, port: 51820 }],
      },
    });
    expect(mesh.dependencies).toEqual({ coordinator: [] });
    expect(mesh.warnings).toEqual([]);
  });
});

describe('a dedicated gateway', () => {
  it('is a stack of its own beside the coordinator, in the same region too', async () => {
    const mesh = await synthesizeMesh({ nodes: { hub: { coordinator: true }, wg: { wireguard: true, wg_port: 443 } } });
    expect(resources(mesh)).toEqual(
      [...of('coordinator', 'hub', NODE, RESERVED), ...of('gateway-ams3', 'wg', NODE, RESERVED)].sort(),
    );
    expect(doors(mesh)).toEqual({ hub: ['8443/tcp', '51821/udp'], wg: ['51821/udp', '443/udp'] });
    expect(outputs(mesh)).toEqual({
      coordinator: { coordinator_url: `https://${address('hub')}:8443` },
      'gateway-ams3': { gateways: [{ name: 'wg', region: 'ams3', endpoint: `${address('wg')}:443`, port: 443 }] },
    });
    expect(mesh.dependencies).toEqual({ coordinator: [], 'gateway-ams3': ['coordinator'] });
  });
});

describe('gateways in many regions, with a domain', () => {
  it('are a stack for each region, none of which knows another', async () => {
    const mesh = await synthesizeMesh({
      domain: 'mesh.example.com',
      nodes: {
        hub: { coordinator: true },
        'wg-us': { wireguard: true, region: 'nyc3' },
        'wg-us-2': { wireguard: true, region: 'nyc3', endpoint: 'vpn.example.org:51820' },
        'wg-eu': { wireguard: true, region: 'fra1', reserved_ip: false },
      },
    });
    const named = ['digitalocean_record'];
    expect(resources(mesh)).toEqual(
      [
        ...of('coordinator', 'hub', NODE, named),
        'coordinator/digitalocean_record._domain',
        ...of('gateway-fra1', 'wg-eu', NODE, named),
        ...of('gateway-nyc3', 'wg-us', NODE, RESERVED, named),
        ...of('gateway-nyc3', 'wg-us-2', NODE, RESERVED, named),
      ].sort(),
    );
    expect(outputs(mesh)).toEqual({
      coordinator: { coordinator_url: 'https://mesh.example.com:8443' },
      'gateway-fra1': {
        gateways: [{ name: 'wg-eu', region: 'fra1', endpoint: 'wg-eu.mesh.example.com:51820', port: 51820 }],
      },
      'gateway-nyc3': {
        gateways: [
          { name: 'wg-us', region: 'nyc3', endpoint: `${address('wg-us')}:51820`, port: 51820 },
          { name: 'wg-us-2', region: 'nyc3', endpoint: 'vpn.example.org:51820', port: 51820 },
        ],
      },
    });
    for (const [name, { data }] of mesh.stacks)
      expect([name, Object.keys(data ?? {})]).toEqual([name, ['digitalocean_domain']]);
  });
});

describe('exits and networks behind nodes', () => {
  it('are refused with the reason, since no node carries their traffic yet', async () => {
    const nodes = {
      hub: { coordinator: true, routes: ['10.0.0.0/8'] },
      exit: { allow_exit_traffic: true },
      wg: { wireguard: true, exit_node: 'exit' },
    };
    await expect(synthesizeMesh({ nodes })).rejects.toThrow(
      [
        'mesh.yaml: 3 problems',
        '  nodes.exit.allow_exit_traffic: true; allowed: false, yet: gateways do not carry traffic to the internet',
        '  nodes.hub.routes: ["10.0.0.0/8"]; allowed: none, yet: only the mesh itself is routed',
        '  nodes.wg.exit_node: "exit"; allowed: nothing, yet: gateways do not carry traffic to the internet',
      ].join('\n'),
    );
  });
});

describe('peers only, with a coordinator elsewhere', () => {
  it('are their regions’ stacks and no other; one that is no gateway has no address to lose', async () => {
    const mesh = await synthesizeMesh({
      external_coordinator_url: 'https://coord.example.com',
      ssh_from: ['198.51.100.0/24'],
      nodes: { files: { region: 'lon1' }, wg: { wireguard: true, region: 'sgp1' } },
    });
    expect(resources(mesh)).toEqual(
      [...of('gateway-lon1', 'files', NODE), ...of('gateway-sgp1', 'wg', NODE, RESERVED)].sort(),
    );
    expect(doors(mesh)).toEqual({ files: ['51821/udp', '22/tcp'], wg: ['51821/udp', '51820/udp', '22/tcp'] });
    expect(outputs(mesh)).toEqual({
      'gateway-lon1': {},
      'gateway-sgp1': { gateways: [{ name: 'wg', region: 'sgp1', endpoint: `${address('wg')}:51820`, port: 51820 }] },
    });
    expect(mesh.dependencies).toEqual({ 'gateway-lon1': [], 'gateway-sgp1': [] });
  });
});
