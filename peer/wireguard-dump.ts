/**
 * What `wg show DEVICE dump` prints (wg(8), "show"): one line for the device (private key, public key, listen port,
 * fwmark), then one for each peer (public key, preshared key, endpoint, allowed ips, latest handshake in seconds since
 * 1970, bytes received, bytes sent, persistent keepalive), fields separated by tabs.
 */
import { isIpv4, type Ipv4 } from '../mesh/ipv4.ts';
import type { PublicKey } from '../mesh/key.ts';

/** A WireGuard device as it is. The private key is read past and never kept. */
export interface WireguardDump {
  /** `null` while the device has no private key. */
  readonly publicKey: PublicKey | null;
  readonly listenPort: number;
  readonly peers: readonly DumpedPeer[];
}

/** A peer on it. */
export interface DumpedPeer {
  readonly key: PublicKey;
  readonly endpoint: string | null;
  /** As printed, such as `172.30.0.5/32`. */
  readonly allowedIps: readonly string[];
  /** 0 when there was no handshake yet. */
  readonly lastHandshakeSeconds: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly keepaliveSeconds: number | null;
}

const DEVICE_FIELDS = 4;
const PEER_FIELDS = 8;
const NONE = '(none)';

/** A key as `wg` prints it. Whether anybody can own it was decided before it was put on the device. */
const KEY_PATTERN = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/**
 * The dump that the text spells.
 * @throws Error when the text is not a dump; its message holds no field of it, because the first is the private key
 */
export function parseWireguardDump(text: string): WireguardDump {
  const [first = '', ...rest] = text.split('\n').filter((line) => line !== '');
  const device = first.split('\t');
  if (device.length !== DEVICE_FIELDS)
    throw new Error(`wg printed ${String(device.length)} fields for the device; a dump has ${String(DEVICE_FIELDS)}`);
  return {
    publicKey: device[1] === NONE ? null : publicKey(device[1]),
    listenPort: count(device[2]),
    peers: rest.map((line) => {
      const fields = line.split('\t');
      if (fields.length !== PEER_FIELDS)
        throw new Error(`wg printed ${String(fields.length)} fields for a peer; a dump has ${String(PEER_FIELDS)}`);
      const [key, , endpoint = NONE, allowed = NONE, handshake, received, sent, keepalive] = fields;
      return {
        key: publicKey(key),
        endpoint: endpoint === NONE ? null : endpoint,
        allowedIps: allowed === NONE ? [] : allowed.split(','),
        lastHandshakeSeconds: count(handshake),
        receivedBytes: count(received),
        sentBytes: count(sent),
        keepaliveSeconds: keepalive === 'off' ? null : count(keepalive),
      };
    }),
  };
}

/** The one IPv4 host address among the allowed ips, when that is all there is. */
export function onlyAddress(peer: DumpedPeer): Ipv4 | undefined {
  const [only, more] = peer.allowedIps;
  const address = only?.endsWith('/32') ? only.slice(0, -'/32'.length) : '';
  return more === undefined && isIpv4(address) ? address : undefined;
}

function publicKey(field: string | undefined): PublicKey {
  if (field === undefined || !KEY_PATTERN.test(field)) throw new Error('wg printed something else than a key');
  return field as PublicKey;
}

function count(field: string | undefined): number {
  if (field === undefined || !/^[0-9]{1,15}$/.test(field)) throw new Error('wg printed something else than a number');
  return Number(field);
}
