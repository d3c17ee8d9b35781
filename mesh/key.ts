/**
 * WireGuard keys: Curve25519 points and scalars (RFC 7748) written as 44 characters of base64, as `wg genkey` and
 * `wg pubkey` write them (wg(8)).
 */
import { x25519 } from '@noble/curves/ed25519.js';
import { base64 } from './base64.ts';
import { hex } from './hex.ts';

declare const publicKeyBrand: unique symbol;

/** A WireGuard public key in canonical base64, not one of the low-order points. */
export type PublicKey = string & { readonly [publicKeyBrand]: true };

/** Length of a key in bytes, private or public. */
export const KEY_BYTES = 32;

/** `count` random bytes from a cryptographic source, handed in by the program. */
export type RandomBytes = (count: number) => Uint8Array;

/** A private key that does not print itself: every way of turning it to text but {@link PrivateKey.reveal} is redacted. */
export class PrivateKey {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A new key, clamped as RFC 7748 §5 asks, from the given source of randomness. */
  static generate(random: RandomBytes): PrivateKey {
    const bytes = Uint8Array.from(random(KEY_BYTES));
    bytes[0] = (bytes[0] ?? 0) & 248;
    bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
    return new PrivateKey(bytes);
  }

  /** The key that the base64 text spells, or `undefined` if it is not 32 bytes in canonical base64. */
  static parse(text: string): PrivateKey | undefined {
    const bytes = base64.decode(text);
    return bytes?.length === KEY_BYTES ? new PrivateKey(bytes) : undefined;
  }

  /** The public key that belongs to this one. */
  publicKey(): PublicKey {
    return base64.encode(x25519.getPublicKey(this.#bytes)) as PublicKey;
  }

  /** The key itself in base64. Call it only to write a 0600 file, a pipe, or a configuration that its owner asked for. */
  reveal(): string {
    return base64.encode(this.#bytes);
  }

  toString(): string {
    return '(private key)';
  }

  toJSON(): string {
    return '(private key)';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '(private key)';
  }
}

/**
 * Points of low order, in hexadecimal: 0, 1, the two of order 8, p − 1, p and p + 1, p being 2^255 − 19. Compared instead
 * of multiplied, because a snapshot of the mesh holds as many keys as there are clients.
 * Source: https://cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?".
 */
const LOW_ORDER_POINTS: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** Says whether the bytes are a point of low order; the top bit does not count (RFC 7748 §5). */
function isLowOrder(bytes: Uint8Array): boolean {
  const masked = Uint8Array.from(bytes);
  masked[KEY_BYTES - 1] = (masked[KEY_BYTES - 1] ?? 0) & 127;
  return LOW_ORDER_POINTS.has(hex.encode(masked));
}

/**
 * The public key that the text spells, or `undefined` if it is not 32 bytes in canonical base64 or is a point of low
 * order. With such a point the shared secret is zero whatever the private key (RFC 7748 §6.1): nobody can own it.
 */
export function parsePublicKey(text: string): PublicKey | undefined {
  const bytes = base64.decode(text);
  return bytes?.length === KEY_BYTES && !isLowOrder(bytes) ? (text as PublicKey) : undefined;
}

/** Says whether the text is a usable public key; see {@link parsePublicKey}. */
export function isPublicKey(text: string): text is PublicKey {
  return parsePublicKey(text) !== undefined;
}
