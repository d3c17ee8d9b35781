/** Records for tests, each valid and distinct by its number. */
import { createHash } from 'node:crypto';
import { ipv4FromNumber, ipv4ToNumber, type Ipv4 } from '../mesh/ipv4.ts';
import type { PublicKey } from '../mesh/key.ts';
import type { Label } from '../mesh/name.ts';
import type { ClientRecord, MeshInfo, PeerRecord } from '../mesh/state.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import type { StoredPeer } from './store.ts';

export const MESH: MeshInfo = { cidr: '172.30.0.0/16' as Cidr, suffix: 'tunnelmesh' as Label };

/** Clients in one commit of the crash writer: enough that most kills fall into the middle of one. */
export const CRASH_BATCH = 200;

/** What the torn writer commits: many times the pages that its cache holds, in alphabetical order. */
export const TORN_WORDS = Array.from({ length: 300 }, (_, index) => `${String(1_000 + index)}-${'x'.repeat(500)}`);

const CREATED = '2026-01-01T00:00:00.000Z';

function nth(first: string, number: number): Ipv4 {
  return ipv4FromNumber(ipv4ToNumber(first as Ipv4) + number);
}

/** A public key that nobody knows the private key of. */
export function publicKey(seed: string): PublicKey {
  return createHash('sha256').update(seed).digest('base64') as PublicKey;
}

export function peer(number: number, changes: Partial<PeerRecord> = {}): StoredPeer {
  const name = `peer-${String(number)}`;
  return {
    record: {
      id: `p${String(number)}`,
      name: name as Label,
      aliases: [],
      address: nth('172.30.0.2', number),
      coordinator: false,
      mesh_public_key: publicKey(name),
      mesh_endpoint: `203.0.113.${String(number % 256)}:51821`,
      wireguard: null,
      ...changes,
    },
    verifier: createHash('sha256').update(`verifier ${name}`).digest('hex'),
    generation: 0,
  };
}

export function client(number: number, changes: Partial<ClientRecord> = {}): ClientRecord {
  const name = `client-${String(number)}`;
  return {
    id: `c${String(number)}`,
    name: name as Label,
    display_name: name,
    description: '',
    address: nth('172.30.100.2', number),
    public_key: publicKey(name),
    enabled: true,
    gateway: null,
    created_at: CREATED,
    updated_at: CREATED,
    ...changes,
  };
}
