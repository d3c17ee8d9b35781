/** Arbitrary snapshots and deltas of the mesh over a few peers and clients, so that they meet each other. */
import fc from 'fast-check';
import { DEFAULT_MESH_CIDR } from '../../mesh/address-plan.ts';
import type { Ipv4 } from '../../mesh/ipv4.ts';
import { parsePublicKey } from '../../mesh/key.ts';
import type { Label } from '../../mesh/name.ts';
import type { Attachment, ClientRecord, PeerRecord } from '../../mesh/state.ts';
import type { Delta, Snapshot } from '../../mesh/stream.ts';
import { WG_KEY_PAIRS } from '../vectors/x25519.ts';

const KEYS = WG_KEY_PAIRS.map(({ publicKey }) => parsePublicKey(publicKey)).filter((key) => key !== undefined);
const PEERS = [1, 2, 3, 9];
const CLIENTS = [1, 2, 3];

const peer: fc.Arbitrary<PeerRecord> = fc
  .record({ number: fc.constantFrom(...PEERS), coordinator: fc.boolean(), mesh_public_key: fc.constantFrom(...KEYS) })
  .map(({ number, ...rest }) => ({
    id: `p${String(number)}`,
    name: `peer-${String(number)}` as Label,
    aliases: [],
    address: `172.30.0.${String(number)}` as Ipv4,
    mesh_endpoint: '203.0.113.7:51821',
    wireguard: null,
    ...rest,
  }));

const client: fc.Arbitrary<ClientRecord> = fc
  .record({
    number: fc.constantFrom(...CLIENTS),
    enabled: fc.boolean(),
    public_key: fc.option(fc.constantFrom(...KEYS)),
    description: fc.string({ maxLength: 3 }),
  })
  .map(({ number, ...rest }) => ({
    id: `c${String(number)}`,
    name: `client-${String(number)}` as Label,
    display_name: `Client ${String(number)}`,
    address: `172.30.100.${String(number)}` as Ipv4,
    gateway: null,
    created_at: '2025-01-01T00:00:00Z',
    updated_at: '2025-01-01T00:00:00Z',
    ...rest,
  }));

/** Also of clients and gateways that nobody knows, and with few sequences, so that they tie. */
export const attachmentArbitrary: fc.Arbitrary<Attachment> = fc.record({
  client: fc.constantFrom(...CLIENTS.map((number) => `c${String(number)}`), 'c-unknown'),
  gateway: fc.constantFrom(...PEERS.map((number) => `p${String(number)}`), 'p-unknown', 'p-other'),
  sequence: fc.nat({ max: 3 }),
});

const records = {
  revision: fc.nat(),
  peers: fc.uniqueArray(peer, { selector: ({ id }) => id }),
  clients: fc.uniqueArray(client, { selector: ({ id }) => id }),
  attachments: fc.uniqueArray(attachmentArbitrary, { selector: (attachment) => attachment.client }),
};

export const snapshotArbitrary: fc.Arbitrary<Snapshot> = fc.record({
  type: fc.constant('snapshot' as const),
  epoch: fc.constantFrom('one', 'two'),
  mesh: fc.constant({ cidr: DEFAULT_MESH_CIDR, suffix: 'tunnelmesh' as Label }),
  ...records,
});

export const deltaArbitrary: fc.Arbitrary<Delta> = fc.record({
  type: fc.constant('delta' as const),
  ...records,
  gone: fc.record({
    peers: fc.uniqueArray(fc.constantFrom(...PEERS.map((number) => `p${String(number)}`))),
    clients: fc.uniqueArray(fc.constantFrom(...CLIENTS.map((number) => `c${String(number)}`))),
  }),
});
