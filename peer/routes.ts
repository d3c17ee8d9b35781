/**
 * TunnelMesh's two routing tables and the rules that choose them (ip-rule(8), ip-route(8)). Packets of this machine to
 * the mesh use the local table; packets that came in by one of our devices use the forward table. Both end in a
 * refusal: nothing of the mesh ever falls through to the machine's own routes.
 */
import type { Run } from '../host/run.ts';
import type { RouteEntry } from '../mesh/entry.ts';
import { type Cidr, isIpv4, type Ipv4 } from '../mesh/ipv4.ts';

/** Numbers of the two tables; any from 1 to 252 and above 255 is free for use, these are unlikely to be taken. */
export const ROUTE_TABLES = { local: 17230, forward: 17231 } as const;

/**
 * Preferences of the rules: behind the kernel's table of own addresses (0), before the main table (32766). What came in
 * by our devices is looked at first, because it is also addressed to the mesh.
 */
export const RULE_PREFERENCES = { forward: 17230, local: 17231 } as const;

/** Number on every wrapped packet (RFC 7348's VNI). There is one overlay; the number only has to be the same. */
export const OVERLAY_ID = 1;

const OUR_DEVICES = ['wg0', 'tm0', 'tmx'] as const;
const BATCH_TIMEOUT_MS = 60_000;

/** The rules as `ip rule add` takes them. */
export function renderRules(cidr: Cidr): string[] {
  return [
    ...OUR_DEVICES.map(
      (device) => `pref ${String(RULE_PREFERENCES.forward)} iif ${device} lookup ${String(ROUTE_TABLES.forward)}`,
    ),
    `pref ${String(RULE_PREFERENCES.local)} to ${cidr} lookup ${String(ROUTE_TABLES.local)}`,
  ];
}

/**
 * A route as a line of `ip -batch`.
 * @param own - this machine's mesh address, the source of what it sends itself
 */
export function renderRoute(entry: RouteEntry, own: Ipv4): string {
  const table = `table ${String(ROUTE_TABLES[entry.scope])}`;
  if (entry.to === 'unreachable') return `route replace unreachable ${entry.destination}/32 ${table}`;
  const source = entry.scope === 'local' ? ` src ${own}` : '';
  const to =
    'overlay' in entry.to
      ? `encap ip id ${String(OVERLAY_ID)} dst ${entry.to.overlay} dev tmx`
      : `dev ${entry.to.device}`;
  return `route replace ${entry.destination}/32 ${table} ${to}${source}`;
}

/** The end of a route as a line of `ip -batch`. */
export function renderRouteRemoval(entry: RouteEntry): string {
  return `route delete ${entry.destination}/32 table ${String(ROUTE_TABLES[entry.scope])}`;
}

/** The routes that `ip route show table N` prints for one of our tables. Lines of any other form are not ours and left out. */
export function parseRoutes(text: string, scope: RouteEntry['scope']): RouteEntry[] {
  return text.split('\n').flatMap((line): RouteEntry[] => {
    const match = /^(unreachable )?([0-9.]+) *(?:encap ip .*?\bdst ([0-9.]+) .*)?(?:dev (\S+))?/.exec(line);
    const [, refused, destination = '', overlay, device] = match ?? [];
    if (!isIpv4(destination)) return [];
    const route = { table: 'route', scope, destination } as const;
    if (refused !== undefined) return [{ ...route, to: 'unreachable' }];
    if (overlay !== undefined) return isIpv4(overlay) ? [{ ...route, to: { overlay } }] : [];
    return device === 'wg0' || device === 'tm0' ? [{ ...route, to: { device } }] : [];
  });
}

/** Adds the rules that are missing, and the refusals at the tables' ends. */
export async function openRoutes(run: Run, cidr: Cidr): Promise<void> {
  const { stdout } = await run(['ip', 'rule', 'show']);
  // A rule for a device that does not exist yet is shown with a mark.
  const there = stdout.split('\n').map((line) => line.replace(' [detached]', '').replace(/\s+/g, ' ').trim());
  const missing = renderRules(cidr).filter((rule) => {
    const [, pref = '', rest = ''] = /^pref (\S+) (.*)$/.exec(rule) ?? [];
    return !there.includes(`${pref}: from all ${rest}`);
  });
  await batch(run, [
    ...Object.values(ROUTE_TABLES).map((table) => `route replace unreachable default table ${String(table)}`),
    ...missing.map((rule) => `rule add ${rule}`),
  ]);
}

/** What our tables hold. */
export async function readRoutes(run: Run): Promise<RouteEntry[]> {
  const read = async (scope: RouteEntry['scope']): Promise<RouteEntry[]> =>
    parseRoutes((await run(['ip', 'route', 'show', 'table', String(ROUTE_TABLES[scope])])).stdout, scope);
  return [...(await read('local')), ...(await read('forward'))];
}

/** Puts routes in place, one atomic replacement each, then takes the others away. */
export async function applyRoutes(
  run: Run,
  own: Ipv4,
  routes: { readonly replace: readonly RouteEntry[]; readonly remove: readonly RouteEntry[] },
): Promise<void> {
  await batch(run, [
    ...routes.replace.map((entry) => renderRoute(entry, own)),
    ...routes.remove.map(renderRouteRemoval),
  ]);
}

/** Takes rules and tables away; what is not there is no failure. */
export async function closeRoutes(run: Run, cidr: Cidr): Promise<void> {
  const lines = [
    ...renderRules(cidr).map((rule) => `rule delete ${rule}`),
    ...Object.values(ROUTE_TABLES).map((table) => `route flush table ${String(table)}`),
  ];
  await run(['ip', '-force', '-batch', '-'], { input: `${lines.join('\n')}\n`, okExitCodes: [1] });
}

async function batch(run: Run, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n`, timeoutMs: BATCH_TIMEOUT_MS });
}
