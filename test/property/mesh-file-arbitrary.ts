/** Arbitrary valid mesh files, for property tests of everything that reads one. */
import fc from 'fast-check';
import { type Cidr, cidrsOverlap } from '../../mesh/ipv4.ts';
import { type MeshFile, parseMeshFile } from '../../mesh/mesh-file.ts';
import type { Label } from '../../mesh/name.ts';
import { MESH_PORT, OVERLAY_PORT } from '../../mesh/port.ts';
import {
  cidrArbitrary,
  endpointTextArbitrary,
  hex64Arbitrary,
  labelArbitrary,
  portArbitrary,
} from './value-arbitrary.ts';

const region = fc.constantFrom('ams3', 'nyc3', 'fra1', 'sgp1', 'lon1');
const size = fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-2gb', 'c-2', 'g-2vcpu-8gb-intel');
const tags = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9:_-]{1,20}$/), { maxLength: 3 });

/** Text with everything that YAML or HCL might take for its own. */
const words = fc.string({
  unit: fc.constantFrom('a', 'é', '"', "'", '\\', '$', '{', '%', '}', '#', ':', ' ', '-', '?', '雨'),
  minLength: 1,
  maxLength: 30,
});

/** A node's own keys; what must agree with other nodes is dealt out in {@link meshFileArbitrary}. */
const node = fc.record(
  {
    peer: fc.constant(true),
    wireguard: fc.boolean(),
    wg_port: portArbitrary.filter((port) => port !== MESH_PORT && port !== OVERLAY_PORT),
    region: fc.option(region),
    size: fc.option(size),
    endpoint: fc.option(endpointTextArbitrary),
    allow_exit_traffic: fc.boolean(),
    reserved_ip: fc.option(fc.boolean()),
    generation: fc.nat({ max: 999_999_999 }),
    protect: fc.option(fc.boolean()),
    tags,
    location: fc.option(words),
  },
  { requiredKeys: [] },
);

const topLevel = fc.record(
  {
    name: fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/),
    domain: fc.option(labelArbitrary.map((label) => `${label}.example.com`)),
    domain_suffix: labelArbitrary,
    image: fc.constantFrom('debian-13-x64', '123456'),
    vpc: fc.boolean(),
    project: fc.option(words),
    alerts: fc.option(
      fc.record({
        email: fc.constant(['ops@example.com']),
        cpu: fc.integer({ min: 1, max: 99 }),
        memory: fc.integer({ min: 1, max: 99 }),
        disk: fc.integer({ min: 1, max: 99 }),
      }),
    ),
    protect: fc.boolean(),
    reserved_ip_limit: fc.nat({ max: 1000 }),
    default_region: region,
    default_size: size,
    ssh_keys: fc.array(fc.constantFrom('289794', 'aa:'.repeat(15).concat('0f')), { maxLength: 2 }),
    ssh_from: fc.array(cidrArbitrary(0, 32), { maxLength: 3 }),
    artifact: fc.option(fc.record({ url: fc.webUrl({ validSchemes: ['https'] }), sha256: hex64Arbitrary })),
    backend: fc.option(
      fc.record({
        bucket: fc.constant('tunnelmesh-state'),
        region,
        endpoint: region.map((slug) => `https://${slug}.digitaloceanspaces.com`),
      }),
    ),
    tags,
  },
  { requiredKeys: [] },
);

/** Networks that lie apart from each other and from the mesh. */
function apart(networks: readonly Cidr[], meshCidr: Cidr): Cidr[] {
  const kept: Cidr[] = [meshCidr];
  for (const network of networks) if (!kept.some((other) => cidrsOverlap(other, network))) kept.push(network);
  return kept.slice(1);
}

/** Every `modulus`-th entry, beginning with the `rest`-th: how shared things are dealt out among nodes. */
function dealt<T>(things: readonly T[], rest: number, modulus: number): T[] {
  return things.filter((_, index) => index % modulus === rest);
}

export const meshFileArbitrary: fc.Arbitrary<MeshFile> = fc
  .record({
    top: topLevel,
    names: fc.uniqueArray(labelArbitrary, { minLength: 1, maxLength: 16 }),
    nodes: fc.array(node, { minLength: 1, maxLength: 6 }),
    mesh_cidr: cidrArbitrary(8, 24),
    networks: fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 126 }), cidrArbitrary(12, 32))
        .map(([octet, network]) => network.replace(/^\d+/, String(octet)) as Cidr),
      { maxLength: 6 },
    ),
    coordinator: fc.nat({ max: 5 }),
    external: fc.boolean(),
  })
  .map(({ top, names, nodes, mesh_cidr, networks, coordinator, external }) => {
    const nodeNames = names.slice(0, nodes.length);
    const spare = names.slice(nodes.length);
    const routes = apart(networks, mesh_cidr);
    const exit = nodeNames.find((_, index) => nodes[index]?.allow_exit_traffic === true);
    const chosen = coordinator % nodeNames.length;
    const entries = nodeNames.map((name: Label, index): [string, unknown] => [
      name,
      {
        ...nodes[index],
        coordinator: !external && index === chosen,
        exit_node: exit ?? null,
        routes: dealt(routes, index, nodeNames.length),
        dns_aliases: dealt(spare, index, nodeNames.length + 1),
      },
    ]);
    const document = {
      ...top,
      mesh_cidr,
      nodes: Object.fromEntries(entries),
      retired: dealt(spare, nodeNames.length, nodeNames.length + 1),
      external_coordinator_url: external ? 'https://coord.example.com:8443' : null,
    };
    return parseMeshFile(document, 'arbitrary mesh file');
  });
