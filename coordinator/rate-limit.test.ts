import { describe, expect, it } from '@jest/globals';
import { RateLimit } from './rate-limit.ts';

function spendUntilRefused(limit: RateLimit, source: string, now: number): number {
  for (let count = 0; ; count += 1) {
    try {
      limit.spend(source, now);
    } catch {
      return count;
    }
  }
}

describe('the rate limit', () => {
  it('lets a burst through and then what time gives back, however often it refused', () => {
    const limit = new RateLimit({ burst: 3, perSecond: 2 });
    expect(spendUntilRefused(limit, '192.0.2.1', 0)).toBe(3);
    expect(spendUntilRefused(limit, '192.0.2.1', 400)).toBe(0);
    expect(spendUntilRefused(limit, '192.0.2.1', 1_000)).toBe(2);
    expect(spendUntilRefused(limit, '192.0.2.1', 100_000)).toBe(3);
  });

  it('counts each IPv4 address, and each IPv6 /64, for itself', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 0 });
    for (const source of ['192.0.2.1', '192.0.2.2', '2001:db8:0:1::5', '2001:db8::2:0:0:0:5', '::1']) {
      expect(spendUntilRefused(limit, source, 0)).toBe(1);
    }
    expect(spendUntilRefused(limit, '2001:db8:0:1:9::7', 0)).toBe(0);
  });

  it('remembers no more than a bounded number of sources', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 0 });
    for (let number = 0; number < 10_001; number += 1) limit.spend(`source ${String(number)}`, 0);
    expect(spendUntilRefused(limit, 'source 10000', 0)).toBe(0);
    expect(spendUntilRefused(limit, 'source 0', 0)).toBe(1);
  });
});
