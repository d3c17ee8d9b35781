/** Where a server listens, written as `:8080`, `127.0.0.1:8080` or `[::1]:8080`. */
import { isIpv6, isPort } from './endpoint.ts';
import { isIpv4 } from './ipv4.ts';

/** An address to listen on. */
export interface Listen {
  /** An address of this machine, IPv6 without brackets; null means all of them. */
  readonly host: string | null;
  readonly port: number;
  /** Whether TLS is spoken there: everywhere but on loopback. */
  readonly tls: boolean;
}

/** What may stand where something listens, for messages. */
export const LISTEN_ALLOWED = 'address:port or :port, such as :8080, 127.0.0.1:8080 or [::1]:8080';

const LISTEN_PATTERN = /^(?:\[([^\]]+)\]|([0-9.]*)):([0-9]{1,5})$/;

/** Says whether the address is this machine talking to itself: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
function isLoopback(host: string): boolean {
  return host === '::1' || (isIpv4(host) && host.startsWith('127.'));
}

/** The place that the text spells, or `undefined` if it spells none. */
export function parseListen(text: string): Listen | undefined {
  const match = LISTEN_PATTERN.exec(text);
  if (!match) return undefined;
  const [, ipv6, ipv4, digits] = match;
  const port = Number(digits);
  if (!isPort(port)) return undefined;
  if (ipv6 !== undefined) {
    if (!isIpv6(ipv6)) return undefined;
    const host = new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
    return { host, port, tls: !isLoopback(host) };
  }
  if (!ipv4) return { host: null, port, tls: true };
  return isIpv4(ipv4) ? { host: ipv4, port, tls: !isLoopback(ipv4) } : undefined;
}

/** The place as text; the inverse of {@link parseListen}. */
export function renderListen({ host, port }: Listen): string {
  const address = host?.includes(':') ? `[${host}]` : (host ?? '');
  return `${address}:${String(port)}`;
}
