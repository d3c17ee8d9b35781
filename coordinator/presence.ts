/** Which peers are at work at this moment. */
import type { Clock } from '../host/clock.ts';

/** How long after its last request a peer without a stream still counts as alive, in milliseconds. */
export const ALIVE_MS = 30_000;

/** See the file's comment. */
export class Presence {
  readonly #clock: Clock;
  readonly #isConnected: (peer: string) => boolean;
  readonly #seen = new Map<string, number>();

  constructor(clock: Clock, isConnected: (peer: string) => boolean) {
    this.#clock = clock;
    this.#isConnected = isConnected;
  }

  /** The peer was heard of just now. */
  see(peer: string): void {
    this.#seen.set(peer, this.#clock.monotonic());
  }

  /** Says whether the peer has a stream, or was heard of in the last {@link ALIVE_MS}. */
  isAlive(peer: string): boolean {
    const seen = this.#seen.get(peer);
    return this.#isConnected(peer) || (seen !== undefined && this.#clock.monotonic() - seen < ALIVE_MS);
  }
}
