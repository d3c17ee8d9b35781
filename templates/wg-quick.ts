/**
 * A client's tunnel as the text that every WireGuard app imports: the intersection of what wg-quick(8), and the Apple,
 * Android, Windows and NetworkManager importers accept. One canonical order, no hooks, numeric keepalive, no comments.
 */
import Handlebars from 'handlebars';
import { type Endpoint, parseEndpoint, renderEndpoint } from '../mesh/endpoint.ts';
import { type Cidr, type Ipv4, isCidr, isIpv4, parseIpv4 } from '../mesh/ipv4.ts';
import { parsePublicKey, PrivateKey, type PublicKey } from '../mesh/key.ts';
import { type Problem, ProblemsError } from '../mesh/problem.ts';

/** A network that goes through the tunnel; `::/0` stands for all of IPv6, the only IPv6 network that a mesh hands out. */
export type AllowedIp = Cidr | '::/0';

/** One client's way into the mesh through one gateway. */
export interface Tunnel {
  readonly privateKey: PrivateKey;
  readonly address: Ipv4;
  /** Length of the mesh range's prefix, 0 to 32: the `/16` of `Address = 172.30.100.5/16`. */
  readonly prefixLength: number;
  /** May be empty: the device then keeps its own resolver. */
  readonly dns: readonly Ipv4[];
  /** Bytes, {@link MTU_RANGE}; null leaves it to the app. */
  readonly mtu: number | null;
  /** The concentrator's. */
  readonly publicKey: PublicKey;
  /** At least one. */
  readonly allowedIps: readonly AllowedIp[];
  readonly endpoint: Endpoint;
  /** 1 to 65535; null sends none. */
  readonly keepaliveSeconds: number | null;
}

/** Seconds between keepalives of a client: 25 keeps a NAT mapping alive (wg(8)). */
export const CLIENT_KEEPALIVE_SECONDS = 25;

/** What every importer accepts as MTU: Windows asks for 576 at least, the Apple app for 16 bits at most. */
export const MTU_RANGE = { smallest: 576, largest: 65535 } as const;

/** Characters that occur in keys, addresses, networks and endpoints. */
const VALUE_PATTERN = /^[A-Za-z0-9+/=.:,[\] -]*$/;

/** Longest configuration that is read, in characters; ours have about 300. */
const MAX_CHARACTERS = 64 * 1024;

/** `noEscape`, because this is no HTML; {@link VALUE_PATTERN} is what keeps a value on its line. */
const template = Handlebars.compile<Record<string, unknown>>(
  `[Interface]
PrivateKey = {{privateKey}}
Address = {{address}}
{{#if dns}}
DNS = {{dns}}
{{/if}}
{{#if mtu}}
MTU = {{mtu}}
{{/if}}

[Peer]
PublicKey = {{publicKey}}
AllowedIPs = {{allowedIps}}
Endpoint = {{endpoint}}
{{#if keepaliveSeconds}}
PersistentKeepalive = {{keepaliveSeconds}}
{{/if}}
`,
  { noEscape: true, strict: true },
);

/**
 * The tunnel as a configuration file's text. It holds the private key: write it 0600 and print it only when asked to.
 * @throws RangeError when a value holds a character that could end its line; no parser of `mesh/` gives such a value
 */
export function renderWgQuick(tunnel: Tunnel): string {
  const values = {
    privateKey: tunnel.privateKey.reveal(),
    address: `${tunnel.address}/${String(tunnel.prefixLength)}`,
    dns: tunnel.dns.join(', '),
    mtu: tunnel.mtu === null ? '' : String(tunnel.mtu),
    publicKey: tunnel.publicKey,
    allowedIps: tunnel.allowedIps.join(', '),
    endpoint: renderEndpoint(tunnel.endpoint),
    keepaliveSeconds: tunnel.keepaliveSeconds === null ? '' : String(tunnel.keepaliveSeconds),
  };
  for (const [key, value] of Object.entries(values))
    if (!VALUE_PATTERN.test(value)) throw new RangeError(`${key} of a tunnel holds a character that cannot be written`);
  return template(values);
}

/** The keys of each section, in lower case as they are compared, and as they are written. */
const KEYS = {
  interface: { privatekey: 'PrivateKey', address: 'Address', dns: 'DNS', mtu: 'MTU' },
  peer: {
    publickey: 'PublicKey',
    allowedips: 'AllowedIPs',
    endpoint: 'Endpoint',
    persistentkeepalive: 'PersistentKeepalive',
  },
} as const satisfies Record<string, Record<string, string>>;

/** Keys that may stand on several lines. */
const REPEATABLE: readonly string[] = ['[Interface] DNS', '[Peer] AllowedIPs'];

/** Keys whose value no message may quote. */
const SECRET = '[Interface] PrivateKey';

/** Values by `[Section] Key`; problems of the lines themselves go to `problems`. */
function readLines(text: string, problems: Problem[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let section: keyof typeof KEYS | undefined;
  const seen = new Set<string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').replace(/^[ \t]+|[ \t\r]+$/g, '');
    const refuse = (given: string, allowed: string): void => {
      problems.push({ path: `line ${String(index + 1)}`, given, allowed });
    };
    if (line === '') continue;
    const header = /^\[(interface|peer)\]$/i.exec(line)?.[1]?.toLowerCase() as keyof typeof KEYS | undefined;
    if (header) {
      if (seen.has(header)) refuse(line, 'each section once');
      seen.add(header);
      section = header;
      continue;
    }
    const [, key = '', value = ''] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
    const known: Record<string, string> = section ? KEYS[section] : {};
    const name = Object.hasOwn(known, key.toLowerCase()) ? known[key.toLowerCase()] : undefined;
    if (section === undefined || name === undefined) {
      // A misplaced line may hold a key: of what cannot be told apart, only the part before `=` is quoted.
      refuse(
        line.split('=', 1)[0]?.trim() ?? '',
        section === undefined
          ? '[Interface] or [Peer] first'
          : `${Object.values(known).join(', ')}, each followed by = and a value`,
      );
      continue;
    }
    const path = `[${section === 'interface' ? 'Interface' : 'Peer'}] ${name}`;
    const before = values.get(path);
    if (value === '') refuse(`${key} =`, 'a value');
    else if (before && !REPEATABLE.includes(path)) refuse(key, `${path} once`);
    values.set(path, [...(before ?? []), value]);
  }
  return values;
}

/**
 * The tunnel that the text describes; the inverse of {@link renderWgQuick}. Key names may differ in case, `#` starts a
 * comment, lines may end in CRLF, as all importers agree; whatever one of them refuses is refused.
 * @param source - what was read, as the person knows it: a file's path
 * @throws ProblemsError with every problem at once; the private key is never quoted
 */
export function parseWgQuick(text: string, source = 'configuration'): Tunnel {
  if (text.length > MAX_CHARACTERS)
    throw new ProblemsError(source, [
      { path: '', given: `${String(text.length)} characters`, allowed: `${String(MAX_CHARACTERS)} at most` },
    ]);
  const problems: Problem[] = [];
  const values = readLines(text, problems);

  function read<T>(
    path: string,
    value: string | undefined,
    parse: (value: string) => T | undefined,
    allowed: string,
  ): T | undefined {
    const parsed = value === undefined ? undefined : parse(value);
    if (parsed === undefined)
      problems.push({ path, given: path === SECRET && value !== undefined ? '(not shown)' : value, allowed });
    return parsed;
  }
  function required<T>(path: string, parse: (value: string) => T | undefined, allowed: string): T | undefined {
    return values.get(path)?.[0] === '' ? undefined : read(path, values.get(path)?.[0], parse, allowed);
  }
  function optional<T>(path: string, parse: (value: string) => T | undefined, allowed: string): T | undefined {
    return values.has(path) ? required(path, parse, allowed) : undefined;
  }
  function list<T>(path: string, parse: (value: string) => T | undefined, allowed: string): T[] {
    return (values.get(path) ?? [])
      .flatMap((value) => value.split(','))
      .map((value) => read(path, value.trim(), parse, allowed))
      .filter((value) => value !== undefined);
  }

  const privateKey = required(SECRET, (value) => PrivateKey.parse(value), '44 characters of base64');
  const address = required(
    '[Interface] Address',
    parseInterfaceAddress,
    'one IPv4 address with its prefix length, such as 172.30.100.5/16',
  );
  const dns = list('[Interface] DNS', parseIpv4, 'IPv4 addresses, separated by commas');
  const { smallest, largest } = MTU_RANGE;
  const mtu = optional('[Interface] MTU', integer(smallest, largest), `${String(smallest)}-${String(largest)}`);
  const publicKey = required(
    '[Peer] PublicKey',
    parsePublicKey,
    "the concentrator's public key, 44 characters of base64, not of low order",
  );
  const networks = 'IPv4 networks without host bits and ::/0, separated by commas';
  const allowedIps = list('[Peer] AllowedIPs', parseAllowedIp, networks);
  if (!values.has('[Peer] AllowedIPs'))
    problems.push({ path: '[Peer] AllowedIPs', given: undefined, allowed: networks });
  const endpoint = required('[Peer] Endpoint', parseEndpoint, 'host:port, such as wg.example.com:51820');
  const keepaliveSeconds = optional('[Peer] PersistentKeepalive', integer(1, 65535), '1-65535');

  if (!privateKey || !address || !publicKey || !endpoint || problems.length > 0)
    throw new ProblemsError(source, problems);
  return {
    privateKey,
    ...address,
    dns,
    mtu: mtu ?? null,
    publicKey,
    allowedIps,
    endpoint,
    keepaliveSeconds: keepaliveSeconds ?? null,
  };
}

function integer(smallest: number, largest: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
    return value >= smallest && value <= largest ? value : undefined;
  };
}

function parseInterfaceAddress(text: string): { address: Ipv4; prefixLength: number } | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const prefixLength = integer(0, 32)(length);
  return rest.length === 0 && isIpv4(address) && prefixLength !== undefined ? { address, prefixLength } : undefined;
}

function parseAllowedIp(text: string): AllowedIp | undefined {
  return isCidr(text) || text === '::/0' ? text : undefined;
}
