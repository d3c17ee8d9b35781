import { describe, expect, it } from '@jest/globals';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { MeshReplica } from '../mesh/replica.ts';
import type { Attachment } from '../mesh/state.ts';
import { Announcer } from './announce.ts';
import { ANNOUNCE_PORT } from './announcement.ts';
import type { Datagrams } from './datagrams.ts';
import { FakeClock, settle } from './fake-clock.fixture.ts';
import { attached, client, countingBytes, peer, snapshot } from './records.fixture.ts';

/** Peers on one wire that a test may cut. */
class Wire {
  readonly clock = new FakeClock();
  readonly #nodes = new Map<Ipv4, Announcer>();
  readonly taken = new Map<string, Attachment[]>();
  readonly sent: string[] = [];
  readonly cut = new Set<Ipv4>();
  readonly life = new AbortController();

  add(n: number, state: MeshReplica): { announce(attachments: Attachment[]): Promise<number> } {
    const { id, address } = peer(n);
    const taken: Attachment[] = [];
    this.taken.set(id, taken);
    const announcer = new Announcer({
      self: id,
      state: () => state,
      attach: (attachments) => void taken.push(...attachments),
      clock: this.clock,
      random: countingBytes(),
      signal: this.life.signal,
    });
    this.#nodes.set(address, announcer);
    return { announce: (attachments) => announcer.announce(attachments, this.socketOf(address)) };
  }

  socketOf(from: Ipv4): Datagrams {
    return {
      send: (data, to) => {
        expect(to.port).toBe(ANNOUNCE_PORT);
        this.sent.push(`${from} to ${to.address}`);
        if (this.cut.has(from) || this.cut.has(to.address)) return;
        setImmediate(() => {
          const answer = this.#nodes.get(to.address)?.receive(data, { address: from, port: ANNOUNCE_PORT });
          if (answer) this.socketOf(to.address).send(answer, { address: from, port: ANNOUNCE_PORT });
        });
      },
      close: () => Promise.resolve(),
    };
  }
}

const STATE = snapshot({ peers: [peer(1), peer(2), peer(3, false)], clients: [client(1)] });

describe('announcing', () => {
  it('every other peer learns of it, and one datagram each is enough', async () => {
    const wire = new Wire();
    const gateway = wire.add(1, new MeshReplica(STATE));
    wire.add(2, new MeshReplica(STATE));
    wire.add(3, new MeshReplica(STATE));
    expect(await gateway.announce([attached(1, 1, 5)])).toBe(0);
    expect(wire.taken.get('p2')).toEqual([attached(1, 1, 5)]);
    expect(wire.taken.get('p3')).toEqual([attached(1, 1, 5)]);
    expect(wire.sent).toHaveLength(4);
    expect(wire.clock.sleeping).toBe(0);
  });

  it('a peer that does not answer is told five times, then given up', async () => {
    const wire = new Wire();
    const gateway = wire.add(1, new MeshReplica(STATE));
    wire.add(2, new MeshReplica(STATE));
    wire.cut.add(peer(3).address);
    const missed = gateway.announce([attached(1, 1, 5)]);
    await wire.clock.advance(100 + 200 + 400 + 800 + 1_600);
    expect(await missed).toBe(1);
    expect(wire.sent.filter((line) => line.endsWith(`to ${peer(3).address}`))).toHaveLength(5);
  });

  it('a peer that comes back in between is not told again', async () => {
    const wire = new Wire();
    const gateway = wire.add(1, new MeshReplica(snapshot({ peers: [peer(1), peer(2)] })));
    wire.add(2, new MeshReplica(STATE));
    wire.cut.add(peer(2).address);
    const missed = gateway.announce([attached(1, 1, 5)]);
    await wire.clock.advance(150);
    wire.cut.clear();
    await wire.clock.advance(200);
    expect(await missed).toBe(0);
    expect(wire.sent.filter((line) => line.endsWith(`to ${peer(2).address}`))).toHaveLength(3);
  });

  it('a peer is believed about itself only, and only from its own address and port', () => {
    const wire = new Wire();
    wire.add(2, new MeshReplica(STATE));
    const state = new MeshReplica(STATE);
    const taken: Attachment[] = [];
    const receiver = new Announcer({
      self: 'p2',
      state: () => state,
      attach: (attachments) => void taken.push(...attachments),
      clock: wire.clock,
      random: countingBytes(),
      signal: wire.life.signal,
    });
    const datagram = (gateway: string): Buffer =>
      Buffer.from(JSON.stringify({ type: 'attach', id: '00000000000000aa', gateway, clients: [['c1', 9]] }));
    const from = { address: peer(1).address, port: ANNOUNCE_PORT };
    expect(receiver.receive(datagram('p3'), from)).toBeUndefined();
    expect(receiver.receive(datagram('p2'), { ...from, address: peer(2).address })).toBeUndefined();
    expect(receiver.receive(datagram('p9'), from)).toBeUndefined();
    expect(receiver.receive(datagram('p1'), { ...from, port: 40_000 })).toBeUndefined();
    expect(receiver.receive(datagram('p1'), { ...from, address: '172.30.100.2' as Ipv4 })).toBeUndefined();
    expect(taken).toEqual([]);
    expect(receiver.receive(datagram('p1'), from)).toBeDefined();
    expect(taken).toEqual([attached(1, 1, 9)]);
  });

  it('a client that is not known yet is acknowledged only once it is', async () => {
    const wire = new Wire();
    const late = new MeshReplica(STATE);
    const gateway = wire.add(1, new MeshReplica(snapshot({ peers: [peer(1), peer(2)] })));
    wire.add(2, late);
    const missed = gateway.announce([attached(4, 1, 1)]);
    await settle();
    expect(wire.taken.get('p2')).toEqual([]);
    late.clients.set('c4', client(4));
    await wire.clock.advance(100);
    expect(await missed).toBe(0);
    expect(wire.taken.get('p2')).toEqual([attached(4, 1, 1)]);
  });

  it('closing ends what is under way', async () => {
    const wire = new Wire();
    const gateway = wire.add(1, new MeshReplica(STATE));
    const missed = gateway.announce([attached(1, 1, 5)]);
    wire.life.abort();
    expect(await missed).toBe(2);
    expect(wire.clock.sleeping).toBe(0);
  });
});
