/** Clients and their files, as people and programs read them. */
import { Option } from 'commander';
import type { ClientView } from '../mesh/api.ts';
import { renderQrTerminal } from '../templates/qr-code.ts';
import type { TunnelFile } from './client-files.ts';
import { printable } from './columns.ts';
import { mayColour, type Surroundings } from './surroundings.ts';

/** How a client's files are to be shown. */
export type QrOption = 'terminal' | 'none';

/** `--qr`, which defaults to a QR code where there is a terminal to show it on. */
export function qrOption(): Option {
  return new Option('--qr <where>', 'also draw the first QR code here (default: terminal, where there is one)').choices(
    ['terminal', 'none'],
  );
}

/** Names of gateways that have not confirmed a change, in one line; nothing when all have. */
export function renderUnconfirmed(unconfirmed: readonly string[]): string {
  return unconfirmed.length === 0 ? '' : `Not confirmed within 5 s by: ${unconfirmed.join(', ')}\n`;
}

/** What was written, as text: the files, and a QR code of the first when asked for or when there is a terminal. */
export function renderFiles(
  files: readonly TunnelFile[],
  qr: QrOption | undefined,
  surroundings: Surroundings,
): string {
  const lines = files.map(({ gateway, config, qr: image }) => `  ${gateway}: ${config} and ${image}\n`).join('');
  const first = files[0];
  if (!first || (qr ?? (surroundings.stdout.isTerminal ? 'terminal' : 'none')) === 'none') return `Files:\n${lines}`;
  const code = renderQrTerminal(first.code, mayColour(surroundings));
  return `Files:\n${lines}\nScan with the WireGuard app (${first.gateway}):\n${code}`;
}

/** The client and its files, for programs. */
export function filesJson(client: ClientView, files: readonly TunnelFile[]): Record<string, unknown> {
  return { client, files: files.map(({ gateway, tunnel, config, qr }) => ({ gateway, tunnel, config, qr })) };
}

/** Whether the client may connect, in a word or two. */
export function stateOf(client: ClientView): string {
  if (client.public_key === null) return 'waits for its key';
  return client.enabled ? 'enabled' : 'disabled';
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes as people read them: `1.5 MiB`. */
export function renderBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes === 0 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? String(value) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

/** One client, for a person. */
export function renderClient(client: ClientView): string {
  const { activity } = client;
  const facts: readonly (readonly [string, string])[] = [
    ['Name', client.name],
    ['Display name', printable(client.display_name)],
    ['Description', printable(client.description)],
    ['Id', client.id],
    ['Address', `${client.address} (${client.dns_name})`],
    ['Public key', client.public_key ?? '-'],
    ['State', stateOf(client)],
    ['Gateway', activity.gateway ?? '-'],
    ['Handshake', activity.last_handshake_at ?? 'never'],
    ['Endpoint', activity.endpoint ?? '-'],
    ['Received', renderBytes(activity.received_bytes)],
    ['Sent', renderBytes(activity.sent_bytes)],
    ['Created', client.created_at],
    ['Changed', client.updated_at],
  ];
  return facts
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${`${key}:`.padEnd(14)}${value}\n`)
    .join('');
}
