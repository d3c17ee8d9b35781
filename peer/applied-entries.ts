/**
 * The index of what this machine's tables hold, kept by owner so that one changed record costs one record. It is what
 * both data planes plan from; only the tables themselves are elsewhere.
 */
import { affectedOwners, entriesOf, ownersOf } from '../mesh/entries.ts';
import type { Entry, Owner } from '../mesh/entry.ts';
import type { Touched } from '../mesh/replica.ts';
import type { MeshState, PeerRecord } from '../mesh/state.ts';
import { plan, type Plan } from './plan.ts';

/** A plan, and the way to remember that it was carried out. */
export interface Change {
  readonly plan: Plan;
  /** Every entry that the tables hold afterwards; only when the change is about everything. */
  readonly whole: readonly Entry[] | undefined;
  /** Call once the plan is on the devices. */
  commit(): void;
}

/** See the file's comment. */
export class AppliedEntries {
  readonly #selfId: string;
  #byOwner = new Map<Owner, readonly Entry[]>();
  #peers = new Map<string, PeerRecord>();
  /** What was found on the devices and belongs to nobody yet; `undefined` once an apply of everything has settled it. */
  #found: readonly Entry[] | undefined = [];

  constructor(selfId: string) {
    this.#selfId = selfId;
  }

  /** Forgets the index and starts from what was found on the devices: the next change is about everything. */
  adopt(found: readonly Entry[]): void {
    this.#byOwner = new Map();
    this.#found = found;
  }

  /** Says whether the next change is about everything, whatever was touched. */
  get unsettled(): boolean {
    return this.#found !== undefined;
  }

  /** What leads from the tables as they are to the state. */
  change(state: MeshState, touched: Touched): Change {
    const affected = this.unsettled ? 'all' : affectedOwners(state, this.#selfId, this.#peers, touched);
    const owners = affected === 'all' ? ownersOf(state) : affected;
    const wanted = new Map(owners.map((owner) => [owner, entriesOf(state, this.#selfId, owner)]));
    const had =
      affected === 'all'
        ? [...(this.#found ?? []), ...[...this.#byOwner.values()].flat()]
        : owners.flatMap((owner) => this.#byOwner.get(owner) ?? []);
    const entries = [...wanted.values()].flat();
    const peers = new Map(state.peers);
    return {
      plan: plan(had, entries),
      whole: affected === 'all' ? entries : undefined,
      commit: (): void => {
        if (affected === 'all') this.#byOwner = new Map();
        for (const [owner, own] of wanted) {
          if (own.length === 0) this.#byOwner.delete(owner);
          else this.#byOwner.set(owner, own);
        }
        this.#found = undefined;
        this.#peers = peers;
      },
    };
  }
}
