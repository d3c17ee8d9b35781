import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NumberSet } from './number-set.ts';

describe('a set of numbers that knows its lowest', () => {
  it.each([1, 31, 32, 33, 1023, 1024, 1025, 32_769])('with room for %d gives each of them once, in order', (size) => {
    const set = new NumberSet(size);
    const given: number[] = [];
    for (let lowest = set.lowest(); lowest !== undefined; lowest = set.lowest()) {
      given.push(lowest);
      set.delete(lowest);
    }
    expect(given).toEqual(Array.from({ length: size }, (_, number) => number));
  });

  it('is empty when there is room for nothing', () => {
    expect(new NumberSet(0).lowest()).toBeUndefined();
  });

  it('agrees with an ordinary set whatever is deleted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.array(fc.nat({ max: 4000 })), (size, deleted) => {
        const set = new NumberSet(size);
        const model = new Set(Array.from({ length: size }, (_, number) => number));
        for (const number of deleted) {
          expect(set.has(number)).toBe(model.has(number));
          set.delete(number);
          model.delete(number);
          const [lowest] = model;
          expect(set.lowest()).toBe(lowest);
        }
      }),
    );
  });
});
