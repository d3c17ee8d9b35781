/** Who holds what only one may hold: a label, a public key. */
import { MeshError } from '../mesh/problem.ts';

/** A peer or a client, as a person knows it. */
export interface Holder {
  readonly kind: 'peer' | 'client';
  readonly id: string;
  readonly name: string;
}

/** An index from each value to its one holder. A holder may hold a value twice; it counts once. */
export class Holders<T extends string> {
  readonly #noun: string;
  readonly #holders = new Map<T, Holder>();

  /** @param noun - what the values are, as it begins a sentence: `the name` */
  constructor(noun: string) {
    this.#noun = noun;
  }

  holderOf(value: T): Holder | undefined {
    return this.#holders.get(value);
  }

  /**
   * Sees to it that `id` may take the value.
   * @throws MeshError naming who has it
   */
  mustBeFreeFor(id: string | undefined, value: T): void {
    const holder = this.#holders.get(value);
    if (!holder || holder.id === id) return;
    throw new MeshError('conflict', `${this.#noun} "${value}" is taken by ${holder.kind} "${holder.name}"`);
  }

  /** Gives the value to the holder. */
  take(value: T, holder: Holder): void {
    this.#holders.set(value, holder);
  }

  release(value: T): void {
    this.#holders.delete(value);
  }
}
