import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../host/clock.ts';
import { REPORT_ALIVE_MS } from '../mesh/stream.ts';
import { Presence } from './presence.ts';

describe('a peer', () => {
  let now = 0;
  const clock: Pick<Clock, 'monotonic'> = { monotonic: () => now };
  const presence = new Presence(clock);

  it('is not alive before it was heard', () => {
    expect(presence.isAlive('p1')).toBe(false);
  });

  it('is alive until it has missed three reports, counted from the last', () => {
    presence.see('p1');
    now = REPORT_ALIVE_MS;
    presence.see('p1');
    now = 4 * REPORT_ALIVE_MS - 1;
    expect(presence.isAlive('p1')).toBe(true);
    expect(presence.isAlive('p2')).toBe(false);
    now += 1;
    expect(presence.isAlive('p1')).toBe(false);
  });
});
