import { describe, expect, it } from '@jest/globals';
import { App, TerraformStack, Testing } from 'cdktf';
import { type Claims, parseClaims } from '../mesh/claims.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { parsePeerConfig } from '../mesh/peer-config.ts';
import { parseServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { parseYaml } from '../mesh/yaml.ts';
import { evaluateTemplate } from '../test/terraform/template.ts';
import { MeshDomain, type MeshDomainProps } from './mesh-domain.ts';
import { MeshSecrets } from './mesh-secrets.ts';
import { DigitalOceanNode, type MeshSettings, type NodeProps } from './node.ts';

const TOKEN = 'c0ffee'.padEnd(64, '1');
const ARTIFACT = { url: 'https://example.com/tunnelmesh.tar.gz', sha256: 'ab'.repeat(32) };
const GATEWAY: Claims = { coordinator: false, wireguard: true, exit: false, routes: [], aliases: [], generation: 0 };

const PROPS: Omit<NodeProps, 'mesh'> = {
  name: 'wg-us' as Label,
  claims: GATEWAY,
  wireguardPort: 51820,
  endpoint: null,
  region: 'nyc3',
  size: 's-1vcpu-1gb',
  reservedAddress: true,
  protect: true,
  network: null,
  tags: [],
  coordinatorUrl: 'https://198.51.100.1:8443',
};

type Resources = Record<string, Record<string, Record<string, unknown>>>;

function synthesize(
  change: Partial<NodeProps> = {},
  artifact = ARTIFACT,
  domain?: MeshDomainProps,
  settings: Partial<MeshSettings> = {},
): Resources {
  const stack = new TerraformStack(new App(), 'stack');
  new DigitalOceanNode(stack, 'wg-us', {
    mesh: {
      name: 'office',
      cidr: '172.30.0.0/16' as Cidr,
      domainSuffix: 'tunnelmesh' as Label,
      sshKeys: ['3b:16'],
      sshFrom: [],
      artifact,
      secrets: new MeshSecrets(stack, 'secrets'),
      domain: domain ? new MeshDomain(stack, 'domain', domain) : null,
      image: 'debian-13-x64',
      alerts: null,
      preconditions: [],
      ...settings,
    },
    ...PROPS,
    ...change,
  });
  return (JSON.parse(Testing.synth(stack)) as { resource: Resources }).resource;
}

function resource(resources: Resources, type: string, name = 'wg-us'): Record<string, unknown> {
  const found = resources[type]?.[name];
  if (!found) throw new Error(`no ${type}.${name}`);
  return found;
}

const VALUES: Readonly<Record<string, string>> = {
  'var.auth_token': TOKEN,
  'digitalocean_reserved_ip.wg-us.ip_address': '203.0.113.50',
};

/** The files that the droplet would have, by path. */
function files(resources: Resources): ReadonlyMap<string, { permissions: string; content: string }> {
  const template = resource(resources, 'digitalocean_droplet')['user_data'] as string;
  const text = evaluateTemplate(template, (reference) => {
    const value = VALUES[reference];
    if (value === undefined) throw new Error(`unexpected reference ${reference}`);
    return value;
  });
  const { write_files } = parseYaml(text, 'user data') as {
    write_files: { path: string; permissions: string; content: string }[];
  };
  return new Map(write_files.map(({ path, ...rest }) => [path, rest]));
}

/** The parsed YAML inside the file, which only root may read. */
function secretDocument(resources: Resources, path: string): unknown {
  const file = files(resources).get(path);
  expect(file?.permissions).toBe('0600');
  return parseYaml(file?.content ?? '', path);
}

describe('a gateway', () => {
  const resources = synthesize();

  it('is exactly these resources', () => {
    const { user_data, ...droplet } = resource(resources, 'digitalocean_droplet');
    expect(user_data).toMatch(/^#cloud-config\n/);
    expect({ ...resources, digitalocean_droplet: { 'wg-us': droplet } }).toEqual({
      digitalocean_tag: { 'wg-us': { name: 'office:wg-us' } },
      digitalocean_firewall: {
        'wg-us': {
          name: 'office-wg-us',
          tags: ['${digitalocean_tag.wg-us.name}'],
          inbound_rule: [
            { protocol: 'udp', port_range: '51821', source_addresses: ['0.0.0.0/0', '::/0'] },
            { protocol: 'udp', port_range: '51820', source_addresses: ['0.0.0.0/0', '::/0'] },
          ],
          outbound_rule: [
            { protocol: 'tcp', port_range: 'all', destination_addresses: ['0.0.0.0/0', '::/0'] },
            { protocol: 'udp', port_range: 'all', destination_addresses: ['0.0.0.0/0', '::/0'] },
            { protocol: 'icmp', destination_addresses: ['0.0.0.0/0', '::/0'] },
          ],
        },
      },
      digitalocean_volume: {
        'wg-us': {
          name: 'office-wg-us',
          region: 'nyc3',
          size: 1,
          initial_filesystem_type: 'ext4',
          lifecycle: { prevent_destroy: true },
        },
      },
      digitalocean_reserved_ip: { 'wg-us': { region: 'nyc3', lifecycle: { prevent_destroy: true } } },
      digitalocean_reserved_ip_assignment: {
        'wg-us': {
          ip_address: '${digitalocean_reserved_ip.wg-us.ip_address}',
          droplet_id: '${digitalocean_droplet.wg-us.id}',
        },
      },
      terraform_data: {
        'wg-us': {
          input: {
            claims: 'roles=wireguard;routes=;aliases=;generation=0',
            wireguard_port: 51820,
            endpoint: '',
            reserved_address: true,
          },
        },
      },
      digitalocean_droplet: {
        'wg-us': {
          name: 'office-wg-us',
          image: 'debian-13-x64',
          region: 'nyc3',
          size: 's-1vcpu-1gb',
          ssh_keys: ['3b:16'],
          tags: ['${digitalocean_tag.wg-us.name}'],
          volume_ids: ['${digitalocean_volume.wg-us.id}'],
          monitoring: true,
          ipv6: true,
          graceful_shutdown: true,
          timeouts: { delete: '10m' },
          depends_on: ['digitalocean_firewall.wg-us'],
          lifecycle: {
            ignore_changes: ['user_data', 'ssh_keys', 'image', 'vpc_uuid'],
            replace_triggered_by: ['terraform_data.wg-us'],
            precondition: [
              { condition: '${can(regex("^[0-9a-f]{64}$", var.auth_token))}', error_message: expect.any(String) },
            ],
          },
        },
      },
    });
  });

  it('boots into its place in the mesh: its reserved address, its own token, the coordinator', () => {
    const claims = 'roles=wireguard;routes=;aliases=;generation=0';
    expect(parsePeerConfig(secretDocument(resources, '/etc/tunnelmesh/peer.yaml'), 'peer.yaml')).toEqual({
      name: 'wg-us',
      server: 'https://198.51.100.1:8443',
      auth_token: null,
      node_token: nodeToken(joinRoot(TOKEN), PROPS.name, claims),
      claims,
      data_dir: '/var/lib/tunnelmesh/peer',
      mesh: { listen_port: 51821, endpoint: '203.0.113.50:51821' },
      wireguard: {
        enabled: true,
        listen_port: 51820,
        endpoint: '203.0.113.50:51820',
        data_dir: '/var/lib/tunnelmesh/wireguard',
      },
    });
    expect(parseClaims(claims)).toEqual(GATEWAY);
  });

  it('announces the endpoint that was chosen for it, and its own when none was', () => {
    const chosen = synthesize({ endpoint: 'wg.example.com:51820' });
    const dynamic = synthesize({ reservedAddress: false });
    const endpoints = [chosen, dynamic].map(
      (given) => parsePeerConfig(secretDocument(given, '/etc/tunnelmesh/peer.yaml'), 'peer.yaml').wireguard.endpoint,
    );
    expect(endpoints).toEqual(['wg.example.com:51820', null]);
  });

  it('without reserved address has none to lose', () => {
    const { digitalocean_reserved_ip, digitalocean_reserved_ip_assignment } = synthesize({ reservedAddress: false });
    expect([digitalocean_reserved_ip, digitalocean_reserved_ip_assignment]).toEqual([undefined, undefined]);
  });

  it('carries a script that Terraform leaves as it is', () => {
    expect(files(resources).get('/usr/local/lib/tunnelmesh/install.sh')?.content).toContain(
      "--showformat='${db:Status-Status}\\n'",
    );
  });

  it('is replaced by a change of its own settings and by no other', () => {
    const trigger = (change: Partial<NodeProps>, artifact = ARTIFACT): unknown =>
      resource(synthesize(change, artifact), 'terraform_data');
    const before = trigger({});
    expect(trigger({}, { ...ARTIFACT, sha256: 'cd'.repeat(32) })).toEqual(before);
    expect(trigger({ coordinatorUrl: 'https://198.51.100.2:8443' })).toEqual(before);
    for (const change of [
      { claims: { ...GATEWAY, generation: 1 } },
      { claims: { ...GATEWAY, exit: true } },
      { wireguardPort: 443 },
      { endpoint: 'wg.example.com:51820' },
      { reservedAddress: false },
    ])
      expect(trigger(change)).not.toEqual(before);
  });

  it('is refused without a coordinator to join', () => {
    expect(() => synthesize({ coordinatorUrl: null })).toThrow('node wg-us is told no coordinator');
  });

  it('is refused when its user data could grow too large', () => {
    const aliases = Array.from({ length: 400 }, (_, index) => `a${String(index).padStart(40, '0')}` as Label);
    expect(() => synthesize({ claims: { ...GATEWAY, aliases } })).toThrow(/node wg-us would measure \d+ bytes/);
  });
});

describe('a coordinator', () => {
  it("holds what recognises tokens, and not the operator's token", () => {
    const claims: Claims = { ...GATEWAY, coordinator: true, wireguard: false };
    const document = secretDocument(synthesize({ claims, coordinatorUrl: null }), '/etc/tunnelmesh/server.yaml');
    expect(parseServerConfig(document, 'server.yaml', { lab: false })).toEqual({
      listen: { host: null, port: 8443, tls: true },
      auth_token: null,
      join_root: joinRoot(TOKEN),
      token_verifier: tokenVerifier(TOKEN),
      data_dir: '/var/lib/tunnelmesh/coordinator',
      mesh_cidr: '172.30.0.0/16',
      domain_suffix: 'tunnelmesh',
      join_mesh: {
        name: 'wg-us',
        data_dir: '/var/lib/tunnelmesh/peer',
        mesh: { listen_port: 51821, endpoint: '203.0.113.50:51821' },
        wireguard: {
          enabled: false,
          listen_port: 51820,
          endpoint: null,
          data_dir: '/var/lib/tunnelmesh/wireguard',
        },
      },
    });
  });
});

describe('a node of a mesh with a domain', () => {
  const domain = { domain: 'mesh.example.com', zone: 'example.com' };
  const record = (name: string, value: string): object => ({
    domain: '${data.digitalocean_domain.zone.name}',
    type: 'A',
    name,
    value,
    ttl: 60,
  });

  it('has a record of its own', () => {
    expect(synthesize({}, ARTIFACT, domain)['digitalocean_record']).toEqual({
      'wg-us': record('wg-us.mesh', '${digitalocean_reserved_ip.wg-us.ip_address}'),
    });
  });

  it('is known by its name where it has no reserved address', () => {
    const resources = synthesize({ reservedAddress: false }, ARTIFACT, domain);
    expect(resources['digitalocean_record']).toEqual({
      'wg-us': record('wg-us.mesh', '${digitalocean_droplet.wg-us.ipv4_address}'),
    });
    expect(secretDocument(resources, '/etc/tunnelmesh/peer.yaml')).toMatchObject({
      mesh: { endpoint: 'wg-us.mesh.example.com:51821' },
      wireguard: { endpoint: 'wg-us.mesh.example.com:51820' },
    });
  });

  it('gives the domain itself to the coordinator, at the top of a zone as well as below', () => {
    const claims: Claims = { ...GATEWAY, coordinator: true };
    const change = { claims, coordinatorUrl: null, reservedAddress: false };
    const named = (zone: MeshDomainProps): unknown =>
      synthesize(change, ARTIFACT, zone)['digitalocean_record']?.['_domain'];
    const address = '${digitalocean_droplet.wg-us.ipv4_address}';
    expect(named(domain)).toEqual(record('mesh', address));
    expect(named({ domain: 'example.com', zone: 'example.com' })).toEqual(record('@', address));
  });
});

describe('a watched node', () => {
  const alerts = { email: ['ops@example.com'], cpu: 90, memory: 80, disk: 70 };
  const resources = synthesize({}, ARTIFACT, undefined, { alerts });

  it('has its team told of what it is short of', () => {
    const measure = (of: string, type: string, value: number): object => ({
      description: `office-wg-us: ${of} above ${String(value)} %`,
      type: `v1/insights/droplet/${type}`,
      compare: 'GreaterThan',
      value,
      window: '10m',
      entities: ['${digitalocean_droplet.wg-us.id}'],
      alerts: { email: ['ops@example.com'] },
      enabled: true,
    });
    expect(resources['digitalocean_monitor_alert']).toEqual({
      'wg-us_cpu': measure('cpu', 'cpu', 90),
      'wg-us_memory': measure('memory', 'memory_utilization_percent', 80),
      'wg-us_disk': measure('disk', 'disk_utilization_percent', 70),
    });
  });

  it('is pinged from outside, through a door that is open for that', () => {
    expect(resources['digitalocean_uptime_check']).toEqual({
      'wg-us': {
        name: 'office-wg-us',
        type: 'ping',
        target: '${digitalocean_reserved_ip.wg-us.ip_address}',
        enabled: true,
      },
    });
    expect(resources['digitalocean_uptime_alert']).toEqual({
      'wg-us': {
        check_id: '${digitalocean_uptime_check.wg-us.id}',
        name: 'office-wg-us is down',
        type: 'down_global',
        period: '2m',
        notifications: [{ email: ['ops@example.com'] }],
      },
    });
    expect(resource(resources, 'digitalocean_firewall')['inbound_rule']).toContainEqual({
      protocol: 'icmp',
      source_addresses: ['0.0.0.0/0', '::/0'],
    });
  });
});

describe('protection', () => {
  it('is what the node asks for, on what its identity hangs on', () => {
    for (const protect of [true, false]) {
      const resources = synthesize({ protect });
      for (const type of ['digitalocean_volume', 'digitalocean_reserved_ip'])
        expect(resource(resources, type)['lifecycle']).toEqual({ prevent_destroy: protect });
    }
  });
});
