/** Which peers are at work at this moment. */
import type { Clock } from '../host/clock.ts';
import { REPORT_ALIVE_MS } from '../mesh/stream.ts';

/** How long after its last request a peer counts as alive, in milliseconds: three reports may get lost. */
export const ALIVE_MS = 3 * REPORT_ALIVE_MS;

/** See the file's comment. */
export class Presence {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #seen = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The peer was heard of just now. */
  see(peer: string): void {
    this.#seen.set(peer, this.#clock.monotonic());
  }

  /** Says whether the peer was heard of in the last {@link ALIVE_MS}. */
  isAlive(peer: string): boolean {
    const seen = this.#seen.get(peer);
    return seen !== undefined && this.#clock.monotonic() - seen < ALIVE_MS;
  }
}
