import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff, RECONNECT_BOUNDS } from './backoff.ts';

describe('backoff', () => {
  it('waits double from the first to the most, each between half and all of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const backoff = new Backoff(RECONNECT_BOUNDS, () => bytes);
        for (const full of [200, 400, 800, 1600, 3200, 5000, 5000]) {
          const wait = backoff.next();
          expect(wait).toBeGreaterThanOrEqual(full / 2);
          expect(wait).toBeLessThanOrEqual(full);
        }
      }),
    );
  });

  it('starts again with the shortest wait once it worked', () => {
    const backoff = new Backoff(RECONNECT_BOUNDS, (count) => new Uint8Array(count));
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });
});
