import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Label } from '../mesh/name.ts';
import { TUNNEL_NAME_MAX_LENGTH, tunnelName } from './client-files.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/) as fc.Arbitrary<Label>;

describe('the name of a tunnel', () => {
  it('is the gateway’s where every platform takes that', () => {
    expect(['wg-eu', 'wg-asia', 'a'.repeat(15)].map((name) => tunnelName(name as Label))).toEqual([
      'wg-eu',
      'wg-asia',
      'a'.repeat(15),
    ]);
  });

  it('is never one that Windows keeps for a device', () => {
    for (const name of ['con', 'nul', 'com1', 'lpt9']) expect(tunnelName(name as Label)).not.toBe(name);
  });

  it('is one that wg-quick takes as an interface, for any gateway', () => {
    fc.assert(
      fc.property(label, (name) => {
        expect(tunnelName(name)).toMatch(/^[a-zA-Z0-9_=+.-]{1,15}$/);
      }),
    );
  });

  it('differs for gateways whose names begin alike', () => {
    const start = 'a'.repeat(TUNNEL_NAME_MAX_LENGTH);
    expect(tunnelName(`${start}-east` as Label)).not.toBe(tunnelName(`${start}-west` as Label));
  });
});
