/**
 * Which clients a gateway may attach to itself. A client that shows up attaches at once, with a sequence above the
 * highest seen; only a client that this gateway has just lost to another waits, so that two devices with one
 * configuration move it once in five seconds at most from each side, while a person who goes A, B, C is not held up.
 *
 * Pure: moments are handed in. Monotonic ones order our own events; the wall clock is compared only with handshakes that
 * this machine's own device dated.
 */
import type { PublicKey } from '../mesh/key.ts';
import type { Attachment, ClientRecord, MeshState } from '../mesh/state.ts';
import type { Handshake } from './data-plane.ts';

/** How long a gateway leaves a client alone that it has lost, in milliseconds. */
export const TAKE_BACK_AFTER_MS = 5_000;

/** This many take-backs within {@link FLAPPING_WITHIN_MS} mean two devices with one configuration. */
export const FLAPPING_TAKE_BACKS = 3;

/** The window in which take-backs are counted, in milliseconds. */
export const FLAPPING_WITHIN_MS = 60_000;

/** One moment by both of this machine's clocks, in milliseconds. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** What a gateway decided: what it attaches, and which clients it found on two devices. */
export interface Taken {
  readonly attachments: readonly Attachment[];
  readonly onTwoDevices: readonly ClientRecord[];
}

/** A client that was attached here until another gateway took it. */
interface Loss {
  readonly at: Moment;
  /** Monotonic moments of taking it back, within the window. */
  readonly takeBacks: readonly number[];
  readonly reported: boolean;
}

/** The rules of one gateway, with what they must remember of the last minute. */
export class AttachmentRules {
  readonly #self: string;
  /** By client id, least recently lost first. */
  readonly #losses = new Map<string, Loss>();
  /** Seconds of the last handshake by key; `undefined` before the first dump, which only sets the mark. */
  #handshakes: Map<PublicKey, number> | undefined;

  /** @param self - this gateway's peer id */
  constructor(self: string) {
    this.#self = self;
  }

  /** Another gateway took a client that was attached here. */
  lost(client: string, now: Moment): void {
    this.#forgetOld(now);
    const before = this.#losses.get(client);
    this.#losses.delete(client);
    this.#losses.set(client, { takeBacks: [], reported: false, ...before, at: now });
  }

  /** Decides on clients whose packets came in on `wg0`. */
  takeSenders(state: MeshState, senders: readonly ClientRecord[], now: Moment): Taken {
    this.#forgetOld(now);
    const attachments: Attachment[] = [];
    const onTwoDevices: ClientRecord[] = [];
    for (const client of new Set(senders)) {
      if (!this.#mayTake(state, client, now)) continue;
      const sequence = (state.attachments.get(client.id)?.sequence ?? 0) + 1;
      attachments.push({ client: client.id, gateway: this.#self, sequence });
      if (this.#countTakeBack(client.id, now)) onTwoDevices.push(client);
    }
    return { attachments, onTwoDevices };
  }

  /**
   * Decides on silent clients, by a whole dump of the device: a handshake newer than the last one seen here, and newer
   * than the loss of the client, is a sign of life as good as a packet. The first dump only sets the mark.
   */
  takeSilent(
    state: MeshState,
    handshakes: readonly Handshake[],
    clientOf: (key: PublicKey) => ClientRecord | undefined,
    now: Moment,
  ): Taken {
    const before = this.#handshakes;
    this.mark(handshakes);
    if (!before) return { attachments: [], onTwoDevices: [] };
    const alive: ClientRecord[] = [];
    for (const { key, lastHandshakeSeconds } of handshakes) {
      if (lastHandshakeSeconds <= (before.get(key) ?? 0)) continue;
      const client = clientOf(key);
      if (!client) continue;
      const loss = this.#losses.get(client.id);
      if (!loss || lastHandshakeSeconds * 1000 > loss.at.wallMs) alive.push(client);
    }
    return this.takeSenders(state, alive, now);
  }

  /** Remembers a dump without deciding on anybody. */
  mark(handshakes: readonly Handshake[]): void {
    this.#handshakes = new Map(handshakes.map((handshake) => [handshake.key, handshake.lastHandshakeSeconds]));
  }

  #mayTake(state: MeshState, client: ClientRecord, now: Moment): boolean {
    if (!client.enabled || client.public_key === null) return false;
    if (state.attachments.get(client.id)?.gateway === this.#self) return false;
    const loss = this.#losses.get(client.id);
    return !loss || now.monotonicMs - loss.at.monotonicMs >= TAKE_BACK_AFTER_MS;
  }

  /** Counts the take-back if it is one. Says whether the client is now to be reported: once, until it has been quiet. */
  #countTakeBack(client: string, now: Moment): boolean {
    const loss = this.#losses.get(client);
    if (!loss) return false;
    const recent = [...loss.takeBacks, now.monotonicMs].filter((at) => now.monotonicMs - at < FLAPPING_WITHIN_MS);
    const report = !loss.reported && recent.length >= FLAPPING_TAKE_BACKS;
    this.#losses.set(client, { at: loss.at, takeBacks: recent, reported: loss.reported || report });
    return report;
  }

  /** Losses stand in the map in the order of their time, so that forgetting costs what is forgotten. */
  #forgetOld(now: Moment): void {
    for (const [client, loss] of this.#losses) {
      if (now.monotonicMs - loss.at.monotonicMs < FLAPPING_WITHIN_MS) return;
      this.#losses.delete(client);
    }
  }
}
