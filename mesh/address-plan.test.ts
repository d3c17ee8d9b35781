import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cidrArbitrary } from '../test/property/value-arbitrary.ts';
import { addressPlan, DEFAULT_MESH_CIDR, inRange, renderRange } from './address-plan.ts';
import { type Cidr, cidrBounds, ipv4ToNumber } from './ipv4.ts';

describe('the address plan', () => {
  it("is the mission's for the mission's range", () => {
    const plan = addressPlan(DEFAULT_MESH_CIDR);
    expect([plan.coordinator, plan.concentrator]).toEqual(['172.30.0.1', '172.30.100.1']);
    expect(renderRange(plan.peers)).toBe('172.30.0.1 - 172.30.99.255');
    expect(renderRange(plan.clients)).toBe('172.30.100.2 - 172.30.255.254');
  });

  it('gives every part a place of its own inside the range, whatever its length', () => {
    fc.assert(
      fc.property(cidrArbitrary(8, 24), (cidr) => {
        const { coordinator, concentrator, peers, clients } = addressPlan(cidr);
        const { first, last } = cidrBounds(cidr);
        expect(first).toBeLessThan(peers.first);
        expect(peers.last).toBeLessThan(ipv4ToNumber(concentrator));
        expect(ipv4ToNumber(concentrator)).toBeLessThan(clients.first);
        expect(clients.first).toBeLessThan(clients.last);
        expect(clients.last).toBeLessThan(last);
        expect(inRange(peers, coordinator)).toBe(true);
      }),
    );
  });

  it.each(['10.0.0.0/7', '10.0.0.0/25'])('%s is no range for a mesh', (cidr) => {
    expect(() => addressPlan(cidr as Cidr)).toThrow(`${cidr} cannot be a mesh range; allowed: /8 to /24`);
  });
});
