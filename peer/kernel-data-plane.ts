/**
 * The data plane of a real machine: WireGuard devices, overlay, routes, firewall and resolver, driven from one plan at a
 * time. Whatever a failed change has left half-done is read back from the devices and settled with the next try.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { Run, Start } from '../host/run.ts';
import type { AddressPlan } from '../mesh/address-plan.ts';
import { peerEntries } from '../mesh/entries.ts';
import type { Entry, WireguardPeerEntry } from '../mesh/entry.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PrivateKey, PublicKey } from '../mesh/key.ts';
import type { Touched } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import { AppliedEntries } from './applied-entries.ts';
import { forgetConnections } from './connections.ts';
import type { DataPlane, DeviceKind, Handshake } from './data-plane.ts';
import {
  changeElements,
  closeFirewall,
  type FirewallSettings,
  hasFirewall,
  loadFirewall,
  takeNewcomers,
} from './firewall.ts';
import { missingPackages, renderMissing, requireKernel, unprivilegedUser } from './kernel-requirements.ts';
import { closeOverlay, openOverlay, OVERLAY_DEVICE } from './overlay-device.ts';
import { LostSessions } from './lost-sessions.ts';
import { isElement, isHost } from './plan.ts';
import { Resolver, RESOLVER_PORT } from './resolver.ts';
import { applyRoutes, closeRoutes, openRoutes, readRoutes } from './routes.ts';
import { applySysctls, deviceSysctls } from './sysctls.ts';
import { WireguardDevice } from './wireguard-device.ts';

/** What the data plane of one machine is made of. */
export interface KernelDataPlaneOptions {
  readonly run: Run;
  readonly start: Start;
  readonly clock: Clock;
  readonly log: Log;
  /** `PATH`, for finding out what is not installed. */
  readonly searchPath: string;
  readonly paths: {
    /** A directory in memory (/run) that nobody else reads. */
    readonly runtime: string;
    /** A directory of the resolver's own below ones that every user may enter; emptied at start, gone at close. */
    readonly hosts: string;
  };
  readonly self: {
    /** Peer id. */
    readonly id: string;
    readonly address: Ipv4;
    readonly meshPrivateKey: PrivateKey;
    readonly meshPort: number;
    readonly concentrator: { readonly privateKey: PrivateKey; readonly listenPort: number } | null;
  };
  readonly addresses: AddressPlan;
  /** DNS suffix of the mesh. */
  readonly suffix: string;
}

/** See the file's comment. */
export class KernelDataPlane implements DataPlane {
  readonly #options: KernelDataPlaneOptions;
  readonly #mesh: WireguardDevice;
  readonly #concentrator: WireguardDevice | undefined;
  readonly #firewall: FirewallSettings;
  readonly #applied: AppliedEntries;
  readonly #lost: LostSessions;
  /** The clients' device when it was last dumped. */
  #heard: ReadonlyMap<PublicKey, Handshake> = new Map();
  #resolver: Resolver | undefined;
  #kind: DeviceKind = 'kernel';
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: KernelDataPlaneOptions) {
    const { self, addresses } = options;
    const { runtime } = options.paths;
    this.#options = options;
    this.#mesh = new WireguardDevice(
      { name: 'tm0', privateKey: self.meshPrivateKey, listenPort: self.meshPort, address: self.address, runtime },
      options,
    );
    if (self.concentrator)
      this.#concentrator = new WireguardDevice(
        { name: 'wg0', address: addresses.concentrator, runtime, ...self.concentrator },
        options,
      );
    this.#firewall = {
      cidr: addresses.cidr,
      own: self.address,
      service: addresses.coordinator,
      concentrator: addresses.concentrator,
      resolverPort: RESOLVER_PORT,
    };
    this.#applied = new AppliedEntries(self.id);
    this.#lost = new LostSessions(options.clock);
  }

  /** What `start` found or made; `kernel` until then. */
  get kind(): DeviceKind {
    return this.#kind;
  }

  start(): Promise<void> {
    return this.#next(async () => {
      const { run, searchPath, addresses } = this.#options;
      await requireKernel(searchPath);
      // The policy before the devices; a table that a former daemon left stands until the first apply replaces it.
      if (!(await hasFirewall(run))) await loadFirewall(run, this.#firewall, []);
      for (const device of this.#devices()) this.#kind = await this.#openDevice(device);
      await openOverlay(run);
      await applySysctls(deviceSysctls(this.#concentrator !== undefined));
      await openRoutes(run, addresses.cidr);
      await this.#openResolver();
      this.#applied.adopt([]);
    });
  }

  apply(state: MeshState, touched: Touched): Promise<void> {
    return this.#next(async () => {
      try {
        await this.#apply(state, touched);
      } catch (error) {
        if (touched.all) throw error;
        this.#options.log.warn('a change failed and everything is compared with the devices', { why: String(error) });
        this.#applied.adopt([]);
        await this.#apply(state, { all: true });
      }
    });
  }

  async newcomers(): Promise<readonly Ipv4[]> {
    return this.#concentrator ? takeNewcomers(this.#options.run) : [];
  }

  async handshakes(): Promise<readonly Handshake[]> {
    const peers = (await this.#concentrator?.dump())?.peers ?? [];
    this.#heard = new Map(peers.map((peer) => [peer.key, peer]));
    return peers;
  }

  async intact(): Promise<boolean> {
    const devices = await readFile('/proc/self/net/dev', 'utf8');
    const there = new Set(devices.split('\n').map((line) => line.slice(0, line.indexOf(':')).trim()));
    return [...this.#devices().map((device) => device.name), OVERLAY_DEVICE].every((name) => there.has(name));
  }

  close(): Promise<void> {
    return this.#next(async () => {
      const { run, addresses } = this.#options;
      for (const device of this.#devices()) await device.remove();
      await closeOverlay(run);
      await closeRoutes(run, addresses.cidr);
      await this.#resolver?.close();
      this.#resolver = undefined;
      await closeFirewall(run);
      this.#applied.adopt([]);
    });
  }

  /** Clients are let in last and out first. */
  #devices(): WireguardDevice[] {
    return this.#concentrator ? [this.#concentrator, this.#mesh] : [this.#mesh];
  }

  async #openDevice(device: WireguardDevice): Promise<DeviceKind> {
    try {
      return await device.open();
    } catch (error) {
      const missing = await missingPackages({ 'wireguard-go': 'wireguard-go' }, this.#options.searchPath);
      const sentence = device.lacksKernel ? renderMissing(missing) : undefined;
      throw sentence === undefined ? error : new Error(sentence, { cause: error });
    }
  }

  async #openResolver(): Promise<void> {
    const { self, addresses, suffix, paths } = this.#options;
    this.#resolver ??= new Resolver(
      {
        suffix,
        own: self.address,
        service: addresses.coordinator,
        directory: paths.hosts,
        user: unprivilegedUser(await readFile('/proc/self/uid_map', 'utf8')),
      },
      this.#options,
    );
    await this.#resolver.open();
  }

  async #apply(state: MeshState, touched: Touched): Promise<void> {
    const { run, self, addresses } = this.#options;
    if (touched.all || this.#applied.unsettled) this.#applied.adopt(await this.#found(state));
    const change = this.#applied.change(state, touched);
    const { plan, whole } = change;

    this.#rememberSessions(plan.withdraw);
    for (const device of this.#devices()) await device.withdraw(on(device, plan.withdraw));
    if (whole) await loadFirewall(run, this.#firewall, whole.filter(isElement));
    else await changeElements(run, plan.elements);
    await applyRoutes(run, self.address, plan.routes);
    for (const device of this.#devices()) {
      await device.admit(on(device, plan.admit));
      await device.change(on(device, plan.change));
    }
    await this.#renewSessions(plan.admit);
    if (whole) await this.#resolver?.load(whole.filter(isHost));
    else this.#resolver?.change(plan.hosts);
    await forgetConnections(run, plan.forget, addresses.cidr);
    change.commit();
  }

  /**
   * Remembers which clients have sessions that end with their keys, as the device was when it was last dumped. A look now
   * would cost as much as there are clients, and the keys have to go.
   */
  #rememberSessions(withdrawn: readonly WireguardPeerEntry[]): void {
    const clients = withdrawn.filter((peer) => peer.device === 'wg0');
    this.#lost.remember(
      clients.map((peer) => peer.key),
      this.#heard,
    );
  }

  /** Shakes hands with clients that had a session when their keys went. */
  async #renewSessions(admitted: readonly WireguardPeerEntry[]): Promise<void> {
    const device = this.#concentrator;
    if (device) await device.greet(this.#lost.take(on(device, admitted).map((peer) => peer.key)));
  }

  /** What the devices and tables hold, as entries. Names and set elements are always written anew with everything. */
  async #found(state: MeshState): Promise<Entry[]> {
    const wanted = new Map<string, WireguardPeerEntry>();
    for (const id of state.peers.keys())
      for (const entry of peerEntries(state, this.#options.self.id, id))
        if (entry.table === 'wireguard') wanted.set(entry.key, entry);
    const found: Entry[] = await readRoutes(this.#options.run);
    for (const device of this.#devices()) found.push(...(await device.entries(wanted)));
    return found;
  }

  /** Runs the task when those before it are done, whether they succeeded or not. */
  #next<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function on(device: WireguardDevice, peers: readonly WireguardPeerEntry[]): WireguardPeerEntry[] {
  return peers.filter((peer) => peer.device === device.name);
}
