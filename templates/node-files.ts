/**
 * What a node finds on its disk about itself: the configuration of its daemon, and what the kernel must allow. The one
 * source of these files for a droplet, where Terraform fills in addresses and secrets, and for a host of the lab.
 */
import { stringify } from 'yaml';
import { type Claims, renderClaims } from '../mesh/claims.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import { type PeerConfig, renderPeerConfig } from '../mesh/peer-config.ts';
import { MESH_PORT } from '../mesh/port.ts';
import { renderServerConfig } from '../mesh/server-config.ts';
import type { MachineFile } from './cloud-init.ts';
import { MACHINE_PATHS } from './install.ts';

/** The folders of a node's daemons below {@link MACHINE_PATHS} `data`. */
export const DATA_FOLDERS = { peer: 'peer', concentrator: 'wireguard', coordinator: 'coordinator' } as const;

/** The values of `mesh/token.ts` for one mesh, or expressions of them. */
export interface NodeSecrets {
  /** For coordinators only, as is the next. */
  readonly joinRoot: string;
  readonly tokenVerifier: string;
  /** @param claims - as `renderClaims` writes them */
  nodeToken(name: Label, claims: string): string;
}

/** What a node is told. Every text may be an expression for Terraform, but for the name. */
export interface NodeSettings {
  readonly name: Label;
  /** Roles, and what the node may declare; a coordinator is told apart from other peers by these. */
  readonly claims: Claims;
  /** UDP port of the concentrator; of no consequence without one. */
  readonly wireguardPort: number;
  /** `host:port` by which clients reach the concentrator; null for the node's own address. */
  readonly endpoint: string | null;
  /** The public address that it has before it boots; null where the coordinator shall see for itself. */
  readonly address: string | null;
  readonly meshCidr: Cidr;
  /** DNS suffix of every name in the mesh. */
  readonly domainSuffix: Label;
  /** URL of the coordinator: all that a node knows of another. A coordinator itself needs none. */
  readonly coordinatorUrl: string | null;
  readonly secrets: NodeSecrets;
}

/** A node's files, and which daemon reads the first of them. */
export interface NodeFiles {
  /** A coordinator runs `serve`, every other peer `join`; each takes the configuration by `--config`. */
  readonly command: 'serve' | 'join';
  /** `server.yaml` or `peer.yaml`. */
  readonly configuration: MachineFile;
  /** For `sysctl --load`. */
  readonly sysctls: MachineFile;
}

/** Where the kernel's settings are written down (sysctl.d(5)). */
export const SYSCTLS_PATH = '/etc/sysctl.d/60-tunnelmesh.conf';

/**
 * Forwarding for what the policy lets through; reverse-path checks loose, because a client's packets come in by `wg0` or
 * by the overlay, whichever gateway it is at (the policy checks sources itself). The highest of `all` and the
 * interface's own value counts (Linux Documentation/networking/ip-sysctl.rst).
 */
const SYSCTLS: MachineFile = {
  path: SYSCTLS_PATH,
  mode: '0644',
  content: `net.ipv4.ip_forward = 1
net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.default.rp_filter = 2
`,
};

/** What lets a node forward, run as root once its files are there. */
export const LOAD_SYSCTLS = ['sysctl', '--quiet', '--load', SYSCTLS_PATH] as const;

/** What a peer and a coordinator's own peer have in common. */
function peerSections(settings: NodeSettings): Pick<PeerConfig, 'data_dir' | 'mesh' | 'wireguard'> {
  const { claims, wireguardPort, endpoint, address } = settings;
  const at = (port: number): string | null => address && `${address}:${String(port)}`;
  return {
    data_dir: `${MACHINE_PATHS.data}/${DATA_FOLDERS.peer}`,
    mesh: { listen_port: MESH_PORT, endpoint: at(MESH_PORT) },
    wireguard: {
      enabled: claims.wireguard,
      listen_port: wireguardPort,
      endpoint: claims.wireguard ? (endpoint ?? at(wireguardPort)) : null,
      data_dir: `${MACHINE_PATHS.data}/${DATA_FOLDERS.concentrator}`,
    },
  };
}

function serverDocument(settings: NodeSettings): Record<string, unknown> {
  return renderServerConfig({
    listen: { host: null, port: COORDINATOR_PORT, tls: true },
    auth_token: null,
    join_root: settings.secrets.joinRoot,
    token_verifier: settings.secrets.tokenVerifier,
    data_dir: `${MACHINE_PATHS.data}/${DATA_FOLDERS.coordinator}`,
    mesh_cidr: settings.meshCidr,
    domain_suffix: settings.domainSuffix,
    join_mesh: { name: settings.name, ...peerSections(settings) },
  });
}

function peerDocument(settings: NodeSettings): Record<string, unknown> {
  const { name, coordinatorUrl, secrets } = settings;
  if (coordinatorUrl === null) throw new RangeError(`node ${name} is told no coordinator; allowed: its URL`);
  const claims = renderClaims(settings.claims);
  return renderPeerConfig({
    name,
    server: coordinatorUrl,
    auth_token: null,
    node_token: secrets.nodeToken(name, claims),
    claims,
    ...peerSections(settings),
  });
}

/** Readable by root alone: it holds the node's token. Every string is quoted: a digest of nothing but digits would otherwise be read as a number. */
function configurationFile(name: string, document: Record<string, unknown>): MachineFile {
  return {
    path: `${MACHINE_PATHS.configuration}/${name}`,
    mode: '0600',
    content: stringify(document, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }),
  };
}

/**
 * The files of a node.
 * @throws RangeError when a peer is told no coordinator
 */
export function nodeFiles(settings: NodeSettings): NodeFiles {
  return settings.claims.coordinator
    ? { command: 'serve', configuration: configurationFile('server.yaml', serverDocument(settings)), sysctls: SYSCTLS }
    : { command: 'join', configuration: configurationFile('peer.yaml', peerDocument(settings)), sysctls: SYSCTLS };
}
