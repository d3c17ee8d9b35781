/** Waits that grow after each failure up to a ceiling, shortened at random so that many peers do not come back at once. */
import type { RandomBytes } from '../mesh/key.ts';

/** Bounds of the waits, in milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** How long to wait before a server is asked again. */
export const RECONNECT_BOUNDS: BackoffBounds = { firstMs: 200, mostMs: 5_000 };

/** A fraction in [0, 1) from the source of randomness. */
function fraction(random: RandomBytes): number {
  return random(4).reduce((sum, byte) => (sum + byte) / 256, 0);
}

/** The waits of one thing that is tried again and again: doubling, each between half of its length and all of it. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: RandomBytes;
  #ms: number;

  constructor(bounds: BackoffBounds, random: RandomBytes) {
    this.#bounds = bounds;
    this.#random = random;
    this.#ms = bounds.firstMs;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(ms * 2, this.#bounds.mostMs);
    return Math.round(ms / 2 + (ms / 2) * fraction(this.#random));
  }

  /** Starts again with the shortest wait: it worked. */
  reset(): void {
    this.#ms = this.#bounds.firstMs;
  }
}
