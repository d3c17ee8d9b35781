/** What a device is handed: for each gateway a configuration file and the same as a QR code. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { SECRET_DIRECTORY_MODE, SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import type { ClientView, MeshView } from '../mesh/api.ts';
import { parseEndpoint } from '../mesh/endpoint.ts';
import { hex } from '../mesh/hex.ts';
import { prefixLength } from '../mesh/ipv4.ts';
import type { PrivateKey } from '../mesh/key.ts';
import type { Label } from '../mesh/name.ts';
import { addressPlan } from '../mesh/address-plan.ts';
import { encodeQr, type QrCode, renderQrPng } from '../templates/qr-code.ts';
import { CLIENT_KEEPALIVE_SECONDS, renderWgQuick } from '../templates/wg-quick.ts';
import { EXIT, Failure } from './failure.ts';

/** Longest name of a tunnel: wg-quick makes it an interface's name (IFNAMSIZ − 1), Android and NetworkManager agree. */
export const TUNNEL_NAME_MAX_LENGTH = 15;

/** Device names that Windows keeps for itself, whatever the extension. */
const WINDOWS_RESERVED = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/;

/** A client's way in through one gateway, on disk. */
export interface TunnelFile {
  /** Name of the gateway. */
  readonly gateway: Label;
  /** Name of the tunnel, and of the interface that wg-quick makes. */
  readonly tunnel: string;
  /** Path of the configuration. */
  readonly config: string;
  /** Path of the QR code as an image. */
  readonly qr: string;
  readonly code: QrCode;
}

/**
 * The name that every platform takes for the tunnel to a gateway: the gateway's own where it is short enough, else its
 * start and four digits of a hash, so that two long names stay apart.
 */
export function tunnelName(gateway: Label): string {
  if (gateway.length <= TUNNEL_NAME_MAX_LENGTH && !WINDOWS_RESERVED.test(gateway)) return gateway;
  const mark = hex.encode(sha256(utf8ToBytes(gateway))).slice(0, 4);
  return `${gateway.slice(0, TUNNEL_NAME_MAX_LENGTH - 5)}-${mark}`;
}

/** The gateways in the order in which a client's files are listed: its own first, the others by name. */
export function gatewaysInOrder(mesh: MeshView, client: Pick<ClientView, 'gateway'>): MeshView['gateways'] {
  return [...mesh.gateways].sort(
    (a, b) => Number(b.id === client.gateway) - Number(a.id === client.gateway) || (a.name < b.name ? -1 : 1),
  );
}

/**
 * Writes the client's files, 0600, replacing older ones of the same name.
 * @param directory - absolute; made 0700 if it is missing
 */
export async function writeClientFiles(
  client: ClientView,
  key: PrivateKey,
  mesh: MeshView,
  directory: string,
): Promise<readonly TunnelFile[]> {
  await mkdir(directory, { recursive: true, mode: SECRET_DIRECTORY_MODE });
  const files: TunnelFile[] = [];
  for (const gateway of gatewaysInOrder(mesh, client)) {
    const endpoint = parseEndpoint(gateway.wireguard?.endpoint ?? '');
    if (!gateway.wireguard || !endpoint)
      throw new Failure(EXIT.failed, `${gateway.name} is listed as a gateway but has no concentrator`);
    const text = renderWgQuick({
      privateKey: key,
      address: client.address,
      prefixLength: prefixLength(mesh.cidr),
      dns: [addressPlan(mesh.cidr).coordinator],
      mtu: null,
      publicKey: gateway.wireguard.public_key,
      allowedIps: [mesh.cidr],
      endpoint,
      keepaliveSeconds: CLIENT_KEEPALIVE_SECONDS,
    });
    const tunnel = tunnelName(gateway.name);
    const code = encodeQr(text);
    const [config, qr] = [join(directory, `${tunnel}.conf`), join(directory, `${tunnel}.png`)];
    await writeFileAtomic(config, text, SECRET_FILE_MODE);
    await writeFileAtomic(qr, await renderQrPng(code), SECRET_FILE_MODE);
    files.push({ gateway: gateway.name, tunnel, config, qr, code });
  }
  return files;
}
