/** A peer with a real coordinator on loopback, a data plane and a wire that only remember, and nothing that waits long. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Clock, systemClock } from '../host/clock.ts';
import { HttpsClient } from '../host/https.ts';
import type { Lock } from '../host/lock.ts';
import { type PeerConfig, parsePeerConfig } from '../mesh/peer-config.ts';
import { parseDatagram, renderDatagram } from './announcement.ts';
import { TestCoordinator, TOKEN } from './coordinator.fixture.ts';
import type { BindDatagrams, OnDatagram } from './datagrams.ts';
import { FakeDataPlane } from './fake-data-plane.fixture.ts';
import { type DataPlaneNeeds, type Peer, type PeerOptions, startPeer } from './peer.ts';
import { client, countingBytes, memoryLog, peer, snapshot } from './records.fixture.ts';

/** How long a test waits for something before it fails, in milliseconds. */
const GIVE_UP_MS = 20_000;

/** The machine's clock, on which nobody waits long. */
const HASTY: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 10), signal) };

/** Resolves once it is so; fails, with the test's own place, when that takes unreasonably long. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUp = systemClock.monotonic() + GIVE_UP_MS;
  while (!condition()) {
    if (systemClock.monotonic() > giveUp) throw new Error('what was waited for did not happen');
    await systemClock.sleep(2);
  }
}

/** See the file's comment. */
export class PeerBench {
  readonly home: string;
  readonly coordinator: TestCoordinator;
  readonly port: number;
  readonly planes: FakeDataPlane[] = [];
  readonly needs: DataPlaneNeeds[] = [];
  readonly log = memoryLog();
  /** Datagrams as `address text`. */
  readonly sent: string[] = [];
  onDatagram: OnDatagram | undefined;
  locked = false;
  readonly #running: Peer[] = [];

  private constructor(home: string, coordinator: TestCoordinator, port: number) {
    this.home = home;
    this.coordinator = coordinator;
    this.port = port;
  }

  /** Two peers and two clients are in the mesh. */
  static async open(): Promise<PeerBench> {
    const coordinator = new TestCoordinator();
    coordinator.first = snapshot({ peers: [peer(1), peer(2)], clients: [client(1), client(2)] });
    return new PeerBench(await mkdtemp(join(tmpdir(), 'tm-peer-')), coordinator, await coordinator.open());
  }

  async close(): Promise<void> {
    for (const one of this.#running) await one.close();
    await this.coordinator.close();
    expect(this.coordinator.unexpected).toEqual([]);
    await rm(this.home, { recursive: true });
  }

  /** The data plane that was made last. */
  get plane(): FakeDataPlane {
    const last = this.planes.at(-1);
    if (!last) throw new Error('no data plane was made');
    return last;
  }

  config(changes: Record<string, unknown> = {}): PeerConfig {
    const server = `https://127.0.0.1:${String(this.port)}`;
    return parsePeerConfig(
      { name: 'peer-1', server, auth_token: TOKEN, wireguard: { enabled: true }, ...changes },
      'test',
    );
  }

  options(changes: Partial<PeerOptions> = {}): PeerOptions {
    return {
      config: this.config(),
      home: this.home,
      dataPlane: (needs) => {
        this.needs.push(needs);
        const plane = new FakeDataPlane('kernel');
        this.planes.push(plane);
        return plane;
      },
      connect: (base, trust) => new HttpsClient(base, trust),
      bind: this.#bind,
      lock: (name) => this.#lock(name),
      clock: HASTY,
      random: countingBytes(),
      log: this.log,
      ...changes,
    };
  }

  async started(changes: Partial<PeerOptions> = {}): Promise<Peer> {
    const one = await startPeer(this.options(changes));
    this.#running.push(one);
    return one;
  }

  /** A peer that has applied the coordinator's first snapshot. */
  async settled(): Promise<Peer> {
    const one = await this.started();
    await until(() => one.status().applied_revision === 1);
    return one;
  }

  async stopped(one: Peer): Promise<void> {
    this.#running.splice(this.#running.indexOf(one), 1);
    await one.close();
  }

  /** A wire at whose other end everybody acknowledges. */
  readonly #bind: BindDatagrams = (address, port, receive) => {
    expect([address, port]).toEqual([this.coordinator.place.address, 51_822]);
    this.onDatagram = receive;
    return Promise.resolve({
      send: (data, to) => {
        this.sent.push(`${to.address} ${Buffer.from(data).toString('utf8')}`);
        const datagram = parseDatagram(data);
        if (datagram?.type !== 'attach') return;
        setImmediate(() => {
          receive(renderDatagram({ type: 'ack', id: datagram.id }), to);
        });
      },
      close: () => Promise.resolve(),
    });
  };

  #lock(name: string): Promise<Lock | undefined> {
    expect(name).toBe('peer');
    if (this.locked) return Promise.resolve(undefined);
    this.locked = true;
    return Promise.resolve({
      release: () => {
        this.locked = false;
        return Promise.resolve();
      },
    });
  }
}
