/**
 * The order in which changes become durable. Changes that arrive in one turn of the event loop share one commit, and so
 * one wait for the disk; each of their makers hears of it when it is done.
 */
import { setImmediate } from 'node:timers/promises';
import { MeshError } from '../mesh/problem.ts';
import { failureText } from '../host/failure.ts';
import type { Change, Store } from './store.ts';

interface Batch {
  readonly changes: Change[];
  readonly durable: Promise<void>;
}

/** Who hears what becomes of changes. */
export interface CommitListener {
  /** These are durable; called in order. */
  onDurable(changes: readonly Change[]): void;
  /** A commit failed: whatever was built on changes that are not durable must be thrown away. */
  onLost(error: unknown): void;
}

/** See the file's comment. */
export class CommitQueue {
  readonly #store: Store;
  readonly #listener: CommitListener;
  /** The batch that still takes changes. */
  #open: Batch | undefined;
  /** Settles when the newest batch is durable or lost. */
  #newest: Promise<void> = Promise.resolve();
  #unsettled = 0;
  #losses = 0;

  constructor(store: Store, listener: CommitListener) {
    this.#store = store;
    this.#listener = listener;
  }

  /**
   * Resolves when the changes are durable.
   * @throws MeshError when they are lost, with every change that was made after them
   */
  add(changes: readonly Change[]): Promise<void> {
    this.#open ??= this.#begin();
    this.#open.changes.push(...changes);
    return this.#open.durable;
  }

  /** Says whether everything that was added is durable or lost. */
  get idle(): boolean {
    return this.#unsettled === 0;
  }

  /** Resolves when everything that was added until now is durable or lost. */
  settled(): Promise<void> {
    return this.#newest;
  }

  #begin(): Batch {
    const changes: Change[] = [];
    const durable = this.#commit(changes, this.#newest, this.#losses);
    this.#unsettled += 1;
    this.#newest = durable
      .catch(() => undefined)
      .then(() => {
        this.#unsettled -= 1;
      });
    return { changes, durable };
  }

  async #commit(changes: readonly Change[], earlier: Promise<void>, losses: number): Promise<void> {
    await earlier;
    await setImmediate();
    this.#open = undefined;
    if (losses !== this.#losses) throw lost('an earlier change was lost');
    try {
      await this.#store.commit(changes);
    } catch (error) {
      this.#losses += 1;
      this.#listener.onLost(error);
      throw lost(failureText(error));
    }
    this.#listener.onDurable(changes);
  }
}

function lost(why: string): MeshError {
  return new MeshError('unavailable', `the change could not be stored (${why}); nothing was changed`);
}
