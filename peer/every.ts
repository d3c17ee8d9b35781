/** Work that is done again and again. */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { failureText } from '../host/failure.ts';

/** Effects of doing something again and again. */
export interface EveryEffects {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Does the work until the signal ends it, waiting so many milliseconds after each time. A failure is logged once for as
 * long as it stays the same, and never ends the loop.
 */
export async function every(
  ms: number,
  { clock, log, signal }: EveryEffects,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  let failing: string | undefined;
  while (!signal.aborted) {
    try {
      await work();
      failing = undefined;
    } catch (error) {
      const reason = failureText(error);
      if (reason !== failing) log.warn(`${what} failed, trying again`, { reason });
      failing = reason;
    }
    await clock.sleep(ms, signal);
  }
}
