/** Time, handed in wherever it is read, so that tests can stand still or jump. */

/** A clock. */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock has them; it may jump. */
  wall(): number;
  /** Milliseconds since some moment in the past; it never goes back. */
  monotonic(): number;
  /** Settles after so many milliseconds, or at once when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};
