import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { claimsArbitrary } from '../test/property/value-arbitrary.ts';
import { parseClaims, renderClaims } from './claims.ts';
import type { Cidr } from './ipv4.ts';
import type { Label } from './name.ts';

describe('claims', () => {
  it('have the form that the node token is derived from', () => {
    expect(
      renderClaims({
        coordinator: true,
        wireguard: true,
        exit: true,
        routes: ['192.168.1.0/24', '10.0.0.0/8'] as Cidr[],
        aliases: ['web', 'files'] as Label[],
        generation: 3,
      }),
    ).toBe('roles=coordinator,exit,wireguard;routes=10.0.0.0/8,192.168.1.0/24;aliases=files,web;generation=3');
  });

  it('survive the way to their text and back', () => {
    fc.assert(
      fc.property(claimsArbitrary, (claims) => {
        expect(parseClaims(renderClaims(claims))).toEqual(claims);
      }),
    );
  });

  it.each([
    '',
    'roles=;routes=;aliases=',
    'roles=admin;routes=;aliases=;generation=0',
    'roles=wireguard,exit;routes=;aliases=;generation=0',
    'roles=exit,exit;routes=;aliases=;generation=0',
    'roles=,;routes=;aliases=;generation=0',
    'roles=;routes=10.0.0.1/8;aliases=;generation=0',
    'roles=;routes=192.168.1.0/24,10.0.0.0/8;aliases=;generation=0',
    'roles=;routes=;aliases=-web;generation=0',
    'roles=;routes=;aliases=;generation=00',
    'roles=;routes=;aliases=;generation=0\n',
  ])('"%s" is refused, being nothing that would be written', (text) => {
    expect(parseClaims(text)).toBeUndefined();
  });
});
