/** Endpoints as WireGuard writes them: `203.0.113.50:51820`, `wg.example.com:51820`, `[2001:db8::1]:51820` (wg(8)). */
import { isIpv4 } from './ipv4.ts';

/** A host (address or DNS name, IPv6 without brackets) and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const HOSTNAME_PATTERN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const IPV6_PATTERN = /^[0-9a-f:.]{2,45}$/i;
const ENDPOINT_PATTERN = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/;

/** Says whether the number is a UDP or TCP port that something can listen on. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65535;
}

/** Says whether the text is a DNS host name (RFC 1123 §2.1); a name of digits and dots alone must be a real address. */
export function isHostname(text: string): boolean {
  return HOSTNAME_PATTERN.test(text) && (isIpv4(text) || !/^[0-9.]+$/.test(text));
}

/** Says whether the text looks like an IPv6 address (RFC 4291 §2.2), decided by the platform's own URL parser. */
export function isIpv6(text: string): boolean {
  return IPV6_PATTERN.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`);
}

/** The endpoint that the text spells, or `undefined` if it spells none. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = ENDPOINT_PATTERN.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (!isPort(port)) return undefined;
  const [, bracketed, plain] = match;
  if (bracketed !== undefined) return isIpv6(bracketed) ? { host: bracketed.toLowerCase(), port } : undefined;
  return plain !== undefined && isHostname(plain) ? { host: plain.toLowerCase(), port } : undefined;
}

/** The endpoint as text; the inverse of {@link parseEndpoint}. */
export function renderEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${String(endpoint.port)}`
    : `${endpoint.host}:${String(endpoint.port)}`;
}
