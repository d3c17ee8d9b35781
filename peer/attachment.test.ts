import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MeshReplica } from '../mesh/replica.ts';
import { AttachmentRules, type Moment, TAKE_BACK_AFTER_MS } from './attachment.ts';
import type { Handshake } from './data-plane.ts';
import { attached, client, peer, snapshot } from './records.fixture.ts';

const START = 1_000_000;
const at = (ms: number): Moment => ({ monotonicMs: ms, wallMs: START + ms });

function mesh(...clients: ReturnType<typeof client>[]): MeshReplica {
  return new MeshReplica(snapshot({ peers: [peer(1), peer(2), peer(3)], clients }));
}

function handshake(n: number, seconds: number): Handshake {
  const key = client(n).public_key;
  if (!key) throw new Error('a client without key');
  return { key, lastHandshakeSeconds: seconds, endpoint: '198.51.100.7:4242', receivedBytes: 1, sentBytes: 1 };
}

describe('attachment', () => {
  it('a newcomer attaches with a sequence above the highest seen', () => {
    const state = mesh(client(1), client(2));
    state.attach(attached(2, 3, 41));
    const { attachments } = new AttachmentRules('p1').takeSenders(state, [client(1), client(2)], at(0));
    expect(attachments).toEqual([attached(1, 1, 1), attached(2, 1, 42)]);
  });

  it('a client that is attached here already is left alone', () => {
    const state = mesh(client(1));
    state.attach(attached(1, 1, 3));
    expect(new AttachmentRules('p1').takeSenders(state, [client(1)], at(0)).attachments).toEqual([]);
  });

  it('a disabled client and one without a key never attach', () => {
    const clients = [client(1, { enabled: false }), client(2, { public_key: null })];
    expect(new AttachmentRules('p1').takeSenders(mesh(...clients), clients, at(0)).attachments).toEqual([]);
  });

  it('a gateway takes a client that it lost back after five seconds, not before', () => {
    const rules = new AttachmentRules('p1');
    const state = mesh(client(1));
    state.attach(attached(1, 2, 2));
    rules.lost('c1', at(1_000));
    expect(rules.takeSenders(state, [client(1)], at(5_999)).attachments).toEqual([]);
    expect(rules.takeSenders(state, [client(1)], at(6_000)).attachments).toEqual([attached(1, 1, 3)]);
  });

  it('a person who goes A, B, C is not held up', () => {
    const state = mesh(client(1));
    const gateways = [1, 2, 3].map((n) => new AttachmentRules(`p${String(n)}`));
    gateways.forEach((rules, index) => {
      const { attachments } = rules.takeSenders(state, [client(1)], at(index * 10));
      expect(attachments).toEqual([attached(1, index + 1, index + 1)]);
      attachments.forEach((attachment) => state.attach(attachment));
      gateways[index - 1]?.lost('c1', at(index * 10));
    });
  });

  it('two devices with one configuration cause at most one take-back in five seconds at each gateway', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ gateway: fc.integer({ min: 1, max: 3 }), gap: fc.nat(3_000) })), (packets) => {
        const state = mesh(client(1));
        const rules = [1, 2, 3].map((n) => new AttachmentRules(`p${String(n)}`));
        const taken: { gateway: number; ms: number }[] = [];
        let ms = 0;
        for (const { gateway, gap } of packets) {
          ms += gap;
          const holder = state.attachments.get('c1')?.gateway;
          for (const attachment of rules[gateway - 1]?.takeSenders(state, [client(1)], at(ms)).attachments ?? []) {
            expect(state.attach(attachment)).toBe(true);
            taken.push({ gateway, ms });
            if (holder !== undefined) rules[Number(holder.slice(1)) - 1]?.lost('c1', at(ms));
          }
        }
        for (const gateway of [1, 2, 3]) {
          const moments = taken.filter((move) => move.gateway === gateway).map((move) => move.ms);
          moments.slice(1).forEach((moment, index) => {
            expect(moment - (moments[index] ?? 0)).toBeGreaterThanOrEqual(TAKE_BACK_AFTER_MS);
          });
        }
      }),
    );
  });

  it('three take-backs within a minute are one configuration on two devices, said once until it has been quiet', () => {
    const rules = new AttachmentRules('p1');
    const state = mesh(client(1));
    const takeBack = (ms: number): readonly string[] => {
      const sequence = (state.attachments.get('c1')?.sequence ?? 0) + 1;
      state.attach(attached(1, 2, sequence));
      rules.lost('c1', at(ms));
      const taken = rules.takeSenders(state, [client(1)], at(ms + TAKE_BACK_AFTER_MS));
      taken.attachments.forEach((attachment) => state.attach(attachment));
      expect(taken.attachments).toHaveLength(1);
      return taken.onTwoDevices.map((found) => found.id);
    };
    expect([0, 10_000, 20_000, 30_000, 40_000].map(takeBack)).toEqual([[], [], ['c1'], [], []]);
    expect([200_000, 210_000, 220_000].map(takeBack)).toEqual([[], [], ['c1']]);
  });

  it('take-backs that are further apart than a minute are no such thing', () => {
    const rules = new AttachmentRules('p1');
    const state = mesh(client(1));
    for (let ms = 0; ms < 400_000; ms += 40_000) {
      state.attach(attached(1, 2, (state.attachments.get('c1')?.sequence ?? 0) + 1));
      rules.lost('c1', at(ms));
      const { attachments, onTwoDevices } = rules.takeSenders(state, [client(1)], at(ms + 5_000));
      attachments.forEach((attachment) => state.attach(attachment));
      expect(onTwoDevices).toEqual([]);
    }
  });

  describe('of a silent client', () => {
    const clientOf = (key: string): ReturnType<typeof client> | undefined =>
      [client(1)].find((known) => known.public_key === key);

    it('the first dump only sets the mark; a newer handshake attaches', () => {
      const rules = new AttachmentRules('p1');
      const state = mesh(client(1));
      state.attach(attached(1, 2, 7));
      expect(rules.takeSilent(state, [handshake(1, 1_000)], clientOf, at(0)).attachments).toEqual([]);
      expect(rules.takeSilent(state, [handshake(1, 1_000)], clientOf, at(10_000)).attachments).toEqual([]);
      expect(rules.takeSilent(state, [handshake(1, 1_012)], clientOf, at(20_000)).attachments).toEqual([
        attached(1, 1, 8),
      ]);
    });

    it('a handshake from before the client was lost does not bring it back', () => {
      const rules = new AttachmentRules('p1');
      const state = mesh(client(1));
      rules.takeSilent(state, [handshake(1, 0)], clientOf, at(0));
      state.attach(attached(1, 2, 1));
      rules.lost('c1', at(3_500));
      expect(rules.takeSilent(state, [handshake(1, 1_003)], clientOf, at(10_000)).attachments).toEqual([]);
      expect(rules.takeSilent(state, [handshake(1, 1_012)], clientOf, at(20_000)).attachments).toEqual([
        attached(1, 1, 2),
      ]);
    });

    it('a handshake of a key that belongs to nobody is ignored', () => {
      const rules = new AttachmentRules('p1');
      rules.takeSilent(mesh(), [], clientOf, at(0));
      expect(rules.takeSilent(mesh(), [handshake(9, 2_000)], clientOf, at(10_000)).attachments).toEqual([]);
    });
  });
});
