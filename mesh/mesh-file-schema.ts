/**
 * The mesh file's keys: what each means, what may stand there, what it is when absent. The JSON Schema that editors
 * complete the file by is generated from here.
 */
import { z } from 'zod';
import { DEFAULT_MESH_CIDR } from './address-plan.ts';
import { isHostname } from './endpoint.ts';
import { isIpv4 } from './ipv4.ts';
import type { Label } from './name.ts';
import { isServerUrl } from './peer-config.ts';
import { MESH_PORT, OVERLAY_PORT, WIREGUARD_PORT } from './port.ts';
import {
  cidrSchema,
  endpointSchema,
  foldedNameSchema,
  hex64Schema,
  LABEL_ALLOWED,
  labelSchema,
  meshCidrSchema,
  portSchema,
} from './schema.ts';

/** The region that nodes get unless the file says otherwise. */
export const DEFAULT_REGION = 'ams3';

/** The size that nodes get unless the file says otherwise: the smallest that is sold in every region. */
export const DEFAULT_SIZE = 's-1vcpu-1gb';

/** The image of droplets: it has nodejs 20, kept by Debian's security team (https://packages.debian.org/trixie/nodejs). */
export const DEFAULT_IMAGE = 'debian-13-x64';

/** Most entries of a node's lists; a node's claims then fit a join (see `join.ts`). */
const ROUTES_MAX = 64;
const ALIASES_MAX = 32;

/** Most entries of the other lists. */
const LIST_MAX = 1000;

/** Highest generation that claims can spell (see `claims.ts`). */
const GENERATION_MAX = 999_999_999;

/** Text of one exact form; the pattern goes into the JSON Schema too. */
function form(pattern: RegExp, maxLength: number, error: string): z.ZodString {
  return z.string({ error }).max(maxLength, { error, abort: true }).regex(pattern, { error });
}

const httpsUrlSchema = form(/^https:\/\/[^\s/?#@]+(?:\/[^\s]*)?$/, 2048, 'an https:// URL');
const dnsNameSchema = z
  .string()
  .max(253)
  .refine((name) => isHostname(name) && name.includes('.') && !isIpv4(name) && name === name.toLowerCase(), {
    error: 'a lower-case DNS name with a dot, such as mesh.example.com',
  });
const regionSchema = form(/^[a-z]{3}[0-9]{1,2}$/, 5, 'the slug of a DigitalOcean region, such as ams3');
const sizeSchema = form(/^[a-z0-9]+(?:-[a-z0-9.]+)+$/, 64, 'the slug of a droplet size, such as s-1vcpu-1gb');
const percentSchema = z.int().min(1).max(99);
const tagsSchema = z
  .array(form(/^[a-zA-Z0-9:_-]{1,255}$/, 255, "a tag: 1 to 255 of letters, digits, ':', '-' and '_'"))
  .max(LIST_MAX)
  .default([]);
/** Any text, so that what stands under a refused name is checked too; `mesh-file-rules.ts` refuses the name. */
const nodeNameSchema = z.string().meta({ description: LABEL_ALLOWED, maxLength: 63 });

const WG_PORT_ALLOWED = `a port, 1-65535, but not ${String(MESH_PORT)} or ${String(OVERLAY_PORT)}, which the mesh itself uses`;

/** One entry of `nodes`. */
const nodeSchema = z.strictObject({
  coordinator: z.boolean().default(false).describe('Runs the registry and API of the mesh. Exactly one node does.'),
  peer: z.boolean().default(true).describe('Takes part in the mesh. Every node that does anything is a peer.'),
  wireguard: z.boolean().default(false).describe('Runs a concentrator: standard WireGuard apps connect here.'),
  wg_port: portSchema
    .refine((port) => port !== MESH_PORT && port !== OVERLAY_PORT, { error: WG_PORT_ALLOWED })
    .default(WIREGUARD_PORT)
    .describe('UDP port of the concentrator.'),
  region: regionSchema.nullable().default(null).describe('Region of the droplet; default_region when absent.'),
  size: sizeSchema.nullable().default(null).describe('Size of the droplet; default_size when absent.'),
  endpoint: endpointSchema
    .nullable()
    .default(null)
    .describe('host:port where clients reach the concentrator; the reserved IP and wg_port when absent.'),
  exit_node: labelSchema
    .nullable()
    .default(null)
    .describe("Node that carries the internet traffic of this gateway's clients. It must allow_exit_traffic."),
  allow_exit_traffic: z.boolean().default(false).describe("May carry clients' internet traffic, masqueraded there."),
  routes: z
    .array(cidrSchema)
    .max(ROUTES_MAX)
    .default([])
    .describe('Networks behind this node that the mesh shall reach.'),
  dns_aliases: z
    .array(foldedNameSchema)
    .max(ALIASES_MAX)
    .default([])
    .describe('Further names of this node, each folded to a DNS label.'),
  reserved_ip: z
    .boolean()
    .nullable()
    .default(null)
    .describe(
      'Has an address that outlives the droplet. When absent: gateways do, and a coordinator that no domain names; others do not.',
    ),
  generation: z
    .int()
    .min(0)
    .max(GENERATION_MAX)
    .default(0)
    .describe('Raise it to replace the droplet; volume, address and keys stay.'),
  protect: z
    .boolean()
    .nullable()
    .default(null)
    .describe("Terraform refuses to destroy the node's volume and reserved IP; the file's protect when absent."),
  tags: tagsSchema.describe('Tags of the droplet besides those of the mesh.'),
  location: form(/^[^\p{C}]{1,100}$/u, 100, 'words on one line, at most 100 characters')
    .nullable()
    .default(null)
    .describe('Where the machine stands, in words for people.'),
});

/** The file. */
export const meshFileSchema = z.strictObject({
  name: form(/^[a-z](?:[a-z0-9-]{0,22}[a-z0-9])?$/, 24, '1 to 24 of a-z, 0-9 and -, beginning with a letter')
    .default('tunnelmesh')
    .describe('Name of the mesh; begins every tag, firewall and volume name, so that meshes can share an account.'),
  nodes: z.record(nodeNameSchema, nodeSchema).describe('The machines, by name. A name is a DNS label.'),
  mesh_cidr: meshCidrSchema.default(DEFAULT_MESH_CIDR).describe('Address range of the whole mesh, /8 to /24.'),
  domain: dnsNameSchema
    .nullable()
    .default(null)
    .describe('Public DNS name of the mesh, inside a zone that exists already and is never owned.'),
  dns_zone: dnsNameSchema
    .nullable()
    .default(null)
    .describe("The account's zone that holds domain; the last two labels of domain when absent."),
  domain_suffix: labelSchema.default('tunnelmesh' as Label).describe('Suffix of every name inside the mesh.'),
  default_region: regionSchema.default(DEFAULT_REGION).describe('Region of nodes that name none.'),
  default_size: sizeSchema.default(DEFAULT_SIZE).describe('Size of nodes that name none.'),
  protect: z
    .boolean()
    .default(true)
    .describe(
      'Terraform refuses to destroy the volumes and reserved IPs of nodes that say nothing, and of the retired.',
    ),
  reserved_ip_limit: z
    .int()
    .min(0)
    .max(LIST_MAX)
    .default(3)
    .describe('How many reserved IPs the account may have; three unless DigitalOcean raised it.'),
  ssh_keys: z
    .array(form(/^(?:[0-9]+|(?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/, 47, "an SSH key's fingerprint (MD5) or id, in quotes"))
    .max(LIST_MAX)
    .default([])
    .describe('Keys of the account that new droplets accept, by fingerprint or id.'),
  ssh_from: z.array(cidrSchema).max(LIST_MAX).default([]).describe('Networks that may reach SSH; none when absent.'),
  artifact: z
    .strictObject({
      url: httpsUrlSchema.describe('Where droplets download the tarball.'),
      sha256: hex64Schema.describe('SHA-256 of the tarball.'),
    })
    .nullable()
    .default(null)
    .describe('The software that nodes install.'),
  image: form(
    /^(?:[0-9]+|[a-z0-9]+(?:-[a-z0-9.]+)+)$/,
    64,
    'the slug of an image, such as debian-13-x64, or the id of one',
  )
    .default(DEFAULT_IMAGE)
    .describe('Image of new droplets. Anything but Debian 13 is at your own risk.'),
  vpc: z
    .boolean()
    .default(false)
    .describe("Gives the new droplets of each region a private network of their own instead of the region's."),
  project: form(/^[^\p{C}]{1,175}$/u, 175, 'the name of a project')
    .nullable()
    .default(null)
    .describe(
      "Project of the account that everything is put into; it has to exist. The account's default when absent.",
    ),
  alerts: z
    .strictObject({
      email: z
        .array(
          form(/^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}$/, 318, "a verified e-mail address of the account's team"),
        )
        .min(1)
        .max(LIST_MAX)
        .describe('Who is told.'),
      cpu: percentSchema.default(90).describe('Percent of the processors.'),
      memory: percentSchema.default(90).describe('Percent of the memory.'),
      disk: percentSchema.default(85).describe('Percent of the disk.'),
    })
    .nullable()
    .default(null)
    .describe('Tells when a node is short of something or does not answer a ping, which opens its firewall to pings.'),
  backend: z
    .strictObject({
      bucket: form(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 63, 'the name of a bucket: 3 to 63 of a-z, 0-9, . and -'),
      region: form(/^[a-z0-9-]{1,32}$/, 32, 'a region, such as ams3'),
      endpoint: httpsUrlSchema.describe('Base URL of the store, such as https://ams3.digitaloceanspaces.com.'),
    })
    .nullable()
    .default(null)
    .describe("S3-compatible bucket for Terraform's state; local files when absent. Its keys come by the environment."),
  tags: tagsSchema.describe('Tags of everything that the mesh owns.'),
  retired: z
    .array(labelSchema)
    .max(LIST_MAX)
    .default([])
    .describe('Names of former nodes: the droplet is gone, volume and address are kept.'),
  forgotten: z
    .array(labelSchema)
    .max(LIST_MAX)
    .default([])
    .describe('Names of former nodes whose volume and address are destroyed too, and with them their identity.'),
  external_coordinator_url: z
    .string()
    .max(512)
    .refine(isServerUrl, { error: 'the https:// URL of a host, such as https://coord.example.com:8443' })
    .nullable()
    .default(null)
    .describe('Coordinator that runs elsewhere, when no node is one.'),
});

/** The file as its schema gives it, before {@link MeshFile} fills in what depends on other keys. */
export type MeshFileKeys = z.infer<typeof meshFileSchema>;

/** The JSON Schema (draft 2020-12) of what may stand in the file; published as `docs/mesh.schema.json`. */
export function meshFileJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(meshFileSchema, { io: 'input' });
  return { ...schema, title: 'TunnelMesh mesh file' };
}
