/**
 * A data plane in memory, for machines that cannot make network devices and for tests: the same entries, planned in the
 * same way, in tables that one can look at. Nothing is carried.
 */
import { type Entry, identityOf } from '../mesh/entry.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { Touched } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import { AppliedEntries } from './applied-entries.ts';
import type { DataPlane, Handshake } from './data-plane.ts';
import type { Plan } from './plan.ts';

/** See the file's comment. */
export class SimulatedDataPlane implements DataPlane {
  readonly kind = 'simulated';
  readonly #applied: AppliedEntries;
  readonly #tables = new Map<string, Entry>();
  readonly #newcomers = new Set<Ipv4>();
  #open = false;

  /** @param selfId - id of the peer whose tables these are */
  constructor(selfId: string) {
    this.#applied = new AppliedEntries(selfId);
  }

  /** What the tables hold. */
  get entries(): readonly Entry[] {
    return [...this.#tables.values()];
  }

  /** Makes a client's packets seem to come in by `wg0`. One that is attached here, or that no key on `wg0` owns, is no newcomer. */
  appear(source: Ipv4): void {
    const known = this.entries.some((e) => e.table === 'wireguard' && e.device === 'wg0' && e.address === source);
    const here = this.entries.some((e) => e.table === 'set' && e.set === 'here4' && e.element[0] === source);
    if (known && !here) this.#newcomers.add(source);
  }

  start(): Promise<void> {
    this.#open = true;
    return Promise.resolve();
  }

  apply(state: MeshState, touched: Touched): Promise<void> {
    if (!this.#open) return Promise.reject(new Error('the data plane is not started'));
    if (touched.all) this.#applied.adopt(this.entries);
    const change = this.#applied.change(state, touched);
    for (const entry of removals(change.plan)) this.#tables.delete(identityOf(entry));
    for (const entry of additions(change.plan)) this.#tables.set(identityOf(entry), entry);
    change.commit();
    return Promise.resolve();
  }

  newcomers(): Promise<readonly Ipv4[]> {
    const seen = [...this.#newcomers];
    this.#newcomers.clear();
    return Promise.resolve(seen);
  }

  handshakes(): Promise<readonly Handshake[]> {
    return Promise.resolve(
      this.entries.flatMap((entry) =>
        entry.table === 'wireguard' && entry.device === 'wg0'
          ? [{ key: entry.key, lastHandshakeSeconds: 0, endpoint: null, receivedBytes: 0, sentBytes: 0 }]
          : [],
      ),
    );
  }

  intact(): Promise<boolean> {
    return Promise.resolve(this.#open);
  }

  close(): Promise<void> {
    this.#open = false;
    this.#tables.clear();
    this.#applied.adopt([]);
    return Promise.resolve();
  }
}

function removals({ withdraw, elements, routes, hosts }: Plan): readonly Entry[] {
  return [...withdraw, ...elements.remove, ...routes.remove, ...hosts.remove];
}

function additions({ elements, routes, admit, change, hosts }: Plan): readonly Entry[] {
  return [...elements.add, ...routes.replace, ...admit, ...change, ...hosts.set];
}
