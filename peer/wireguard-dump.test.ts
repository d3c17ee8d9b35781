import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ipv4FromNumber } from '../mesh/ipv4.ts';
import { ipv4, publicKey } from '../test/fakes/example-mesh.ts';
import { type DumpedPeer, onlyAddress, parseWireguardDump } from './wireguard-dump.ts';

const renderPeer = (peer: DumpedPeer): string =>
  [
    peer.key,
    '(none)',
    peer.endpoint ?? '(none)',
    peer.allowedIps.join(',') || '(none)',
    peer.lastHandshakeSeconds,
    peer.receivedBytes,
    peer.sentBytes,
    peer.keepaliveSeconds ?? 'off',
  ].join('\t');

const anyPeer: fc.Arbitrary<DumpedPeer> = fc.record({
  key: fc.integer({ min: 0, max: 40 }).map(publicKey),
  endpoint: fc.option(fc.constantFrom('203.0.113.5:51821', '[2001:db8::1]:51820')),
  allowedIps: fc.array(
    fc.integer({ min: 0, max: 0xffffffff }).map((value) => `${ipv4FromNumber(value)}/32`),
    {
      maxLength: 3,
    },
  ),
  lastHandshakeSeconds: fc.nat(),
  receivedBytes: fc.nat(),
  sentBytes: fc.nat(),
  keepaliveSeconds: fc.option(fc.integer({ min: 1, max: 65535 })),
});

describe('a dump of a WireGuard device', () => {
  it('gives back the peers that it was written from', () => {
    fc.assert(
      fc.property(fc.array(anyPeer), (peers) => {
        const text = [`PRIVATE\t${publicKey(1)}\t51820\toff`, ...peers.map(renderPeer), ''].join('\n');
        expect(parseWireguardDump(text)).toEqual({ publicKey: publicKey(1), listenPort: 51820, peers });
      }),
    );
  });

  it('of a new device has neither key nor port nor peers', () => {
    expect(parseWireguardDump('(none)\t(none)\t0\toff\n')).toEqual({ publicKey: null, listenPort: 0, peers: [] });
  });

  it('that is none is refused without a word of it, for its first field is the private key', () => {
    for (const text of [
      '',
      'SECRET',
      'SECRET\tSECRET\tSECRET\toff',
      `SECRET\t${publicKey(1)}\t51820\toff\nSECRET\tx`,
    ]) {
      let message = '';
      try {
        parseWireguardDump(text);
      } catch (error) {
        message = String(error);
      }
      expect(message).toMatch(/^Error: wg printed/);
      expect(message).not.toContain('SECRET');
    }
  });

  it('shows a peer’s address only when that is all it may use', () => {
    const peer = { ...fc.sample(anyPeer, 1)[0], key: publicKey(2) } as DumpedPeer;
    expect(onlyAddress({ ...peer, allowedIps: ['172.30.0.5/32'] })).toBe(ipv4('172.30.0.5'));
    expect(onlyAddress({ ...peer, allowedIps: ['172.30.0.0/16'] })).toBeUndefined();
    expect(onlyAddress({ ...peer, allowedIps: ['172.30.0.5/32', '172.30.0.6/32'] })).toBeUndefined();
    expect(onlyAddress({ ...peer, allowedIps: [] })).toBeUndefined();
  });
});
