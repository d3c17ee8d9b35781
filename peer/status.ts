/** What a running peer says about itself when `tunnelmesh status` and `tunnelmesh peers` ask, and how a person reads it. */
import { z } from 'zod';

/** The answer to `status`. Moments are RFC 3339; null where something has not happened yet. */
export const peerStatusSchema = z.strictObject({
  name: z.string(),
  /** Null until the peer has joined, like the address. */
  dns_name: z.string().nullable(),
  address: z.string().nullable(),
  coordinator: z.strictObject({
    url: z.string(),
    /** Null while it is not connected. */
    connected_since: z.string().nullable(),
    last_heard_at: z.string().nullable(),
  }),
  /** Revision that was heard last, and the one that is on the devices. */
  revision: z.number().nullable(),
  applied_revision: z.number().nullable(),
  data_plane: z.enum(['kernel', 'wireguard-go', 'simulated']).nullable(),
  wireguard: z.discriminatedUnion('enabled', [
    z.strictObject({ enabled: z.literal(false) }),
    z.strictObject({
      enabled: z.literal(true),
      device: z.string(),
      listen_port: z.number(),
      public_key: z.string(),
      /** Where clients reach it, once the coordinator has said so. */
      endpoint: z.string().nullable(),
      clients: z.strictObject({ known: z.number(), attached: z.number(), recent: z.number() }),
    }),
  ]),
  mesh: z.strictObject({ peers: z.number() }),
});
export type PeerStatus = z.infer<typeof peerStatusSchema>;

/** The answer to `peers`: this peer and all others. */
export const peerTableSchema = z.strictObject({
  peers: z.array(
    z.strictObject({
      name: z.string(),
      dns_name: z.string(),
      address: z.string(),
      coordinator: z.boolean(),
      mesh_endpoint: z.string(),
      /** Where clients reach its concentrator; null where it runs none. */
      wireguard_endpoint: z.string().nullable(),
      this_peer: z.boolean(),
    }),
  ),
});
export type PeerTable = z.infer<typeof peerTableSchema>;

/** Columns padded to the widest cell, two blanks between them. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function coordinatorText({ url, connected_since, last_heard_at }: PeerStatus['coordinator']): string {
  if (connected_since !== null) return `${url}, connected since ${connected_since}`;
  return `${url}, not connected${last_heard_at === null ? '' : `; last heard at ${last_heard_at}`}`;
}

function revisionText({ revision, applied_revision }: PeerStatus): string {
  if (revision === null) return 'none yet';
  return applied_revision === revision
    ? String(revision)
    : `${String(revision)}, of which ${String(applied_revision ?? 'none')} is on the devices`;
}

/** The status as a person reads it; the mission promises the line `WireGuard: enabled`. */
export function renderStatus(status: PeerStatus): string {
  const { wireguard } = status;
  const rows: [string, string][] = [
    ['Name:', status.dns_name ?? `${status.name} (joining)`],
    ['Address:', status.address ?? 'none yet'],
    ['Coordinator:', coordinatorText(status.coordinator)],
    ['Revision:', revisionText(status)],
    ['Data plane:', status.data_plane ?? 'not started'],
    ['Mesh:', `${String(status.mesh.peers)} other peer${status.mesh.peers === 1 ? '' : 's'}`],
  ];
  const lines = [columns(rows), `WireGuard: ${wireguard.enabled ? 'enabled' : 'disabled'}\n`];
  if (wireguard.enabled) {
    const { known, attached, recent } = wireguard.clients;
    const details: [string, string][] = [
      ['  Device:', `${wireguard.device}, UDP port ${String(wireguard.listen_port)}`],
      ['  Public key:', wireguard.public_key],
      ['  Endpoint:', wireguard.endpoint ?? 'not known yet'],
      [
        '  Clients:',
        `${String(known)} known, ${String(attached)} attached here, ${String(recent)} heard in the last 3 minutes`,
      ],
    ];
    lines.push(columns(details));
  }
  return lines.join('');
}

/** The peers as a table, this one marked. */
export function renderPeerTable({ peers }: PeerTable): string {
  const rows = peers.map((peer) => [
    `${peer.name}${peer.this_peer ? ' *' : ''}`,
    peer.address,
    peer.mesh_endpoint,
    peer.wireguard_endpoint ?? '-',
    peer.coordinator ? 'coordinator' : peer.wireguard_endpoint === null ? 'peer' : 'gateway',
  ]);
  return columns([['NAME', 'ADDRESS', 'MESH ENDPOINT', 'WIREGUARD ENDPOINT', 'ROLE'], ...rows]);
}
