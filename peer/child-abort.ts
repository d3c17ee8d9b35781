/**
 * An abort that follows a longer-lived one. `AbortSignal.any` would do the same, but what it makes stays registered with
 * the longer-lived signal for good (nodejs/node#55351), and a daemon makes thousands.
 */

/** See the file's comment. */
export class ChildAbort {
  readonly #own = new AbortController();
  readonly #parent: AbortSignal;
  readonly #follow = (): void => {
    this.abort(this.#parent.reason);
  };

  /** @param parent - aborts this one as well, until {@link ChildAbort.abort} is called for whatever reason */
  constructor(parent: AbortSignal) {
    this.#parent = parent;
    if (parent.aborted) this.#own.abort(parent.reason);
    else parent.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Aborts, or only lets go of the parent if that has happened before. */
  abort(reason?: unknown): void {
    this.#parent.removeEventListener('abort', this.#follow);
    this.#own.abort(reason);
  }
}
