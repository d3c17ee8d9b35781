import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { meshFileArbitrary } from '../test/property/mesh-file-arbitrary.ts';
import { problemsIn } from '../test/property/problems-in.ts';
import { parseClaims, renderClaims } from './claims.ts';
import { claimsOfNode, parseMeshFile, readMeshFile, renderMeshFile, writeMeshFile } from './mesh-file.ts';
import type { Label } from './name.ts';

const HUB = { coordinator: true };

const SCENARIO_3_HCL = `nodes = {
  "coordinator" = {
    coordinator = true
    peer        = true
    region      = "ams3"
  }
  "wg-us" = {
    peer      = true
    wireguard = true
    region    = "nyc3"
  }
  "wg-eu" = {
    peer      = true
    wireguard = true
    region    = "fra1"
  }
  "wg-asia" = {
    peer      = true
    wireguard = true
    region    = "sgp1"
  }
}
`;

const SCENARIO_3_YAML = `
nodes:
  coordinator: { coordinator: true, peer: true, region: ams3 }
  wg-us: { peer: true, wireguard: true, region: nyc3 }
  wg-eu: { peer: true, wireguard: true, region: fra1 }
  wg-asia: { peer: true, wireguard: true, region: sgp1 }
`;

const SINGLE_GATEWAY_HCL = `nodes = {
  "wg-gateway" = {
    peer      = true
    wireguard = true
    wg_port   = 51820
    region    = "nyc3"
  }
}
`;

function problems(document: unknown): readonly string[] {
  return problemsIn(() => parseMeshFile(document, 'mesh.yaml'));
}

describe('the mesh file', () => {
  it("the mission's regions parse as they stand, and HCL and YAML declare the same mesh", async () => {
    const fromHcl = await readMeshFile(SCENARIO_3_HCL, 'mesh.tfvars');
    expect(fromHcl).toEqual(await readMeshFile(SCENARIO_3_YAML, 'mesh.yaml'));
    expect(Array.from(fromHcl.nodes.values(), ({ name, region, wireguard }) => [name, region, wireguard])).toEqual([
      ['coordinator', 'ams3', false],
      ['wg-asia', 'sgp1', true],
      ['wg-eu', 'fra1', true],
      ['wg-us', 'nyc3', true],
    ]);
  });

  it("the mission's single gateway parses as it stands beside a coordinator that runs elsewhere", async () => {
    const text = `external_coordinator_url = "https://coord.example.com"\n${SINGLE_GATEWAY_HCL}`;
    const { nodes } = await readMeshFile(text, 'mesh.tfvars');
    expect(nodes.get('wg-gateway' as Label)).toEqual({
      name: 'wg-gateway',
      coordinator: false,
      peer: true,
      wireguard: true,
      wg_port: 51820,
      region: 'nyc3',
      size: 's-1vcpu-1gb',
      endpoint: null,
      exit_node: null,
      allow_exit_traffic: false,
      routes: [],
      dns_aliases: [],
      reserved_ip: true,
      generation: 0,
      protect: true,
      tags: [],
      location: null,
    });
  });

  it.each(['mesh.yaml', 'mesh.tfvars'])('what is written as %s declares the same mesh again', async (path) => {
    await fc.assert(
      fc.asyncProperty(meshFileArbitrary, async (file) => {
        expect(await readMeshFile(writeMeshFile(file, path), path)).toEqual(file);
      }),
      { numRuns: 50 },
    );
  });

  it('what is there by default is not written', () => {
    const file = parseMeshFile({ nodes: { hub: HUB, wg: { wireguard: true, region: 'nyc3' } } }, 'mesh.yaml');
    expect(renderMeshFile(file)).toEqual({ nodes: { hub: HUB, wg: { wireguard: true, region: 'nyc3' } } });
  });

  it('nodes without a region or size have the defaults of the file', () => {
    const file = parseMeshFile({ default_region: 'lon1', default_size: 'c-2', nodes: { hub: HUB } }, 'mesh.yaml');
    expect(file.nodes.get('hub' as Label)).toMatchObject({ region: 'lon1', size: 'c-2' });
  });

  it('coordinators and gateways keep their address unless told otherwise', () => {
    const nodes = { hub: HUB, wg: { wireguard: true }, plain: {}, told: { wireguard: true, reserved_ip: false } };
    const file = parseMeshFile({ nodes }, 'mesh.yaml');
    const kept = [...file.nodes.values()].filter((node) => node.reserved_ip).map((node) => node.name);
    expect(kept).toEqual(['hub', 'wg']);
  });

  it('a coordinator that has a name needs no reserved address, unless it is a gateway too or asks for one', () => {
    const reserved = (document: object): boolean | undefined =>
      parseMeshFile(document, 'mesh.yaml').nodes.get('hub' as Label)?.reserved_ip;
    const domain = 'mesh.example.com';
    expect(reserved({ nodes: { hub: HUB } })).toBe(true);
    expect(reserved({ domain, nodes: { hub: HUB } })).toBe(false);
    expect(reserved({ domain, nodes: { hub: { ...HUB, wireguard: true } } })).toBe(true);
    expect(reserved({ domain, nodes: { hub: { ...HUB, reserved_ip: true } } })).toBe(true);
  });

  it('nodes are protected unless the file or they themselves say otherwise', () => {
    const guarded = (document: object): boolean | undefined =>
      parseMeshFile(document, 'mesh.yaml').nodes.get('hub' as Label)?.protect;
    expect(guarded({ nodes: { hub: HUB } })).toBe(true);
    expect(guarded({ protect: false, nodes: { hub: HUB } })).toBe(false);
    expect(guarded({ protect: false, nodes: { hub: { ...HUB, protect: true } } })).toBe(true);
  });

  it('a domain lies in the zone of its last two labels, unless the file names another', () => {
    const zone = (document: object): string | null =>
      parseMeshFile({ nodes: { hub: HUB }, ...document }, 'mesh.yaml').dns_zone;
    expect(zone({})).toBeNull();
    expect(zone({ domain: 'mesh.example.com' })).toBe('example.com');
    expect(zone({ domain: 'a.example.co.uk', dns_zone: 'example.co.uk' })).toBe('example.co.uk');
  });

  it("a node's claims survive the way to their text and back", () => {
    fc.assert(
      fc.property(meshFileArbitrary, (file) => {
        for (const node of file.nodes.values()) {
          const claims = claimsOfNode(node);
          expect(parseClaims(renderClaims(claims))).toEqual(claims);
        }
      }),
    );
  });
});

describe('a mesh file that cannot be used', () => {
  it('has all of its problems reported at once, of single values and between them', async () => {
    const text = `
mesh_cidr: 172.30.0.1/16
nodes:
  hub: { coordinator: true, wg_port: 70000 }
  hub-2: { coordinator: true, wiregaurd: true }
  wg_us: { wireguard: true, wg_port: 70001 }
  office: { routes: [10.0.0.0/8] }
  branch: { routes: [10.1.0.0/16], dns_aliases: [Office] }
`;
    await expect(readMeshFile(text, 'mesh.yaml')).rejects.toMatchObject({
      message: [
        'mesh.yaml: 8 problems',
        '  nodes.hub.wg_port: 70000; allowed: a port, 1-65535',
        '  nodes.hub-2.wiregaurd: true; allowed: no such key; did you mean "wireguard"? (known: coordinator, peer, wireguard, wg_port, region, size, endpoint, exit_node, allow_exit_traffic, routes, dns_aliases, reserved_ip, generation, protect, tags, location)',
        '  nodes.wg_us.wg_port: 70001; allowed: a port, 1-65535',
        '  mesh_cidr: "172.30.0.1/16"; allowed: an IPv4 network without host bits, /8 to /24, such as 172.30.0.0/16',
        '  nodes.wg_us: "wg_us"; allowed: a DNS label: 1 to 63 of a-z, 0-9 and -, no - at either end',
        '  nodes.hub-2.coordinator: true; allowed: false, since "hub" is the coordinator; several need a shared database, which cannot be declared yet',
        '  nodes.branch.dns_aliases: "office"; allowed: a name of its own; "office" stands in nodes.office already',
        '  nodes.branch.routes: "10.1.0.0/16"; allowed: a network apart from 10.0.0.0/8 in nodes.office.routes',
      ].join('\n'),
    });
  });

  it.each([
    [
      'no coordinator',
      { nodes: { wg: {} } },
      'nodes: ["wg"]; allowed: one node with coordinator: true, or else an external_coordinator_url',
    ],
    [
      'a coordinator here and elsewhere',
      { nodes: { hub: HUB }, external_coordinator_url: 'https://c.example.com' },
      'external_coordinator_url: "https://c.example.com"; allowed: nothing where a node is the coordinator ("hub")',
    ],
    [
      'a coordinator that is no peer',
      { nodes: { hub: { coordinator: true, peer: false } } },
      'nodes.hub.peer: false; allowed: true: a coordinator is a peer too',
    ],
    [
      'a gateway that is no peer',
      { nodes: { hub: HUB, wg: { wireguard: true, peer: false } } },
      'nodes.wg.peer: false; allowed: true: a gateway is a peer too',
    ],
    [
      'a node without any role',
      { nodes: { hub: HUB, idle: { peer: false } } },
      'nodes.idle.peer: false; allowed: true: a node that is no peer has nothing to do',
    ],
    [
      'a reserved name',
      { nodes: { hub: HUB, this: {} } },
      'nodes.this: "this"; allowed: a DNS label other than this, panel, localhost',
    ],
    [
      'a reserved alias',
      { nodes: { hub: { ...HUB, dns_aliases: ['Panel'] } } },
      'nodes.hub.dns_aliases.0: "Panel"; allowed: a name that folds to a DNS label of 1 to 63 of a-z, 0-9 and -, but not to this, panel, localhost',
    ],
    [
      'two aliases that fold to one',
      { nodes: { hub: { ...HUB, dns_aliases: ['My Files', 'my-files'] } } },
      'nodes.hub.dns_aliases: "my-files"; allowed: a name of its own; "my-files" stands in nodes.hub.dns_aliases already',
    ],
    [
      'a retired name that is in use',
      { nodes: { hub: HUB }, retired: ['hub'] },
      'retired: "hub"; allowed: a name of its own; "hub" stands in nodes.hub already',
    ],
    [
      'a name that is kept and forgotten at once',
      { nodes: { hub: HUB }, retired: ['old'], forgotten: ['old'] },
      'forgotten: "old"; allowed: a name of its own; "old" stands in retired already',
    ],
    [
      'a route into the mesh',
      { nodes: { hub: { ...HUB, routes: ['172.30.4.0/24'] } } },
      'nodes.hub.routes: "172.30.4.0/24"; allowed: a network apart from mesh_cidr, 172.30.0.0/16',
    ],
    [
      'a route to the metadata service',
      { nodes: { hub: { ...HUB, routes: ['169.254.169.254/32'] } } },
      'nodes.hub.routes: "169.254.169.254/32"; allowed: a network apart from 169.254.0.0/16, which is never routed',
    ],
    [
      'a mesh too small to share out',
      { nodes: { hub: HUB }, mesh_cidr: '10.0.0.0/25' },
      'mesh_cidr: "10.0.0.0/25"; allowed: an IPv4 network without host bits, /8 to /24, such as 172.30.0.0/16',
    ],
    [
      'an exit that is none',
      { nodes: { hub: HUB, wg: { wireguard: true, exit_node: 'hub' } } },
      'nodes.wg.exit_node: "hub"; allowed: a node with allow_exit_traffic: true (there is none)',
    ],
    [
      "a concentrator on the mesh device's port",
      { nodes: { hub: { ...HUB, wg_port: 51821 } } },
      'nodes.hub.wg_port: 51821; allowed: a port, 1-65535, but not 51821 or 4790, which the mesh itself uses',
    ],
    [
      'a domain outside of its zone',
      { nodes: { hub: HUB }, domain: 'mesh.example.com', dns_zone: 'ample.com' },
      'dns_zone: "ample.com"; allowed: the end of domain, mesh.example.com',
    ],
    [
      'a zone for no domain',
      { nodes: { hub: HUB }, dns_zone: 'example.com' },
      'dns_zone: "example.com"; allowed: nothing without a domain',
    ],
    ['no nodes', {}, 'nodes: missing; allowed: a map of names to values'],
    ['something else altogether', ['hub'], '["hub"]; allowed: a map of keys to values'],
  ])('%s is refused with its place, the value and what is allowed', (_, document, problem) => {
    expect(problems(document)).toEqual([expect.stringContaining(problem)]);
  });

  it('more nodes than a mesh may have are refused', () => {
    const nodes = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`n${String(index)}`, {}]));
    expect(problems({ nodes })).toEqual(['nodes: "1001 nodes"; allowed: at most 1000']);
  });

  it('overlaps are found wherever the enclosing network stands', () => {
    const network = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 16, max: 24 }));
    fc.assert(
      fc.property(fc.uniqueArray(network, { maxLength: 8 }), (pairs) => {
        const bounds = pairs.map(([octet, length]) => {
          const size = 2 ** (24 - length);
          return { first: octet - (octet % size), last: octet - (octet % size) + size - 1, length };
        });
        const clean = bounds.every((a, i) => bounds.every((b, j) => i === j || a.last < b.first || b.last < a.first));
        const routes = bounds.map(({ first, length }) => `10.0.${String(first)}.0/${String(length)}`);
        const found = problems({ nodes: { hub: { ...HUB, routes } } });
        expect(found.length === 0).toBe(clean);
      }),
    );
  });
});
