/**
 * The mesh's names on this machine: dnsmasq(8) as a child, fed by files in a directory that it watches (`--hostsdir`).
 * Names are spread over many small files, so that one changed name costs one of them and no signal. The child is
 * restarted when it dies, and dies with us.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../host/clock.ts';
import { writeFileAtomic } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import type { Process, Start } from '../host/run.ts';
import type { HostEntry } from '../mesh/entry.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';

/** UDP and TCP port that dnsmasq listens on; queries to port 53 of the mesh are redirected to it. */
export const RESOLVER_PORT = 53530;

/** The coordinator's name in every mesh, outside the suffix. */
export const COORDINATOR_NAME = 'this.tm';

/** Changes within this time are written together, in milliseconds. */
export const HOSTS_DEBOUNCE_MS = 100;

/** Files that names are spread over: with 65,000 names each holds about 250. */
const HOSTS_FILES = 256;

/** Pause before a dead dnsmasq is started again, in milliseconds: doubled up to the longest while it keeps dying young. */
const RESTART_MS = { first: 200, longest: 10_000, healthyAfter: 30_000 } as const;

/** What the resolver answers for and where. */
export interface ResolverSettings {
  /** `tunnelmesh` */
  readonly suffix: string;
  readonly own: Ipv4;
  /** The coordinator's service address. */
  readonly service: Ipv4;
  /** A directory of the resolver's own, reachable by every user. */
  readonly directory: string;
  /** User that dnsmasq runs as, by name; `null` where this machine has no second user to give (a user namespace). */
  readonly user: string | null;
}

/**
 * The command. `setpriv` (util-linux) gives up root before dnsmasq starts, whose port needs none, and ties its life to
 * ours. dnsmasq runs without its system's configuration, keeps the mesh's names to itself and refuses private addresses
 * from elsewhere (rebinding); a machine that uses the mesh as its own resolver is found by the loop detection.
 */
export function renderResolverCommand(settings: ResolverSettings): readonly [string, ...string[]] {
  const { suffix, own, directory, user } = settings;
  return [
    'setpriv',
    '--pdeathsig=TERM',
    ...(user === null ? [] : [`--reuid=${user}`, '--regid=nogroup', '--clear-groups']),
    'dnsmasq',
    // Its log has a line for every file of names that changes. What keeps it from starting is on standard error anyway.
    ...(user === null ? ['--no-daemon'] : ['--keep-in-foreground', '--log-facility=/dev/null']),
    '--conf-file=/dev/null',
    '--pid-file=',
    '--no-hosts',
    `--hostsdir=${directory}`,
    `--port=${String(RESOLVER_PORT)}`,
    // Bound to its addresses alone: with --bind-dynamic, TCP that comes in by another device than the address's is closed.
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    `--listen-address=${own}`,
    `--local=/${suffix}/`,
    `--local=/${COORDINATOR_NAME}/`,
    '--bogus-priv',
    '--domain-needed',
    '--stop-dns-rebind',
    '--dns-loop-detect',
    '--cache-size=2000',
  ];
}

/** One file of names (hosts(5)), sorted, so that the same names give the same file. */
export function renderHosts(entries: readonly HostEntry[], suffix: string): string {
  return entries
    .map((entry) => `${entry.address} ${entry.name}.${suffix}\n`)
    .sort()
    .join('');
}

/** Which file a name is in. */
export function hostsFileOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % HOSTS_FILES;
  return hash;
}

/** See the file's comment. */
export class Resolver {
  readonly #settings: ResolverSettings;
  readonly #effects: { readonly start: Start; readonly clock: Clock; readonly log: Log };
  readonly #files = new Map<number, Map<string, HostEntry>>();
  readonly #stale = new Set<number>();
  readonly #written = new Map<number, string>();
  #writing: Promise<void> | undefined;
  #child: Process | undefined;
  #supervision: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(
    settings: ResolverSettings,
    effects: { readonly start: Start; readonly clock: Clock; readonly log: Log },
  ) {
    this.#settings = settings;
    this.#effects = effects;
  }

  /** Makes the directory, empty but for the fixed names. Does nothing when it is open. */
  async open(): Promise<void> {
    if (this.#supervision) return;
    const { directory, suffix, service } = this.#settings;
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
    await writeFileAtomic(join(directory, 'fixed'), `${service} ${COORDINATOR_NAME} panel.${suffix}\n`, 0o644);
    this.#written.clear();
  }

  /**
   * Takes all names in, in place of those before, and starts dnsmasq with the first ones: it reads thousands of names at
   * its start much faster than while it runs.
   */
  async load(entries: readonly HostEntry[]): Promise<void> {
    for (const names of this.#files.values()) names.clear();
    for (const entry of entries) this.#file(entry.name).set(entry.name, entry);
    for (const file of this.#files.keys()) this.#stale.add(file);
    await this.#write();
    this.#supervision ??= this.#supervise();
  }

  /** Takes changed names in. They are answered a tenth of a second later. */
  change(hosts: { readonly set: readonly HostEntry[]; readonly remove: readonly HostEntry[] }): void {
    for (const entry of hosts.remove) this.#file(entry.name).delete(entry.name);
    for (const entry of hosts.set) this.#file(entry.name).set(entry.name, entry);
    if (this.#stale.size > 0) this.#schedule();
  }

  /** Ends dnsmasq and takes the directory away. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#child?.kill('SIGKILL');
    await this.#supervision;
    await this.#writing;
    await rm(this.#settings.directory, { recursive: true, force: true });
  }

  #file(name: string): Map<string, HostEntry> {
    const file = hostsFileOf(name);
    this.#stale.add(file);
    const names = this.#files.get(file) ?? new Map<string, HostEntry>();
    this.#files.set(file, names);
    return names;
  }

  #schedule(): void {
    this.#writing ??= this.#effects.clock.sleep(HOSTS_DEBOUNCE_MS, this.#closing.signal).then(async () => {
      this.#writing = undefined;
      if (this.#closed()) return;
      await this.#write().catch((error: unknown) => {
        this.#effects.log.error('names could not be written', { why: String(error) });
      });
    });
  }

  async #write(): Promise<void> {
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const file of stale) {
      const text = renderHosts([...(this.#files.get(file)?.values() ?? [])], this.#settings.suffix);
      if (this.#written.get(file) === text) continue;
      await writeFileAtomic(join(this.#settings.directory, `names-${String(file)}`), text, 0o644);
      this.#written.set(file, text);
    }
  }

  async #supervise(): Promise<void> {
    const { start, clock, log } = this.#effects;
    let pause: number = RESTART_MS.first;
    for (;;) {
      const began = clock.monotonic();
      this.#child = start(renderResolverCommand(this.#settings), { output: 'inherit' });
      const how = await this.#child.ended;
      if (this.#closed()) return;
      if (clock.monotonic() - began >= RESTART_MS.healthyAfter) pause = RESTART_MS.first;
      log.warn('the resolver ended and is started again', { how, pauseMs: pause });
      await clock.sleep(pause, this.#closing.signal);
      if (this.#closed()) return;
      pause = Math.min(pause * 2, RESTART_MS.longest);
    }
  }

  #closed(): boolean {
    return this.#closing.signal.aborted;
  }
}
