import { describe, expect, it } from '@jest/globals';
import { x25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { LOW_ORDER_POINTS, RFC7748_KEY_PAIRS, WG_KEY_PAIRS } from '../test/vectors/x25519.ts';
import { base64 } from './base64.ts';
import { hex } from './hex.ts';
import { isPublicKey, parsePublicKey, PrivateKey } from './key.ts';

const keyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

function base64OfHex(text: string): string {
  return base64.encode(hex.decode(text) ?? new Uint8Array());
}

function topBitSet(key: string): string {
  const bytes = base64.decode(key) ?? new Uint8Array();
  bytes[31] = (bytes[31] ?? 0) | 128;
  return base64.encode(bytes);
}

describe('WireGuard keys', () => {
  it.each(RFC7748_KEY_PAIRS)('RFC 7748 §6.1: $privateKey has its public key', ({ privateKey, publicKey }) => {
    expect(PrivateKey.parse(base64OfHex(privateKey))?.publicKey()).toBe(base64OfHex(publicKey));
  });

  it.each(WG_KEY_PAIRS)('the public key of $privateKey is the one that `wg pubkey` writes', (pair) => {
    expect(PrivateKey.parse(pair.privateKey)?.publicKey()).toBe(pair.publicKey);
  });

  it('a new key is 32 bytes of the random source, clamped as RFC 7748 §5 asks', () => {
    fc.assert(
      fc.property(keyBytes, (random) => {
        const bytes = base64.decode(PrivateKey.generate(() => random).reveal()) ?? new Uint8Array();
        expect(bytes).toHaveLength(32);
        expect([(bytes[0] ?? 0) & 7, (bytes[31] ?? 0) & 192]).toEqual([0, 64]);
        expect(bytes.subarray(1, 31)).toEqual(random.subarray(1, 31));
      }),
    );
  });

  it('a private key survives the way to its text and back', () => {
    fc.assert(
      fc.property(keyBytes, (bytes) => {
        expect(PrivateKey.parse(base64.encode(bytes))?.reveal()).toBe(base64.encode(bytes));
      }),
    );
  });

  it('a private key prints as nothing but its kind, however it is printed', () => {
    const key = PrivateKey.generate((count) => new Uint8Array(count).fill(7));
    // eslint-disable-next-line @typescript-eslint/restrict-template-expressions -- what somebody might do by mistake
    const printed = [`${key}`, JSON.stringify({ key }), inspect({ key }), inspect(key, { showHidden: true })].join();
    expect(printed).toContain('(private key)');
    expect(printed).not.toContain(key.reveal());
  });

  it.each(['', 'AAAA', `${WG_KEY_PAIRS[0].publicKey}=`, ` ${WG_KEY_PAIRS[0].publicKey}`, `${'A'.repeat(42)}B=`])(
    '"%s" is no key',
    (text) => {
      expect(parsePublicKey(text)).toBeUndefined();
      expect(PrivateKey.parse(text)).toBeUndefined();
    },
  );

  it.each(LOW_ORDER_POINTS)('the point of low order %s is refused, whatever its top bit', (point) => {
    const key = base64OfHex(point);
    expect(() =>
      x25519.getSharedSecret(new Uint8Array(32).fill(0x48), base64.decode(key) ?? new Uint8Array()),
    ).toThrow();
    expect([isPublicKey(key), isPublicKey(topBitSet(key))]).toEqual([false, false]);
  });

  it('every public key of a private key is usable', () => {
    fc.assert(
      fc.property(keyBytes, (bytes) => isPublicKey(PrivateKey.parse(base64.encode(bytes))?.publicKey() ?? '')),
      { numRuns: 20 },
    );
  });
});
