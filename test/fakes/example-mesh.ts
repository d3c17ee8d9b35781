/** Meshes for tests: one small one with names, and arbitrary ones for properties. */
import fc from 'fast-check';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, parseIpv4 } from '../../mesh/ipv4.ts';
import { PrivateKey, type PublicKey } from '../../mesh/key.ts';
import { foldName, type Label } from '../../mesh/name.ts';
import type { Attachment, ClientRecord, MeshState, PeerRecord } from '../../mesh/state.ts';
import type { Cidr } from '../../mesh/ipv4.ts';

/** The address that the text spells. */
export function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (!address) throw new Error(`not an address: ${text}`);
  return address;
}

/** A private key that is the same for the same number. */
export function privateKey(number: number): PrivateKey {
  return PrivateKey.generate((count) =>
    Uint8Array.from({ length: count }, (_, index) => (number >> (index % 4)) + index),
  );
}

const publicKeys = new Map<number, PublicKey>();

/** A public key that is the same for the same number. */
export function publicKey(number: number): PublicKey {
  const known = publicKeys.get(number) ?? privateKey(number).publicKey();
  publicKeys.set(number, known);
  return known;
}

/** A peer with this number: `peer-5` at 172.30.0.5 and 203.0.113.5. */
export function peerRecord(number: number, gateway: boolean): PeerRecord {
  const address = ipv4FromNumber(ipv4ToNumber(ipv4('172.30.0.0')) + number);
  return {
    id: `p${String(number)}`,
    name: label(`peer-${String(number)}`),
    aliases: [],
    address,
    coordinator: number === 1,
    mesh_public_key: publicKey(8 * number),
    mesh_endpoint: `203.0.113.${String(number)}:51821`,
    wireguard: gateway
      ? { public_key: publicKey(8 * number + 1), listen_port: 51820, endpoint: `203.0.113.${String(number)}:51820` }
      : null,
  };
}

/** A client with this number: `client-5` at 172.30.100.5. */
export function clientRecord(number: number, changes: Partial<ClientRecord> = {}): ClientRecord {
  return {
    id: `c${String(number)}`,
    name: label(`client-${String(number)}`),
    display_name: `Client ${String(number)}`,
    description: '',
    address: ipv4FromNumber(ipv4ToNumber(ipv4('172.30.100.0')) + number),
    public_key: publicKey(8 * number + 2),
    enabled: true,
    gateway: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

/** A mesh of these records. */
export function meshState(
  peers: readonly PeerRecord[],
  clients: readonly ClientRecord[],
  attachments: readonly Attachment[] = [],
): MeshState {
  return {
    mesh: { cidr: '172.30.0.0/16' as Cidr, suffix: label('tunnelmesh') },
    epoch: 'e',
    revision: 1,
    peers: new Map(peers.map((peer) => [peer.id, peer])),
    clients: new Map(clients.map((client) => [client.id, client])),
    attachments: new Map(attachments.map((attachment) => [attachment.client, attachment])),
  };
}

/** Meshes of up to six peers (number 1 the coordinator, 2 always a gateway) and up to eight clients in any condition. */
export const anyMesh: fc.Arbitrary<MeshState> = fc
  .record({
    gateways: fc.array(fc.boolean(), { maxLength: 4 }),
    clients: fc.uniqueArray(
      fc.record({
        number: fc.integer({ min: 2, max: 12 }),
        enabled: fc.boolean(),
        keyed: fc.boolean(),
        renewed: fc.boolean(),
        gateway: fc.option(fc.integer({ min: 1, max: 7 })),
        attached: fc.option(fc.integer({ min: 1, max: 7 })),
      }),
      { maxLength: 8, selector: (client) => client.number },
    ),
  })
  .map(({ gateways, clients }) =>
    meshState(
      [peerRecord(1, false), peerRecord(2, true), ...gateways.map((gateway, index) => peerRecord(index + 3, gateway))],
      clients.map(({ number, enabled, keyed, renewed, gateway }) =>
        clientRecord(number, {
          enabled,
          public_key: keyed ? publicKey(8 * number + (renewed ? 3 : 2)) : null,
          gateway: gateway === null ? null : `p${String(gateway)}`,
        }),
      ),
      clients.flatMap(({ number, attached }) =>
        attached === null ? [] : [{ client: `c${String(number)}`, gateway: `p${String(attached)}`, sequence: 1 }],
      ),
    ),
  );

function label(text: string): Label {
  const folded = foldName(text);
  if (!folded) throw new Error(`not a name: ${text}`);
  return folded;
}
