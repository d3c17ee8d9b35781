import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { renderDatagram } from './announcement.ts';
import { PeerBench, until } from './peer.fixture.ts';
import { attached, client, peer } from './records.fixture.ts';

jest.setTimeout(30_000);

let bench: PeerBench;

beforeEach(async () => {
  bench = await PeerBench.open();
});

afterEach(() => bench.close());

describe('a gateway', () => {
  it('a newcomer goes on our own devices first, then to the other peers and the coordinator', async () => {
    await bench.settled();
    const sentBefore: number[] = [];
    bench.plane.beforeApply = () => Promise.resolve(void sentBefore.push(bench.sent.length));
    bench.plane.senders = [client(2).address, '172.30.200.200' as Ipv4];
    await until(() => bench.coordinator.reports.some((report) => report.attachments.length > 0));
    expect(bench.plane.calls.at(-1)).toBe('apply 1 clients=c2');
    expect(sentBefore).toEqual([0]);
    expect(bench.sent.filter((line) => line.includes('attach'))).toHaveLength(1);
    expect(bench.sent[0]).toContain(`${peer(2).address} {"type":"attach"`);
    expect(bench.sent[0]).toContain('"gateway":"p1","clients":[["c2",1]]');
    expect(bench.coordinator.reports.flatMap((report) => report.attachments)).toEqual([attached(2, 1, 1)]);
  });

  it('takes another gateway’s word for what attached there, and acknowledges it', async () => {
    await bench.settled();
    const data = renderDatagram({ type: 'attach', id: '00000000000000aa', gateway: 'p2', clients: [['c1', 4]] });
    bench.onDatagram?.(data, { address: peer(2).address, port: 51_822 });
    await until(() => bench.plane.calls.includes('apply 1 clients=c1'));
    expect(bench.sent).toEqual([`${peer(2).address} {"type":"ack","id":"00000000000000aa"}`]);
  });

  it('what attached here while the coordinator was away is reported after a restart', async () => {
    const first = await bench.settled();
    await bench.coordinator.close();
    bench.plane.senders = [client(1).address];
    await until(() => bench.plane.calls.includes('apply 1 clients=c1'));
    await bench.stopped(first);
    await bench.coordinator.open(bench.port);
    await bench.started();
    await until(() => bench.coordinator.reports.some((report) => report.attachments.length > 0));
    expect(bench.coordinator.reports.flatMap((report) => report.attachments)).toEqual([attached(1, 1, 1)]);
  });

  it('reports the activity of clients attached here, and only what changed', async () => {
    await bench.settled();
    const key = client(1).public_key;
    if (!key) throw new Error('a client without key');
    const handshake = { key, lastHandshakeSeconds: 100, endpoint: null, receivedBytes: 5, sentBytes: 6 };
    bench.plane.dump = [handshake];
    await until(() => bench.coordinator.reports.some((report) => report.activity.length > 0));
    await systemClock.sleep(50);
    expect(bench.coordinator.reports.flatMap((report) => report.activity)).toHaveLength(1);
    bench.plane.dump = [{ ...handshake, receivedBytes: 9 }];
    await until(() => bench.coordinator.reports.flatMap((report) => report.activity).length === 2);
  });

  it('a device that is gone is made again with everything on it', async () => {
    await bench.settled();
    bench.plane.whole = false;
    await until(() => bench.plane.calls.length === 4);
    expect(bench.plane.calls).toEqual(['start', 'apply 1 all', 'start', 'apply 1 all']);
  });
});
