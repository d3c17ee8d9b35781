import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ipv4FromNumber, ipv4ToNumber, parseCidr } from './ipv4.ts';

describe('IPv4 addresses', () => {
  it('an address survives the way to its number and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => ipv4ToNumber(ipv4FromNumber(value)) === value),
    );
  });

  it('a network with host bits is refused', () => {
    expect(parseCidr('172.30.0.1/16')).toBeUndefined();
    expect(parseCidr('172.30.0.0/16')).toBe('172.30.0.0/16');
  });
});
