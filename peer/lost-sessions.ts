/**
 * Sessions that clients lost because their keys were taken off the gateway's device. A device that is still there knows
 * nothing of it: it goes on with its session until it has heard nothing for 15 s (KEEPALIVE_TIMEOUT and REKEY_TIMEOUT,
 * WireGuard paper §6). So when such a key is let in again, the gateway shakes hands first, where it last heard the device.
 */
import type { Clock } from '../host/clock.ts';
import type { PublicKey } from '../mesh/key.ts';
import { type Handshake, SESSION_SECONDS } from './data-plane.ts';

/** How long a lost session is remembered, in milliseconds. */
export const REMEMBERED_MS = 60 * 60 * 1000;

/** Most sessions that are remembered; the latest are. */
export const MAX_REMEMBERED = 1_000;

/** A key and where its device was last heard, `host:port`. */
export interface LastHeard {
  readonly key: PublicKey;
  readonly endpoint: string;
}

/** See the file's comment. In memory only. */
export class LostSessions {
  readonly #clock: Clock;
  /** In the order of their loss. */
  readonly #lost = new Map<PublicKey, { readonly endpoint: string; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers which of the keys, about to be taken off a device that knows this of its peers, have a session. */
  remember(keys: Iterable<PublicKey>, peers: ReadonlyMap<PublicKey, Handshake>): void {
    const sessionFrom = this.#clock.wall() / 1000 - SESSION_SECONDS;
    const untilMs = this.#clock.monotonic() + REMEMBERED_MS;
    for (const key of keys) {
      const { endpoint = null, lastHandshakeSeconds = 0 } = peers.get(key) ?? {};
      this.#lost.delete(key);
      if (endpoint !== null && lastHandshakeSeconds >= sessionFrom) this.#lost.set(key, { endpoint, untilMs });
    }
    for (const key of this.#lost.keys()) {
      if (this.#lost.size <= MAX_REMEMBERED) break;
      this.#lost.delete(key);
    }
  }

  /** Those of the keys, now let in again, that lost a session, and where; each is forgotten with that. */
  take(keys: Iterable<PublicKey>): LastHeard[] {
    return [...keys].flatMap((key) => {
      const lost = this.#lost.get(key);
      this.#lost.delete(key);
      return lost && this.#clock.monotonic() < lost.untilMs ? [{ key, endpoint: lost.endpoint }] : [];
    });
  }
}
