/**
 * A set of the numbers 0 to n − 1 that always knows its lowest. A tree of bits: on the bottom level one bit for each
 * number, on every level above one bit for each word below that is not zero. Thirty-two children a node, so that every
 * operation touches at most five words for a /8 of addresses.
 */

/** Bits of a word. */
const WIDTH = 32;

/** Position of the lowest bit that is set; the word is not zero. */
function lowestBit(word: number): number {
  return WIDTH - 1 - Math.clz32(word & -word);
}

/** See the file's comment. */
export class NumberSet {
  /** From the bottom up; the last is a single word. */
  readonly #levels: Uint32Array[] = [];

  /** All numbers below `size`. */
  constructor(size: number) {
    let length = size;
    do {
      const level = new Uint32Array(Math.max(1, Math.ceil(length / WIDTH))).fill(0xffffffff);
      // The last word may end early, and is empty when there is nothing at all.
      if (length % WIDTH !== 0 || length === 0) level[level.length - 1] = 2 ** (length % WIDTH) - 1;
      this.#levels.push(level);
      length = level.length;
    } while (length > 1);
  }

  /** The lowest number in the set, or `undefined` when it is empty. */
  lowest(): number | undefined {
    let index = 0;
    for (const level of this.#levels.toReversed()) {
      const word = level[index] ?? 0;
      if (word === 0) return undefined;
      index = index * WIDTH + lowestBit(word);
    }
    return index;
  }

  has(number: number): boolean {
    const word = this.#levels[0]?.[Math.floor(number / WIDTH)] ?? 0;
    return (word & (1 << (number % WIDTH))) !== 0;
  }

  /** Takes the number out; nothing happens when it is not there. */
  delete(number: number): void {
    if (!this.has(number)) return;
    let index = number;
    for (const level of this.#levels) {
      const parent = Math.floor(index / WIDTH);
      level[parent] = (level[parent] ?? 0) & ~(1 << (index % WIDTH));
      if (level[parent] !== 0) return;
      index = parent;
    }
  }
}
