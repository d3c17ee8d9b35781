/**
 * Which addresses of a range are free. A never-used address is given first, the lowest of them; when none is left, the
 * one that was freed longest ago, but only after a rest: names, connections and NAT entries of its former owner would
 * otherwise reach a stranger. Nothing here scans: the fresh addresses are a tree of bits, the resting ones a queue.
 */
import { type AddressRange, inRange } from './address-plan.ts';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from './ipv4.ts';
import { NumberSet } from './number-set.ts';

/** How long a freed address rests, in milliseconds: a day. */
export const ADDRESS_REST_MS = 24 * 60 * 60 * 1000;

/** An address that somebody has had. */
export interface FreedAddress {
  readonly address: Ipv4;
  /** Wall clock, milliseconds since 1970. */
  readonly freedAt: number;
}

/** What is known of a range when its pool is made. */
export interface AddressHistory {
  readonly taken: Iterable<Ipv4>;
  readonly freed: Iterable<FreedAddress>;
}

/** An address in the queue of the resting, between the one freed before it and the one freed after it. */
interface Rest extends FreedAddress {
  before: Rest | undefined;
  after: Rest | undefined;
}

/** The addresses of one range. Every operation costs at most O(log n), making the pool O(n log n). */
export class AddressPool {
  readonly #range: AddressRange;
  readonly #restMs: number;
  /** Never-used addresses, counted from the first of the range. */
  readonly #fresh: NumberSet;
  /** By address; an address of the range that is neither fresh nor here is taken. */
  readonly #resting = new Map<Ipv4, Rest>();
  #oldest: Rest | undefined;
  #newest: Rest | undefined;

  /**
   * Addresses of the history that lie outside the range are ignored; one that is both taken and freed is taken, and of
   * several times that one was freed the last counts.
   */
  constructor(range: AddressRange, history: AddressHistory = { taken: [], freed: [] }, restMs = ADDRESS_REST_MS) {
    this.#range = range;
    this.#restMs = restMs;
    this.#fresh = new NumberSet(range.last - range.first + 1);
    const byAge = [...history.freed].sort((a, b) => a.freedAt - b.freedAt);
    for (const { address, freedAt } of byAge) {
      this.claim(address);
      this.release(address, freedAt);
    }
    for (const address of history.taken) this.claim(address);
  }

  /** Takes the address whose turn it is, or gives `undefined` when every one is taken or resting. */
  take(nowMs: number): Ipv4 | undefined {
    const fresh = this.#fresh.lowest();
    if (fresh !== undefined) {
      this.#fresh.delete(fresh);
      return ipv4FromNumber(this.#range.first + fresh);
    }
    const rested = this.#oldest;
    if (!rested || nowMs - rested.freedAt < this.#restMs) return undefined;
    this.#leaveQueue(rested);
    return rested.address;
  }

  /** Takes this very address, rested or not. Says whether it was there to be taken. */
  claim(address: Ipv4): boolean {
    if (!inRange(this.#range, address)) return false;
    const resting = this.#resting.get(address);
    if (resting) {
      this.#leaveQueue(resting);
      return true;
    }
    const number = this.#numberOf(address);
    if (!this.#fresh.has(number)) return false;
    this.#fresh.delete(number);
    return true;
  }

  /**
   * Frees the address and lets it rest. Says whether it was taken. The queue keeps the order of the calls also when the
   * wall clock has been set back: an address never counts as freed before the one ahead of it.
   */
  release(address: Ipv4, nowMs: number): boolean {
    if (!inRange(this.#range, address) || this.#resting.has(address) || this.#fresh.has(this.#numberOf(address)))
      return false;
    const freedAt = Math.max(nowMs, this.#newest?.freedAt ?? nowMs);
    const rest: Rest = { address, freedAt, before: this.#newest, after: undefined };
    if (this.#newest) this.#newest.after = rest;
    else this.#oldest = rest;
    this.#newest = rest;
    this.#resting.set(address, rest);
    return true;
  }

  #numberOf(address: Ipv4): number {
    return ipv4ToNumber(address) - this.#range.first;
  }

  #leaveQueue(rest: Rest): void {
    this.#resting.delete(rest.address);
    if (rest.before) rest.before.after = rest.after;
    else this.#oldest = rest.after;
    if (rest.after) rest.after.before = rest.before;
    else this.#newest = rest.before;
  }
}
