import { describe, expect, it } from '@jest/globals';
import type { Cidr } from '../mesh/ipv4.ts';
import { isLoopback, outwardAddress, seenEndpoint, sourceOf } from './source-address.ts';

const MESH = '172.30.0.0/16' as Cidr;

describe('the source of a request', () => {
  it.each([
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.9', '203.0.113.9'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, ''],
  ])('%s is %s', (remote, source) => {
    expect(sourceOf(remote)).toBe(source);
  });

  it('is loopback for 127/8 and ::1 alone', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true);
    expect(['128.0.0.1', '172.30.0.1', '::2', ''].some(isLoopback)).toBe(false);
  });

  it('with a port is an endpoint, brackets and all', () => {
    expect(seenEndpoint('203.0.113.9', undefined, 51820)).toBe('203.0.113.9:51820');
    expect(seenEndpoint('2001:db8::1', undefined, 51820)).toBe('[2001:db8::1]:51820');
  });

  it('on loopback stands for the address by which others reach this machine', () => {
    expect(seenEndpoint('127.0.0.1', '203.0.113.9', 51821)).toBe('203.0.113.9:51821');
    expect(seenEndpoint('127.0.0.1', undefined, 51821)).toBe('127.0.0.1:51821');
  });
});

describe('the outward address', () => {
  it.each([
    [['127.0.0.1', '::1', '10.110.0.2', '203.0.113.9', '198.51.100.4'], '203.0.113.9'],
    [['127.0.0.1', '172.30.0.1', '192.168.1.5'], '192.168.1.5'],
    [['127.0.0.1', '172.30.0.1'], undefined],
  ])('of %j is %s', (addresses, outward) => {
    expect(outwardAddress(MESH, addresses)).toBe(outward);
  });
});
