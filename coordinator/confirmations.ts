/** Which revision each peer has on its devices, and who waits for it. */
import type { Clock } from '../host/clock.ts';

/** Most requests that may wait at one moment; who comes after them does not wait. */
const MAX_WAITING = 1_000;

interface Waiting {
  readonly revision: number;
  /** Peers that have not confirmed. */
  readonly missing: Set<string>;
  readonly done: AbortController;
}

/** See the file's comment. Kept in memory: after a restart of the coordinator every peer reports again. */
export class Confirmations {
  readonly #clock: Clock;
  readonly #applied = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a peer's report. */
  confirm(peer: string, revision: number): void {
    this.#applied.set(peer, revision);
    for (const waiting of this.#waiting) {
      if (revision < waiting.revision) continue;
      waiting.missing.delete(peer);
      if (waiting.missing.size === 0) waiting.done.abort();
    }
  }

  /**
   * Waits until all of these peers have confirmed the revision, so many milliseconds at most.
   * @returns those that have not
   */
  async wait(revision: number, peers: Iterable<string>, ms: number): Promise<string[]> {
    const missing = new Set([...peers].filter((peer) => (this.#applied.get(peer) ?? -1) < revision));
    if (missing.size === 0 || this.#waiting.size >= MAX_WAITING) return [...missing];
    const waiting: Waiting = { revision, missing, done: new AbortController() };
    this.#waiting.add(waiting);
    await this.#clock.sleep(ms, waiting.done.signal);
    this.#waiting.delete(waiting);
    return [...missing];
  }

  /** Lets everybody who waits go. */
  close(): void {
    for (const waiting of this.#waiting) waiting.done.abort();
  }
}
