import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cidrArbitrary, ipv4Arbitrary } from '../test/property/value-arbitrary.ts';
import {
  type Cidr,
  cidrBounds,
  cidrContains,
  cidrsOverlap,
  ipv4FromNumber,
  ipv4ToNumber,
  parseCidr,
  parseIpv4,
  prefixLength,
} from './ipv4.ts';

describe('IPv4 addresses', () => {
  it('an address survives the way to its number and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => ipv4ToNumber(ipv4FromNumber(value)) === value),
    );
  });

  it('an address is read exactly as it is written', () => {
    fc.assert(fc.property(ipv4Arbitrary, (address) => parseIpv4(address) === address));
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '0x1.2.3.4', '1..3.4', '::1'])(
    '"%s" is no address',
    (text) => {
      expect(parseIpv4(text)).toBeUndefined();
    },
  );

  it.each([-1, 0x100000000, 0.5, NaN])('%d is no address as a number', (value) => {
    expect(() => ipv4FromNumber(value)).toThrow(RangeError);
  });
});

describe('IPv4 networks', () => {
  it('a network is read exactly as it is written', () => {
    fc.assert(fc.property(cidrArbitrary(0, 32), (cidr) => parseCidr(cidr) === cidr));
  });

  it('a network with any host bit set is refused', () => {
    fc.assert(
      fc.property(cidrArbitrary(0, 31), fc.nat({ max: 31 }), (cidr, position) => {
        const bit = 2 ** (position % (32 - prefixLength(cidr)));
        const withHostBit = `${ipv4FromNumber(cidrBounds(cidr).first + bit)}/${String(prefixLength(cidr))}`;
        expect(parseCidr(withHostBit)).toBeUndefined();
      }),
    );
  });

  it.each(['172.30.0.1/16', '172.30.0.0', '172.30.0.0/33', '172.30.0.0/016', '172.30.0.0/-1', '/16'])(
    '"%s" is no network',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it('contains what lies between its bounds and nothing else', () => {
    fc.assert(
      fc.property(cidrArbitrary(0, 32), (cidr) => {
        const { first, last } = cidrBounds(cidr);
        expect(last - first + 1).toBe(2 ** (32 - prefixLength(cidr)));
        expect([first, last].map((value) => cidrContains(cidr, ipv4FromNumber(value)))).toEqual([true, true]);
        if (first > 0) expect(cidrContains(cidr, ipv4FromNumber(first - 1))).toBe(false);
        if (last < 0xffffffff) expect(cidrContains(cidr, ipv4FromNumber(last + 1))).toBe(false);
      }),
    );
  });

  it('two overlap exactly when one contains the first address of the other', () => {
    const near = cidrArbitrary(0, 8);
    fc.assert(
      fc.property(near, near, (a, b) => {
        const contains = (outer: Cidr, inner: Cidr): boolean =>
          cidrContains(outer, ipv4FromNumber(cidrBounds(inner).first));
        expect(cidrsOverlap(a, b)).toBe(contains(a, b) || contains(b, a));
      }),
      { numRuns: 500 },
    );
  });
});
