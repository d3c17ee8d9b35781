import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endpointTextArbitrary } from '../test/property/value-arbitrary.ts';
import { isHostname, isPort, parseEndpoint, renderEndpoint } from './endpoint.ts';

describe('endpoints', () => {
  it.each([
    ['203.0.113.50:51820', { host: '203.0.113.50', port: 51820 }],
    ['wg.example.com:51820', { host: 'wg.example.com', port: 51820 }],
    ['WG.Example.com:1', { host: 'wg.example.com', port: 1 }],
    ['[2001:DB8::1]:65535', { host: '2001:db8::1', port: 65535 }],
    ['localhost:8443', { host: 'localhost', port: 8443 }],
  ])('%s is read', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    '',
    'wg.example.com',
    ':51820',
    'wg.example.com:',
    'wg.example.com:0',
    'wg.example.com:70000',
    'wg.example.com:5182o',
    '203.0.113.256:51820',
    '203.0.113:51820',
    '2001:db8::1:51820',
    '[2001:db8::1]',
    '[2001:db8:::1]:51820',
    '[203.0.113.50]:51820',
    'wg_1.example.com:51820',
    '-wg.example.com:51820',
    'wg..example.com:51820',
    'wg.example.com:51820 ',
    `${'a'.repeat(64)}.example.com:51820`,
    `${'a.'.repeat(127)}a:51820`,
  ])('"%s" is refused', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it('whatever is read is read again from what is written', () => {
    fc.assert(
      fc.property(endpointTextArbitrary, (text) => {
        const endpoint = parseEndpoint(text);
        expect(endpoint).toBeDefined();
        if (endpoint) expect(parseEndpoint(renderEndpoint(endpoint))).toEqual(endpoint);
      }),
    );
  });

  it('a name of digits and dots must be an address', () => {
    expect([isHostname('10.0.0.1'), isHostname('10.0.0'), isHostname('10.0.0.1.example.com')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each([0, -1, 65536, 1.5, NaN])('%d is no port', (port) => {
    expect(isPort(port)).toBe(false);
  });
});
