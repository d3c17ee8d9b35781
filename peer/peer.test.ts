import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { askPeer } from './control.ts';
import { problem, TOKEN } from './coordinator.fixture.ts';
import { FakeDataPlane } from './fake-data-plane.fixture.ts';
import { PeerBench, until } from './peer.fixture.ts';
import { startPeer } from './peer.ts';
import { client, delta } from './records.fixture.ts';

jest.setTimeout(30_000);

let bench: PeerBench;

beforeEach(async () => {
  bench = await PeerBench.open();
});

afterEach(() => bench.close());

describe('a peer', () => {
  it('joins, brings up its devices, applies the mesh and says so', async () => {
    const addresses: Ipv4[] = [];
    const one = await bench.started({ onAddress: (address) => void addresses.push(address) });
    expect(addresses).toEqual([bench.coordinator.place.address]);
    await until(() => bench.coordinator.reports.some((report) => report.applied_revision === 1));
    expect(bench.plane.calls).toEqual(['start', 'apply 1 all']);
    expect(bench.needs[0]).toMatchObject({
      self: { id: 'p1', name: 'peer-1', address: '127.0.0.1' },
      meshPort: 51821,
      wireguardPort: 51820,
    });
    expect(bench.needs[0]?.keys.mesh.publicKey()).toBe(bench.coordinator.offers[0]?.mesh_public_key);
    expect(bench.needs[0]?.keys.wireguard?.publicKey()).toBe(bench.coordinator.offers[0]?.wireguard?.public_key);
    const status = await askPeer(join(bench.home, '.tunnelmesh'), 'status');
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
    const table = await askPeer(join(bench.home, '.tunnelmesh'), 'peers');
    expect(table.peers.map((known) => [known.name, known.this_peer])).toEqual([
      ['peer-1', true],
      ['peer-2', false],
    ]);
  });

  it('keeps its own credential and not the token, for its owner only', async () => {
    await bench.started();
    const directory = join(bench.home, '.tunnelmesh');
    for (const name of ['mesh.key', 'membership.json', 'wireguard/wireguard.key']) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(directory, name), 'utf8')).not.toContain(TOKEN);
    }
  });

  it('closing takes the devices away, frees the lock and leaves no socket', async () => {
    const one = await bench.started();
    await until(() => bench.coordinator.reports.some((report) => report.applied_revision > 0));
    await bench.stopped(one);
    await one.ended;
    expect(bench.plane.calls.at(-1)).toBe('close');
    expect(bench.locked).toBe(false);
    expect((await readdir(join(bench.home, '.tunnelmesh'))).sort()).toEqual([
      'membership.json',
      'mesh.key',
      'state.ndjson',
      'wireguard',
    ]);
  });

  it('comes up with its last state without a coordinator, and resumes when that is back, without joining again', async () => {
    const first = await bench.settled();
    bench.coordinator.send(delta(2, { clients: [client(3)] }));
    await until(() => first.status().applied_revision === 2);
    await bench.stopped(first);
    await bench.coordinator.close();

    const second = await bench.started({ config: bench.config({ auth_token: null }) });
    await until(() => second.status().applied_revision === 2);
    expect(bench.plane.calls).toEqual(['start', 'apply 2 all']);
    expect(second.status().coordinator.connected_since).toBeNull();

    await bench.coordinator.open(bench.port);
    await until(() => second.status().coordinator.connected_since !== null);
    expect(bench.coordinator.streamPaths.at(-1)).toBe('/api/v1/peers/self/stream?epoch=e1&revision=2');
    expect(bench.coordinator.offers).toHaveLength(1);
    bench.coordinator.send(delta(3, { gone: { peers: [], clients: ['c3'] } }));
    await until(() => bench.plane.calls.includes('apply 3 clients=c3'));
  });

  it('joins again when it would ask for something else, and keeps its devices when its place is the same', async () => {
    await bench.stopped(await bench.started());
    const streams = bench.coordinator.streamPaths.length;
    await bench.started({ config: bench.config({ wireguard: { enabled: true, endpoint: 'wg.example.com:51820' } }) });
    await until(() => bench.coordinator.offers.length === 2);
    expect(bench.coordinator.offers[1]?.wireguard?.endpoint).toBe('wg.example.com:51820');
    await until(() => bench.coordinator.streamPaths.length > streams);
    expect(bench.planes).toHaveLength(2);
  });

  it('a refused credential makes a peer with a token join again', async () => {
    const one = await bench.settled();
    bench.coordinator.revoke();
    await until(() => bench.coordinator.offers.length === 2);
    await until(() => one.status().coordinator.connected_since !== null);
    expect(bench.coordinator.streamPaths).toHaveLength(2);
    expect(bench.planes).toHaveLength(1);
  });

  it('a new place in the mesh means new devices', async () => {
    const one = await bench.settled();
    bench.coordinator.place = { id: 'p7', address: '127.0.0.7' as Ipv4 };
    bench.coordinator.revoke();
    await until(() => bench.planes.length === 2);
    expect(bench.planes[0]?.calls.at(-1)).toBe('close');
    await until(() => one.status().address === '127.0.0.7');
    await until(() => bench.plane.calls.includes('apply 1 all'));
  });

  it('a refused credential without a token leaves the devices as they are and asks again', async () => {
    await bench.stopped(await bench.started());
    const one = await bench.started({ config: bench.config({ auth_token: null }) });
    await until(() => one.status().applied_revision === 1);
    bench.coordinator.revoke();
    await until(
      () => bench.log.events.filter((event) => event.includes("refuses this peer's credential")).length === 2,
    );
    expect(bench.plane.calls).not.toContain('close');
    expect(bench.coordinator.offers).toHaveLength(1);
  });

  it('that never joined and has no token says what to give', async () => {
    await expect(startPeer(bench.options({ config: bench.config({ auth_token: null }) }))).rejects.toThrow(
      'give --token',
    );
    expect(bench.locked).toBe(false);
  });

  it('is the only one on its machine', async () => {
    await bench.started();
    await expect(startPeer(bench.options())).rejects.toThrow('another peer is running on this machine');
  });

  it('a name that is taken ends the start with the coordinator’s words', async () => {
    bench.coordinator.answers.set('/api/v1/join', [409, problem(409, 'peer-1 is taken by a client')]);
    await expect(startPeer(bench.options())).rejects.toThrow('peer-1 is taken by a client');
    expect(bench.planes).toHaveLength(0);
    expect(bench.locked).toBe(false);
  });

  it('devices that cannot be made end the start with the reason, and nothing is left behind', async () => {
    const broken = new FakeDataPlane();
    broken.start = () => Promise.reject(new Error('no permission to make devices'));
    await expect(startPeer(bench.options({ dataPlane: () => broken }))).rejects.toThrow(
      'no permission to make devices',
    );
    expect(broken.calls).toEqual(['close']);
    expect(bench.locked).toBe(false);
  });

  it('waiting for its first coordinator can be given up', async () => {
    await bench.coordinator.close();
    const life = new AbortController();
    const starting = startPeer(bench.options({ signal: life.signal }));
    const failed = expect(starting).rejects.toThrow('stopped before the coordinator could be reached');
    await until(() => bench.log.events.length > 0);
    life.abort();
    await failed;
    expect(bench.locked).toBe(false);
  });
});
