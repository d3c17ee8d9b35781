/**
 * The coordinator's nonces for joins: good for a minute and for one join. A nonce carries its own end and a seal that only
 * this process can make, so that giving one out costs no memory; only those that were used well are remembered.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hex } from '../mesh/hex.ts';
import { NONCE_BYTES } from '../mesh/join.ts';
import type { RandomBytes } from '../mesh/key.ts';
import { MeshError } from '../mesh/problem.ts';

/** How long a nonce is good, in milliseconds. */
export const NONCE_LIFETIME_MS = 60_000;

/** Most joins in one lifetime of a nonce. */
export const MAX_USED_NONCES = 4_096;

/** A nonce is its end (milliseconds, 6 bytes), random bytes, and the seal over both: half of an HMAC-SHA256. */
const END_BYTES = 6;
const SEAL_BYTES = 16;
const BODY_BYTES = NONCE_BYTES - SEAL_BYTES;
const SECRET_BYTES = 32;

/** See the file's comment. Times are monotonic milliseconds. */
export class JoinNonces {
  readonly #random: RandomBytes;
  readonly #secret: Uint8Array;
  /** Used nonces in the order of use, and when each ends. */
  readonly #used = new Map<string, number>();

  constructor(random: RandomBytes) {
    this.#random = random;
    this.#secret = random(SECRET_BYTES);
  }

  /** A new nonce, in hexadecimal. */
  issue(now: number): string {
    const body = Buffer.alloc(BODY_BYTES);
    body.writeUIntBE(Math.floor(now) + NONCE_LIFETIME_MS, 0, END_BYTES);
    body.set(this.#random(BODY_BYTES - END_BYTES), END_BYTES);
    return hex.encode(Buffer.concat([body, this.#seal(body)]));
  }

  /**
   * Uses the nonce up. Says whether it was one of ours, not too old and not used before.
   * @throws MeshError when more machines join than can be remembered
   */
  use(nonce: string, now: number): boolean {
    const bytes = Buffer.from(hex.decode(nonce) ?? []);
    if (bytes.length !== NONCE_BYTES) return false;
    const [body, seal] = [bytes.subarray(0, BODY_BYTES), bytes.subarray(BODY_BYTES)];
    const end = body.readUIntBE(0, END_BYTES);
    if (!timingSafeEqual(seal, this.#seal(body)) || end <= now || this.#used.has(nonce)) return false;
    this.#forget(now);
    if (this.#used.size >= MAX_USED_NONCES) {
      throw new MeshError(
        'too-many',
        `more than ${String(MAX_USED_NONCES)} machines joined within a minute; try again`,
      );
    }
    this.#used.set(nonce, end);
    return true;
  }

  #seal(body: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(body).digest().subarray(0, SEAL_BYTES);
  }

  /** Ended nonces are refused by their end; used ones are kept no longer than that. */
  #forget(now: number): void {
    for (const [nonce, end] of this.#used) if (end <= now) this.#used.delete(nonce);
  }
}
