import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../host/clock.ts';
import { HttpsClient } from '../host/https.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { type PeerConfig, parsePeerConfig } from '../mesh/peer-config.ts';
import { parseDatagram, renderDatagram } from './announcement.ts';
import { askPeer } from './control.ts';
import { problem, TestCoordinator, TOKEN } from './coordinator.fixture.ts';
import type { OnDatagram } from './datagrams.ts';
import { FakeDataPlane } from './fake-data-plane.fixture.ts';
import { type DataPlaneNeeds, type Peer, type PeerOptions, startPeer } from './peer.ts';
import { attached, client, countingBytes, delta, memoryLog, peer, snapshot } from './records.fixture.ts';

/** The machine's clock, on which nobody waits long. */
const HASTY: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 10), signal) };

const FIRST = snapshot({ peers: [peer(1), peer(2)], clients: [client(1), client(2)] });

/** Resolves once it is so; fails, with the test's own place, when that takes unreasonably long. */
async function until(condition: () => boolean): Promise<void> {
  const giveUp = systemClock.monotonic() + 20_000;
  while (!condition()) {
    if (systemClock.monotonic() > giveUp) throw new Error('what was waited for did not happen');
    await systemClock.sleep(2);
  }
}

jest.setTimeout(30_000);

let home: string;
let coordinator: TestCoordinator;
let port: number;
let planes: FakeDataPlane[];
let needs: DataPlaneNeeds[];
let log: ReturnType<typeof memoryLog>;
let locked: boolean;
let running: Peer[];
let sent: string[];
let onDatagram: OnDatagram | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tm-peer-'));
  coordinator = new TestCoordinator();
  coordinator.first = FIRST;
  port = await coordinator.open();
  [planes, needs, running, sent] = [[], [], [], []];
  log = memoryLog();
  locked = false;
});

afterEach(async () => {
  for (const one of running) await one.close();
  await coordinator.close();
  expect(coordinator.unexpected).toEqual([]);
  await rm(home, { recursive: true });
});

function config(changes: Record<string, unknown> = {}): PeerConfig {
  return parsePeerConfig(
    {
      name: 'peer-1',
      server: `https://127.0.0.1:${String(port)}`,
      auth_token: TOKEN,
      wireguard: { enabled: true },
      ...changes,
    },
    'test',
  );
}

function options(changes: Partial<PeerOptions> = {}): PeerOptions {
  return {
    config: config(),
    home,
    dataPlane: (wanted) => {
      const plane = new FakeDataPlane('kernel');
      planes.push(plane);
      needs.push(wanted);
      return plane;
    },
    connect: (base, trust) => new HttpsClient(base, trust),
    bind: (address, announcePort, receive) => {
      expect([address, announcePort]).toEqual([coordinator.place.address, 51_822]);
      onDatagram = receive;
      return Promise.resolve({
        send: (data, to) => {
          sent.push(`${to.address} ${Buffer.from(data).toString('utf8')}`);
          const datagram = parseDatagram(data);
          if (datagram?.type !== 'attach') return;
          // The other peer acknowledges.
          setImmediate(() => {
            receive(renderDatagram({ type: 'ack', id: datagram.id }), to);
          });
        },
        close: () => Promise.resolve(),
      });
    },
    lock: (name) => {
      expect(name).toBe('peer');
      if (locked) return Promise.resolve(undefined);
      locked = true;
      return Promise.resolve({
        release: () => {
          locked = false;
          return Promise.resolve();
        },
      });
    },
    clock: HASTY,
    random: countingBytes(),
    log,
    ...changes,
  };
}

async function started(changes: Partial<PeerOptions> = {}): Promise<Peer> {
  const one = await startPeer(options(changes));
  running.push(one);
  return one;
}

async function stopped(one: Peer): Promise<void> {
  running.splice(running.indexOf(one), 1);
  await one.close();
}

const plane = (): FakeDataPlane => {
  const last = planes.at(-1);
  if (!last) throw new Error('no data plane was made');
  return last;
};

describe('a peer', () => {
  it('joins, brings up its devices, applies the mesh and says so', async () => {
    const addresses: Ipv4[] = [];
    const one = await started({ onAddress: (address) => void addresses.push(address) });
    expect(addresses).toEqual([coordinator.place.address]);
    await until(() => coordinator.reports.some((report) => report.applied_revision === 1));
    expect(plane().calls).toEqual(['start', 'apply 1 all']);
    expect(needs[0]).toMatchObject({
      self: { id: 'p1', name: 'peer-1', address: '127.0.0.1' },
      meshPort: 51821,
      wireguardPort: 51820,
    });
    expect(needs[0]?.keys.mesh.publicKey()).toBe(coordinator.offers[0]?.mesh_public_key);
    expect(needs[0]?.keys.wireguard?.publicKey()).toBe(coordinator.offers[0]?.wireguard?.public_key);
    const status = await askPeer(join(home, '.tunnelmesh'), 'status');
    expect(status).toEqual(one.status());
    expect(status).toMatchObject({
      dns_name: 'peer-1.tunnelmesh',
      revision: 1,
      applied_revision: 1,
      data_plane: 'kernel',
      wireguard: { enabled: true, endpoint: '203.0.113.1:51820', clients: { known: 2, attached: 0 } },
      mesh: { peers: 1 },
    });
    expect(status.coordinator.connected_since).not.toBeNull();
    const table = await askPeer(join(home, '.tunnelmesh'), 'peers');
    expect(table.peers.map((known) => [known.name, known.this_peer])).toEqual([
      ['peer-1', true],
      ['peer-2', false],
    ]);
  });

  it('keeps its own credential and not the token, for its owner only', async () => {
    await started();
    const directory = join(home, '.tunnelmesh');
    for (const name of ['mesh.key', 'membership.json', 'wireguard/wireguard.key']) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(directory, name), 'utf8')).not.toContain(TOKEN);
    }
  });

  it('closing takes the devices away, frees the lock and leaves no socket', async () => {
    const one = await started();
    await until(() => coordinator.reports.length > 0);
    await stopped(one);
    await one.ended;
    expect(plane().calls.at(-1)).toBe('close');
    expect(locked).toBe(false);
    expect((await readdir(join(home, '.tunnelmesh'))).sort()).toEqual([
      'membership.json',
      'mesh.key',
      'state.ndjson',
      'wireguard',
    ]);
  });

  it('comes up with its last state without a coordinator, and resumes when that is back, without joining again', async () => {
    const first = await started();
    await until(() => first.status().applied_revision === 1);
    coordinator.send(delta(2, { clients: [client(3)] }));
    await until(() => first.status().applied_revision === 2);
    await stopped(first);
    await coordinator.close();

    const second = await started({ config: config({ auth_token: null }) });
    await until(() => second.status().applied_revision === 2);
    expect(plane().calls).toEqual(['start', 'apply 2 all']);
    expect(second.status().coordinator.connected_since).toBeNull();

    await coordinator.open(port);
    await until(() => second.status().coordinator.connected_since !== null);
    expect(coordinator.streamPaths.at(-1)).toBe('/api/v1/peers/self/stream?epoch=e1&revision=2');
    expect(coordinator.offers).toHaveLength(1);
    coordinator.send(delta(3, { gone: { peers: [], clients: ['c3'] } }));
    await until(() => plane().calls.includes('apply 3 clients=c3'));
  });

  it('joins again when it would ask for something else, and keeps its devices when its place is the same', async () => {
    await stopped(await started());
    const streams = coordinator.streamPaths.length;
    await started({ config: config({ wireguard: { enabled: true, endpoint: 'wg.example.com:51820' } }) });
    await until(() => coordinator.offers.length === 2);
    expect(coordinator.offers[1]?.wireguard?.endpoint).toBe('wg.example.com:51820');
    await until(() => coordinator.streamPaths.length > streams);
    expect(planes).toHaveLength(2);
  });

  it('a refused credential makes a peer with a token join again', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    coordinator.revoke();
    await until(() => coordinator.offers.length === 2);
    await until(() => one.status().coordinator.connected_since !== null);
    expect(coordinator.streamPaths).toHaveLength(2);
    expect(planes).toHaveLength(1);
  });

  it('a new place in the mesh means new devices', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    coordinator.place = { id: 'p7', address: '127.0.0.7' as Ipv4 };
    coordinator.revoke();
    await until(() => planes.length === 2);
    expect(planes[0]?.calls.at(-1)).toBe('close');
    await until(() => one.status().address === '127.0.0.7');
    await until(() => plane().calls.includes('apply 1 all'));
  });

  it('a refused credential without a token leaves the devices as they are and asks again', async () => {
    await stopped(await started());
    const one = await started({ config: config({ auth_token: null }) });
    await until(() => one.status().applied_revision === 1);
    coordinator.revoke();
    await until(() => log.events.filter((event) => event.includes("refuses this peer's credential")).length === 2);
    expect(plane().calls).not.toContain('close');
    expect(coordinator.offers).toHaveLength(1);
  });

  it('a newcomer goes on our own devices first, then to the other peers and the coordinator', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    const sentBefore: number[] = [];
    plane().beforeApply = () => Promise.resolve(void sentBefore.push(sent.length));
    plane().senders = [client(2).address, '172.30.200.200' as Ipv4];
    await until(() => coordinator.reports.some((report) => report.attachments.length > 0));
    expect(plane().calls.at(-1)).toBe('apply 1 clients=c2');
    expect(sentBefore).toEqual([0]);
    expect(sent.filter((line) => line.includes('attach'))).toHaveLength(1);
    expect(sent[0]).toContain(`${peer(2).address} {"type":"attach"`);
    expect(sent[0]).toContain('"gateway":"p1","clients":[["c2",1]]');
    expect(coordinator.reports.flatMap((report) => report.attachments)).toEqual([attached(2, 1, 1)]);
  });

  it('takes another gateway’s word for what attached there, and acknowledges it', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    const data = renderDatagram({ type: 'attach', id: '00000000000000aa', gateway: 'p2', clients: [['c1', 4]] });
    onDatagram?.(data, { address: peer(2).address, port: 51_822 });
    await until(() => plane().calls.includes('apply 1 clients=c1'));
    expect(sent).toEqual([`${peer(2).address} {"type":"ack","id":"00000000000000aa"}`]);
  });

  it('what attached here while the coordinator was away is reported after a restart', async () => {
    const first = await started();
    await until(() => first.status().applied_revision === 1);
    await coordinator.close();
    plane().senders = [client(1).address];
    await until(() => plane().calls.includes('apply 1 clients=c1'));
    await stopped(first);
    await coordinator.open(port);
    await started();
    await until(() => coordinator.reports.some((report) => report.attachments.length > 0));
    expect(coordinator.reports.flatMap((report) => report.attachments)).toEqual([attached(1, 1, 1)]);
  });

  it('reports the activity of clients attached here, and only what changed', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    const key = client(1).public_key;
    if (!key) throw new Error('a client without key');
    const handshake = { key, lastHandshakeSeconds: 100, endpoint: null, receivedBytes: 5, sentBytes: 6 };
    plane().dump = [handshake];
    await until(() => coordinator.reports.some((report) => report.activity.length > 0));
    await systemClock.sleep(50);
    expect(coordinator.reports.flatMap((report) => report.activity)).toHaveLength(1);
    plane().dump = [{ ...handshake, receivedBytes: 9 }];
    await until(() => coordinator.reports.flatMap((report) => report.activity).length === 2);
  });

  it('a device that is gone is made again with everything on it', async () => {
    const one = await started();
    await until(() => one.status().applied_revision === 1);
    plane().whole = false;
    await until(() => plane().calls.length === 4);
    expect(plane().calls).toEqual(['start', 'apply 1 all', 'start', 'apply 1 all']);
  });

  it('that never joined and has no token says what to give', async () => {
    await expect(startPeer(options({ config: config({ auth_token: null }) }))).rejects.toThrow('give --token');
    expect(locked).toBe(false);
  });

  it('is the only one on its machine', async () => {
    await started();
    await expect(startPeer(options())).rejects.toThrow('another peer is running on this machine');
  });

  it('a name that is taken ends the start with the coordinator’s words', async () => {
    coordinator.answers.set('/api/v1/join', [409, problem(409, 'peer-1 is taken by a client')]);
    await expect(startPeer(options())).rejects.toThrow('peer-1 is taken by a client');
    expect(planes).toHaveLength(0);
    expect(locked).toBe(false);
  });

  it('devices that cannot be made end the start with the reason, and nothing is left behind', async () => {
    const broken = new FakeDataPlane();
    broken.start = () => Promise.reject(new Error('no permission to make devices'));
    await expect(startPeer(options({ dataPlane: () => broken }))).rejects.toThrow('no permission to make devices');
    expect(broken.calls).toEqual(['close']);
    expect(locked).toBe(false);
  });

  it('waiting for its first coordinator can be given up', async () => {
    await coordinator.close();
    const life = new AbortController();
    const starting = startPeer(options({ signal: life.signal }));
    const failed = expect(starting).rejects.toThrow('stopped before the coordinator could be reached');
    await until(() => log.events.length > 0);
    life.abort();
    await failed;
    expect(locked).toBe(false);
  });
});
