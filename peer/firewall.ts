/**
 * The policy of the mesh on this machine: one nftables table, `inet tunnelmesh` (nft(8)), replaced as a whole or changed
 * by elements of its sets, each time in one transaction. It says nothing about anything but the mesh's devices, range and
 * ports, and lives in the kernel: a daemon that dies leaves it standing.
 *
 * Who may reach whom, by class of source and destination and without connection tracking, so that a client may come in
 * by another gateway in the middle of a connection: peers and clients reach peers; clients do not reach clients; nobody
 * reaches anything else through us.
 */
import { z } from 'zod';
import type { Run } from '../host/run.ts';
import type { SetEntry } from '../mesh/entry.ts';
import { type Cidr, type Ipv4, ipv4ToNumber, parseIpv4 } from '../mesh/ipv4.ts';
import { OVERLAY_ID } from './routes.ts';
import { OVERLAY_PORT } from './overlay-device.ts';

/** Family and name of the table. */
export const FIREWALL_TABLE = 'inet tunnelmesh';

/** Most unknown sources that are remembered between two looks; more wait for the next. */
export const NEWCOMERS_MAX = 4096;

/** What of the machine the rules speak of. */
export interface FirewallSettings {
  readonly cidr: Cidr;
  /** This machine's mesh address. */
  readonly own: Ipv4;
  /** Where every client sends its DNS queries. */
  readonly service: Ipv4;
  /** The concentrators' own address. */
  readonly concentrator: Ipv4;
  readonly resolverPort: number;
}

/** Sets and their declarations. Offset 224 in the transport header is the inner source: UDP 8, VXLAN-GPE 8, 12 of IPv4. */
const INNER_SOURCE = '@th,224,32';
const SETS: Readonly<Record<SetEntry['set'], string>> = {
  here4: 'typeof ip saddr',
  peers4: 'typeof ip saddr',
  may4: `typeof ip saddr . ${INNER_SOURCE}`,
};

const BATCH_TIMEOUT_MS = 60_000;

/** The whole table with its elements, as one transaction that replaces the one that is there. */
export function renderFirewall(settings: FirewallSettings, elements: readonly SetEntry[]): string {
  const { cidr, own, service, concentrator, resolverPort } = settings;
  const ours = '{ "wg0", "tm0", "tmx" }';
  const oursOrLo = '{ "lo", "wg0", "tm0", "tmx" }';
  const sets = Object.entries(SETS).map(([set, type]) => {
    const own = elements.filter((entry) => entry.set === set).map(renderElement);
    return `  set ${set} {\n    ${type}\n${own.length === 0 ? '' : `    elements = { ${own.join(', ')} }\n`}  }\n`;
  });
  return `table ${FIREWALL_TABLE}
delete table ${FIREWALL_TABLE}
table ${FIREWALL_TABLE} {
${sets.join('')}  set new4 {
    typeof ip saddr
    size ${String(NEWCOMERS_MAX)}
    flags dynamic,timeout
    timeout 1m
  }

  chain sources {
    type filter hook prerouting priority raw; policy accept;
    # The mesh comes in by our devices and by no other.
    iifname != ${oursOrLo} ip saddr ${cidr} drop
    iifname != ${oursOrLo} ip daddr ${cidr} drop
    # A client that is not attached here is noted for the daemon and waits. Two rules: a full set ends the first one.
    iifname "wg0" ip saddr != @here4 update @new4 { ip saddr }
    iifname "wg0" ip saddr != @here4 drop
    iifname ${ours} meta nfproto ipv6 drop
  }

  chain resolver {
    type nat hook prerouting priority dstnat; policy accept;
    iifname ${ours} ip daddr { ${[...new Set([service, own, concentrator])].join(', ')} } meta l4proto { tcp, udp } th dport 53 dnat ip to ${own}:${String(resolverPort)}
  }

  chain resolver_own {
    type nat hook output priority -100; policy accept;
    ip daddr { ${[...new Set([service, own])].join(', ')} } meta l4proto { tcp, udp } th dport 53 dnat ip to ${own}:${String(resolverPort)}
  }

  chain overlay {
    # IPv4 inside, our number, and an inner source that this peer may speak for.
    iifname "tm0" @th,88,8 1 @th,96,24 ${String(OVERLAY_ID)} ip saddr . ${INNER_SOURCE} @may4 accept
    drop
  }

  chain input {
    type filter hook input priority filter; policy accept;
    udp dport ${String(OVERLAY_PORT)} jump overlay
    # Own addresses outside the mesh, public ones too, are not reached through it.
    iifname ${ours} ip daddr != ${cidr} drop
    iifname != ${oursOrLo} meta l4proto { tcp, udp } th dport ${String(resolverPort)} drop
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${ours} tcp flags syn tcp option maxseg size set rt mtu
    iifname "wg0" oifname "tmx" ip saddr @here4 ip daddr @peers4 accept
    iifname "tmx" oifname "wg0" ip saddr @peers4 ip daddr @here4 accept
    iifname "wg0" reject with icmpx admin-prohibited
    iifname ${ours} drop
    oifname ${ours} drop
  }
}
`;
}

/** A change of elements as one transaction. */
export function renderElements(change: {
  readonly add: readonly SetEntry[];
  readonly remove: readonly SetEntry[];
}): string {
  const lines = (verb: 'add' | 'delete', entries: readonly SetEntry[]): string[] =>
    Object.keys(SETS).flatMap((set) => {
      const own = entries.filter((entry) => entry.set === set).map(renderElement);
      return own.length === 0 ? [] : [`${verb} element ${FIREWALL_TABLE} ${set} { ${own.join(', ')} }\n`];
    });
  return [...lines('add', change.add), ...lines('delete', change.remove)].join('');
}

/** Inner sources are raw payload to nft and must be written as integers; a dotted address is a syntax error there. */
function renderElement(entry: SetEntry): string {
  const [first, inner] = entry.element;
  return inner === undefined ? first : `${first} . 0x${ipv4ToNumber(inner).toString(16).padStart(8, '0')}`;
}

/** Replaces the table. */
export async function loadFirewall(run: Run, settings: FirewallSettings, elements: readonly SetEntry[]): Promise<void> {
  await run(['nft', '-f', '-'], { input: renderFirewall(settings, elements), timeoutMs: BATCH_TIMEOUT_MS });
}

/** Says whether the table is there. */
export async function hasFirewall(run: Run): Promise<boolean> {
  const { stdout } = await run(['nft', 'list', 'tables']);
  return stdout.split('\n').includes(`table ${FIREWALL_TABLE}`);
}

/** Changes elements. */
export async function changeElements(
  run: Run,
  change: { readonly add: readonly SetEntry[]; readonly remove: readonly SetEntry[] },
): Promise<void> {
  const input = renderElements(change);
  if (input !== '') await run(['nft', '-f', '-'], { input, timeoutMs: BATCH_TIMEOUT_MS });
}

/** Takes the table away. */
export async function closeFirewall(run: Run): Promise<void> {
  await run(['nft', '-f', '-'], { input: `table ${FIREWALL_TABLE}\ndelete table ${FIREWALL_TABLE}\n` });
}

/** The parts of `nft -j list set` that we read (libnftables-json(5)). */
const setListingSchema = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({ elem: z.array(z.union([z.string(), z.object({ elem: z.object({ val: z.string() }) })])).optional() })
        .optional(),
    }),
  ),
});

/** The addresses that `nft -j list set` prints. */
export function parseNewcomers(text: string): Ipv4[] {
  return setListingSchema
    .parse(JSON.parse(text))
    .nftables.flatMap(({ set }) => set?.elem ?? [])
    .flatMap((element) => parseIpv4(typeof element === 'string' ? element : element.elem.val) ?? []);
}

/**
 * Sources noted since the last call. They are taken off by name, not by a flush, which could take one that was noted in
 * between; one that ran out in between makes `nft` fail and is then simply seen once more.
 */
export async function takeNewcomers(run: Run): Promise<Ipv4[]> {
  const { stdout } = await run(['nft', '-j', 'list', 'set', ...FIREWALL_TABLE.split(' '), 'new4']);
  const seen = parseNewcomers(stdout);
  if (seen.length > 0)
    await run(['nft', '-f', '-'], {
      input: `delete element ${FIREWALL_TABLE} new4 { ${seen.join(', ')} }\n`,
      okExitCodes: [1],
    });
  return seen;
}
