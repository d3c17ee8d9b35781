/**
 * A WireGuard device: the kernel's where the kernel has WireGuard, else `wireguard-go`'s. An existing device with our
 * key is adopted as it is, so that a daemon's restart costs nobody a packet; one with another key is somebody else's.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../host/clock.ts';
import { SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import { CommandError, type Run, type Start } from '../host/run.ts';
import type { WireguardPeerEntry } from '../mesh/entry.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PrivateKey } from '../mesh/key.ts';
import type { LastHeard } from './lost-sessions.ts';
import { onlyAddress, parseWireguardDump, type WireguardDump } from './wireguard-dump.ts';
import {
  BULK_PEERS,
  hasNamedEndpoint,
  pieces,
  REMOVED_PEERS,
  renderConfiguration,
  renderGreetings,
  renderNamedEndpoint,
  renderRemovals,
  renderSets,
  SET_PEERS,
} from './wireguard-peers.ts';

/** MTU of a WireGuard device on a path of 1500: 40 of IPv6, 8 of UDP, 32 of WireGuard (wg-quick(8)'s default). */
export const WIREGUARD_MTU = 1420;

/** How long `wireguard-go` may take until it answers, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;
const ANSWER_POLL_MS = 20;

/** How long one call with many peers may take, in milliseconds. */
const BULK_TIMEOUT_MS = 60_000;

/** What a device is to be. */
export interface WireguardDeviceSettings {
  readonly name: 'wg0' | 'tm0';
  readonly privateKey: PrivateKey;
  readonly listenPort: number;
  readonly address: Ipv4;
  /** A directory in memory (/run) that nobody else reads, for what `wg` takes by file only. */
  readonly runtime: string;
}

/** What it takes to drive one. */
export interface WireguardDeviceEffects {
  readonly run: Run;
  readonly start: Start;
  readonly clock: Clock;
  readonly log: Log;
}

/** See the file's comment. */
export class WireguardDevice {
  readonly #settings: WireguardDeviceSettings;
  readonly #effects: WireguardDeviceEffects;
  #lacksKernel = false;

  constructor(settings: WireguardDeviceSettings, effects: WireguardDeviceEffects) {
    this.#settings = settings;
    this.#effects = effects;
  }

  get name(): 'wg0' | 'tm0' {
    return this.#settings.name;
  }

  /** Says whether the kernel was asked for the device and has no WireGuard. */
  get lacksKernel(): boolean {
    return this.#lacksKernel;
  }

  /** Makes or adopts the device, with key, port, address and MTU set and the link up. Says which kind it is. */
  async open(): Promise<'kernel' | 'wireguard-go'> {
    const { name, privateKey, listenPort, address } = this.#settings;
    const { run } = this.#effects;
    const found = await this.#answer();
    const ours = privateKey.publicKey();
    if (found?.publicKey && found.publicKey !== ours)
      throw new Error(
        `there is a WireGuard device ${name} already, with the key ${found.publicKey} and not ${ours}; ` +
          `if it is a leftover, remove it with \`ip link delete ${name}\``,
      );
    const kind = found ? await this.#kind() : await this.#make();
    if (found?.publicKey !== ours || found.listenPort !== listenPort)
      await this.#withFile(`${privateKey.reveal()}\n`, (path) =>
        run(['wg', 'set', name, 'private-key', path, 'listen-port', String(listenPort)]),
      );
    await run(['ip', 'address', 'replace', `${address}/32`, 'dev', name]);
    await run(['ip', 'link', 'set', name, 'mtu', String(WIREGUARD_MTU), 'up']);
    return kind;
  }

  /** The device as it is. */
  async dump(): Promise<WireguardDump> {
    return parseWireguardDump((await this.#effects.run(['wg', 'show', this.name, 'dump'])).stdout);
  }

  /**
   * Its peers as entries. What the device has learned of an endpoint by itself is newer than anything written down, so
   * the endpoint that a dump shows is given as the one in `wanted` wherever it has any.
   */
  async entries(wanted: ReadonlyMap<string, WireguardPeerEntry>): Promise<WireguardPeerEntry[]> {
    const { peers } = await this.dump();
    return peers.map((peer) => ({
      table: 'wireguard',
      device: this.name,
      key: peer.key,
      // A key with any other list than one address is never as wanted, and so gets written.
      address: onlyAddress(peer) ?? ('0.0.0.0' as Ipv4),
      endpoint: peer.endpoint === null ? null : (wanted.get(peer.key)?.endpoint ?? null),
      keepaliveSeconds: peer.keepaliveSeconds,
    }));
  }

  /** Takes keys off the device: their sessions end with it. */
  async withdraw(peers: readonly WireguardPeerEntry[]): Promise<void> {
    for (const piece of pieces(peers, REMOVED_PEERS))
      await this.#effects.run(renderRemovals(this.name, piece), { timeoutMs: BULK_TIMEOUT_MS });
  }

  /** Puts new keys on the device. */
  async admit(peers: readonly WireguardPeerEntry[]): Promise<void> {
    if (peers.length <= BULK_PEERS.above) {
      await this.change(peers);
      return;
    }
    for (const piece of pieces(peers, BULK_PEERS.perCall))
      await this.#withFile(renderConfiguration(piece), (path) =>
        this.#effects.run(['wg', 'addconf', this.name, path], { timeoutMs: BULK_TIMEOUT_MS }),
      );
    await this.#nameEndpoints(peers);
  }

  /** Writes address, endpoint and keepalive of keys, whether they are there or not. */
  async change(peers: readonly WireguardPeerEntry[]): Promise<void> {
    for (const piece of pieces(peers, SET_PEERS))
      await this.#effects.run(renderSets(this.name, piece), { timeoutMs: BULK_TIMEOUT_MS });
    await this.#nameEndpoints(peers);
  }

  /** Shakes hands with peers that are on the device, where they were last heard. */
  async greet(peers: readonly LastHeard[]): Promise<void> {
    for (const piece of pieces(peers, SET_PEERS)) await this.#effects.run(renderGreetings(this.name, piece));
  }

  /** Takes the device away; `wireguard-go` ends with it. */
  async remove(): Promise<void> {
    await this.#effects.run(['ip', 'link', 'delete', this.name], { okExitCodes: [1] });
  }

  /** A name that does not resolve now must not hold up the rest; until it does, that peer is heard of by its own keepalive. */
  async #nameEndpoints(peers: readonly WireguardPeerEntry[]): Promise<void> {
    for (const peer of peers.filter(hasNamedEndpoint)) {
      try {
        await this.#effects.run(renderNamedEndpoint(this.name, peer), { env: { WG_ENDPOINT_RESOLUTION_RETRIES: '0' } });
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        this.#effects.log.warn('a peer has no endpoint for now', { endpoint: peer.endpoint, why: error.output });
      }
    }
  }

  /**
   * Gives a command a text by file: `wg` opens what it reads by name, and a child's standard input is a socket here, which
   * cannot be opened through /dev/stdin (ENXIO).
   */
  async #withFile(text: string, use: (path: string) => Promise<unknown>): Promise<void> {
    const path = join(this.#settings.runtime, `wg-${randomUUID()}`);
    try {
      await writeFileAtomic(path, text, SECRET_FILE_MODE);
      await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** The device as it answers, or `undefined` when none does. */
  async #answer(): Promise<WireguardDump | undefined> {
    const { exitCode, stdout } = await this.#effects.run(['wg', 'show', this.name, 'dump'], { okExitCodes: [1] });
    return exitCode === 0 ? parseWireguardDump(stdout) : undefined;
  }

  /** `ip -details link` names the kind of a link at the start of its third line: `wireguard`, or `tun` for wireguard-go's. */
  async #kind(): Promise<'kernel' | 'wireguard-go'> {
    const { stdout } = await this.#effects.run(['ip', '-details', 'link', 'show', this.name]);
    return /^\s+wireguard\b/m.test(stdout) ? 'kernel' : 'wireguard-go';
  }

  async #make(): Promise<'kernel' | 'wireguard-go'> {
    try {
      await this.#effects.run(['ip', 'link', 'add', this.name, 'type', 'wireguard']);
      return 'kernel';
    } catch (error) {
      if (!isWithoutWireguard(error)) throw error;
      this.#lacksKernel = true;
    }
    // Detached: it outlives a daemon that crashes, and is adopted by the next one.
    const process = this.#effects.start(['wireguard-go', '-f', this.name], {
      output: 'ignore',
      detached: true,
      env: { LOG_LEVEL: 'error' },
    });
    let ended: string | undefined;
    void process.ended.then((how) => (ended = how));
    const { clock } = this.#effects;
    const deadline = clock.monotonic() + ANSWER_TIMEOUT_MS;
    while ((await this.#answer()) === undefined) {
      if (ended !== undefined || clock.monotonic() >= deadline) {
        process.kill('SIGKILL');
        throw new Error(`wireguard-go made no device ${this.name}: ${ended ?? 'it did not answer within 5 s'}`);
      }
      await clock.sleep(ANSWER_POLL_MS);
    }
    return 'wireguard-go';
  }
}

/** `ip` without the kernel's WireGuard: "Error: Unknown device type." or "RTNETLINK answers: Operation not supported". */
function isWithoutWireguard(error: unknown): boolean {
  return error instanceof CommandError && /unknown device type|not supported/i.test(error.output);
}
