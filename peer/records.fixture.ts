/** Records of a small mesh for tests: three gateways, one plain peer, clients as needed. */
import { isLabel, type Label } from '../mesh/name.ts';
import { type Cidr, type Ipv4, ipv4FromNumber, ipv4ToNumber } from '../mesh/ipv4.ts';
import { PrivateKey } from '../mesh/key.ts';
import type { Log } from '../host/log.ts';
import type { Attachment, ClientRecord, MeshInfo, PeerRecord } from '../mesh/state.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';

/** The mission's mesh. */
export const MESH: MeshInfo = { cidr: '172.30.0.0/16' as Cidr, suffix: label('tunnelmesh') };

/** A label that is one. */
export function label(text: string): Label {
  if (!isLabel(text)) throw new Error(`${text} is no label`);
  return text;
}

/** The private key that `fill` bytes make; the same for the same number. */
export function keyOf(fill: number): PrivateKey {
  return PrivateKey.generate((count) => new Uint8Array(count).fill(fill));
}

/** Bytes that count up: different at each call and the same in each run. */
export function countingBytes(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => (next += 1) % 256);
}

/** Peer `p1`, `p2`, … at 172.30.0.n; a gateway unless said otherwise. */
export function peer(n: number, gateway = true): PeerRecord {
  const address = `172.30.0.${String(n)}` as Ipv4;
  return {
    id: `p${String(n)}`,
    name: label(`peer-${String(n)}`),
    aliases: [],
    address,
    coordinator: n === 1,
    mesh_public_key: keyOf(n).publicKey(),
    mesh_endpoint: `203.0.113.${String(n)}:51821`,
    wireguard: gateway
      ? {
          public_key: keyOf(100 + n).publicKey(),
          listen_port: 51820,
          endpoint: `203.0.113.${String(n)}:51820`,
        }
      : null,
  };
}

const FIRST_CLIENT = ipv4ToNumber('172.30.100.2' as Ipv4);
const CLIENT_KEY = keyOf(77).publicKey();

/** Client `c0`, `c1`, … from 172.30.100.2 on, enabled and with a key unless said otherwise. */
export function client(n: number, changes: Partial<ClientRecord> = {}): ClientRecord {
  return {
    id: `c${String(n)}`,
    name: label(`client-${String(n)}`),
    display_name: `Client ${String(n)}`,
    description: '',
    address: ipv4FromNumber(FIRST_CLIENT + n),
    public_key: n < 50 ? keyOf(150 + n).publicKey() : CLIENT_KEY,
    enabled: true,
    gateway: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

/** A snapshot of those records, at revision 1 of epoch `e1` unless said otherwise. */
export function snapshot(parts: Partial<Omit<Snapshot, 'type'>> = {}): Snapshot {
  return { type: 'snapshot', epoch: 'e1', revision: 1, mesh: MESH, peers: [], clients: [], attachments: [], ...parts };
}

/** A delta to that revision. */
export function delta(revision: number, parts: Partial<Omit<Delta, 'type' | 'revision'>> = {}): Delta {
  return {
    type: 'delta',
    revision,
    peers: [],
    clients: [],
    attachments: [],
    gone: { peers: [], clients: [] },
    ...parts,
  };
}

/** Client n attached to peer m. */
export function attached(n: number, m: number, sequence: number): Attachment {
  return { client: `c${String(n)}`, gateway: `p${String(m)}`, sequence };
}

/** A log that keeps its events, as `warn event`. */
export function memoryLog(): Log & { readonly events: string[] } {
  const events: string[] = [];
  return {
    events,
    info: (event) => void events.push(`info ${event}`),
    warn: (event) => void events.push(`warn ${event}`),
    error: (event) => void events.push(`error ${event}`),
  };
}
