/** What the coordinator does without being asked: writing activity down, and dropping tombstones that nobody needs. */
import { ADDRESS_REST_MS } from '../mesh/address-pool.ts';
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { ActivityBook } from './activity.ts';
import { failureText } from '../host/failure.ts';
import type { Store } from './store.ts';

/** How often activity is written, in milliseconds; at most so much of it is lost with the process. */
const SAVE_MS = 10_000;

/** How often tombstones are looked at: every so many savings, once an hour. */
const SAVES_PER_PRUNING = 360;

/**
 * How long tombstones are kept, in milliseconds: past the rest of their addresses, and two days for peers that were away.
 * Who was away for longer gets a snapshot.
 */
const TOMBSTONE_MS = 2 * ADDRESS_REST_MS;

/** Goes on until the signal is aborted. What fails is tried again in its next turn. */
export async function maintain(
  store: Store,
  activity: ActivityBook,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    await clock.sleep(SAVE_MS, signal);
    if (signal.aborted) return;
    try {
      await activity.save(store);
      if (turn % SAVES_PER_PRUNING === 0) await store.prune(clock.wall() - TOMBSTONE_MS);
    } catch (error) {
      log.error('the store could not be tidied', { why: failureText(error) });
    }
  }
}
