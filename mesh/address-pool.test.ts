import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressPlan, type AddressRange, DEFAULT_MESH_CIDR, inRange } from './address-plan.ts';
import { AddressPool, type FreedAddress } from './address-pool.ts';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from './ipv4.ts';

const REST_MS = 1000;
const FIRST = ipv4ToNumber('10.0.0.4' as Ipv4);
const RANGE: AddressRange = { first: FIRST, last: FIRST + 5 };

/** The address so many places after the first of the range; -1 and 6 lie outside. */
function nth(index: number): Ipv4 {
  return ipv4FromNumber(FIRST + index);
}

function addresses(range: AddressRange): Ipv4[] {
  return Array.from({ length: range.last - range.first + 1 }, (_, index) => ipv4FromNumber(range.first + index));
}

/** The law written down as plainly as can be: three lists, searched from end to end. */
class NaivePool {
  fresh: Ipv4[];
  taken: Ipv4[] = [];
  freed: FreedAddress[] = [];

  constructor(range: AddressRange) {
    this.fresh = addresses(range);
  }

  take(now: number): Ipv4 | undefined {
    const rested = this.freed.filter(({ freedAt }) => now - freedAt >= REST_MS).map(({ address }) => address);
    const address = this.fresh[0] ?? rested[0];
    if (address !== undefined) this.claim(address);
    return address;
  }

  claim(address: Ipv4): boolean {
    if (!this.fresh.includes(address) && !this.freed.some((rest) => rest.address === address)) return false;
    this.fresh = this.fresh.filter((other) => other !== address);
    this.freed = this.freed.filter((rest) => rest.address !== address);
    this.taken.push(address);
    return true;
  }

  release(address: Ipv4, freedAt: number): boolean {
    if (!this.taken.includes(address)) return false;
    this.taken = this.taken.filter((other) => other !== address);
    this.freed.push({ address, freedAt });
    return true;
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), index: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), index: fc.integer({ min: -1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('claim' as const), index: fc.integer({ min: -1, max: 6 }) }) },
);
const history = fc.array(fc.tuple(step, fc.nat({ max: REST_MS })), { maxLength: 60 });

describe('the address pool', () => {
  it('agrees with the naive pool at every step, and so does a pool restored at any step', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let pool = new AddressPool(RANGE, undefined, REST_MS);
        const naive = new NaivePool(RANGE);
        let now = 0;
        for (const [{ do: action, index }, elapsed] of steps) {
          now += elapsed;
          if (action === 'take') expect(pool.take(now)).toBe(naive.take(now));
          else expect(pool[action](nth(index), now)).toBe(naive[action](nth(index), now));
          // A restart in between: all that is kept is who has what, and what was freed when.
          if (index % 2 === 0) pool = new AddressPool(RANGE, { taken: naive.taken, freed: [...naive.freed] }, REST_MS);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never gives an address outside the range, taken or resting', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const pool = new AddressPool(RANGE, undefined, REST_MS);
        const taken = new Set<Ipv4>();
        const freedAt = new Map<Ipv4, number>();
        let now = 0;
        for (const [{ do: action, index }, elapsed] of steps) {
          now += elapsed;
          if (action === 'release') {
            if (taken.delete(nth(index))) freedAt.set(nth(index), now);
            pool.release(nth(index), now);
          } else if (action === 'claim') {
            if (pool.claim(nth(index))) taken.add(nth(index));
          } else {
            const given = pool.take(now);
            if (given === undefined) continue;
            expect(inRange(RANGE, given)).toBe(true);
            expect(taken.has(given)).toBe(false);
            expect(now - (freedAt.get(given) ?? -Infinity)).toBeGreaterThanOrEqual(REST_MS);
            taken.add(given);
          }
        }
      }),
    );
  });

  it('gives the never-used lowest first, then the freed in the order in which they were freed', () => {
    const pool = new AddressPool(RANGE, undefined, REST_MS);
    expect(pool.take(0)).toBe(nth(0));
    pool.release(nth(0), 0);
    expect(Array.from({ length: 6 }, () => pool.take(0))).toEqual([nth(1), nth(2), nth(3), nth(4), nth(5), undefined]);
    pool.release(nth(4), 1);
    pool.release(nth(2), 2);
    expect(pool.take(REST_MS - 1)).toBeUndefined();
    expect(Array.from({ length: 4 }, () => pool.take(5 * REST_MS))).toEqual([nth(0), nth(4), nth(2), undefined]);
  });

  it('a freed address rests to the millisecond', () => {
    const pool = new AddressPool({ first: FIRST, last: FIRST }, undefined, REST_MS);
    pool.claim(nth(0));
    pool.release(nth(0), 500);
    expect(pool.take(500 + REST_MS - 1)).toBeUndefined();
    expect(pool.take(500 + REST_MS)).toBe(nth(0));
  });

  it('a clock that is set back shortens no rest and changes no order', () => {
    const pool = new AddressPool(RANGE, { taken: addresses(RANGE), freed: [] }, REST_MS);
    pool.release(nth(3), 900);
    pool.release(nth(1), 100);
    expect(pool.take(900 + REST_MS - 1)).toBeUndefined();
    expect([pool.take(900 + REST_MS), pool.take(900 + REST_MS)]).toEqual([nth(3), nth(1)]);
  });

  it('a fixed address can be claimed once, rested or not, and only inside the range', () => {
    const pool = new AddressPool(RANGE, undefined, REST_MS);
    expect([pool.claim(nth(0)), pool.claim(nth(0)), pool.claim(nth(6)), pool.claim(nth(-1))]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    pool.release(nth(0), 0);
    expect(pool.claim(nth(0))).toBe(true);
  });

  it('a history that contradicts itself is read for safety: taken beats freed, freed late beats freed early', () => {
    const range = { first: FIRST, last: FIRST + 1 };
    const freed = [nth(0), nth(1), nth(1)].map((address, index) => ({ address, freedAt: index * 100 }));
    const pool = new AddressPool(range, { taken: [nth(0), nth(6)], freed }, REST_MS);
    expect([pool.take(199 + REST_MS), pool.take(200 + REST_MS), pool.take(9 * REST_MS)]).toEqual([
      undefined,
      nth(1),
      undefined,
    ]);
  });

  it("hands out the whole of the mission's client range, from .100.2 to .255.254", () => {
    const { clients } = addressPlan(DEFAULT_MESH_CIDR);
    const pool = new AddressPool(clients);
    const given: (Ipv4 | undefined)[] = [];
    while (given.at(-1) !== undefined || given.length === 0) given.push(pool.take(0));
    expect(given.slice(0, 2)).toEqual(['172.30.100.2', '172.30.100.3']);
    expect(given.slice(-2)).toEqual(['172.30.255.254', undefined]);
    expect(given).toHaveLength(155 * 256 + 254 - 2 + 2);
  });
});
