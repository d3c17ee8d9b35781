/** Bytes into lines of UTF-8 text, whatever the pieces they come in, with a bound on the length of a line. */

const NEWLINE = 0x0a;

/** See the file's comment. */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #size = 0;

  /** @param maxBytes - longest line, without its newline */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line that has no end yet. */
  get unfinished(): number {
    return this.#size;
  }

  /**
   * The lines that end in this piece, without their newlines.
   * @throws RangeError when a line is longer than allowed
   */
  push(piece: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#size = 0;
      start = end + 1;
    }
    if (start < piece.length) this.#keep(piece.subarray(start));
    return lines;
  }

  #keep(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#maxBytes) throw new RangeError(`a line of more than ${String(this.#maxBytes)} bytes`);
    this.#pieces.push(piece);
  }
}
