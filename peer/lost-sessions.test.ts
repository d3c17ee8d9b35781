import { describe, expect, it } from '@jest/globals';
import type { PublicKey } from '../mesh/key.ts';
import { publicKey } from '../test/fakes/example-mesh.ts';
import { type Handshake, SESSION_SECONDS } from './data-plane.ts';
import { FakeClock } from './fake-clock.fixture.ts';
import { LostSessions, MAX_REMEMBERED, REMEMBERED_MS } from './lost-sessions.ts';

const WALL_SECONDS = 1_700_000_000;
const key = publicKey;
const at = (number: number): string => `198.51.100.9:${String(1024 + number)}`;

function heard(number: number, agoSeconds = 0, endpoint: string | null = at(number)): Handshake {
  return {
    key: key(number),
    lastHandshakeSeconds: WALL_SECONDS - agoSeconds,
    endpoint,
    receivedBytes: 0,
    sentBytes: 0,
  };
}

/** The device as it was dumped. */
function dumped(...peers: Handshake[]): ReadonlyMap<PublicKey, Handshake> {
  return new Map(peers.map((peer) => [peer.key, peer]));
}

describe('a lost session', () => {
  it('is renewed where its device was last heard, and once', () => {
    const lost = new LostSessions(new FakeClock());
    lost.remember([key(1)], dumped(heard(1), heard(2)));
    expect(lost.take([key(1), key(2)])).toEqual([{ key: key(1), endpoint: at(1) }]);
    expect(lost.take([key(1), key(2)])).toEqual([]);
  });

  it('is none where there was no handshake that still counted', () => {
    const lost = new LostSessions(new FakeClock());
    const [never, old, nowhere] = [
      { ...heard(1), lastHandshakeSeconds: 0 },
      heard(2, SESSION_SECONDS + 1),
      heard(3, 0, null),
    ];
    lost.remember([key(1), key(2), key(3), key(4)], dumped(never, old, nowhere));
    expect(lost.take([key(1), key(2), key(3), key(4)])).toEqual([]);
  });

  it('is forgotten when its key was taken off again without one', () => {
    const lost = new LostSessions(new FakeClock());
    lost.remember([key(1)], dumped(heard(1)));
    lost.remember([key(1)], dumped());
    expect(lost.take([key(1)])).toEqual([]);
  });

  it('is remembered for an hour', async () => {
    const clock = new FakeClock();
    const lost = new LostSessions(clock);
    lost.remember([key(1), key(2)], dumped(heard(1), heard(2)));
    await clock.advance(REMEMBERED_MS - 1);
    expect(lost.take([key(1)])).toHaveLength(1);
    await clock.advance(1);
    expect(lost.take([key(2)])).toEqual([]);
  });

  it('gives way to the thousand that were lost after it', () => {
    const lost = new LostSessions(new FakeClock());
    const numbers = Array.from({ length: MAX_REMEMBERED + 1 }, (_, number) => number + 1);
    for (const number of numbers) lost.remember([key(number)], dumped(heard(number)));
    const [first, ...rest] = numbers.map((number) => key(number));
    expect(lost.take(first ? [first] : [])).toEqual([]);
    expect(lost.take(rest)).toHaveLength(MAX_REMEMBERED);
  });
});
