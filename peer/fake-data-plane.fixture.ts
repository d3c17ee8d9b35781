/**
 * A data plane that keeps nothing but what it was told, in order, and is strict about the contract: calls before `start` or
 * after `close`, and overlapping changes, are errors.
 */
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { Touched } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import type { DataPlane, DeviceKind, Handshake } from './data-plane.ts';

/** See the file's comment. */
export class FakeDataPlane implements DataPlane {
  readonly kind: DeviceKind;
  /** Every call that changed something, as `start`, `apply 7 clients=c1` or `close`. */
  readonly calls: string[] = [];
  /** What the next calls give. */
  senders: Ipv4[] = [];
  dump: Handshake[] = [];
  whole = true;
  /** Errors for the next calls of `apply`, one each. */
  readonly failures: Error[] = [];
  /** Called before a change counts as applied. */
  beforeApply: (() => Promise<void>) | undefined;
  #state: 'new' | 'started' | 'closed' = 'new';
  #busy = false;

  constructor(kind: DeviceKind = 'simulated') {
    this.kind = kind;
  }

  start(): Promise<void> {
    if (this.#state === 'closed') throw new Error('start after close');
    this.#state = 'started';
    this.whole = true;
    this.calls.push('start');
    return Promise.resolve();
  }

  async apply(state: MeshState, touched: Touched): Promise<void> {
    this.#mustBeStarted('apply');
    if (this.#busy) throw new Error('apply while another apply is under way');
    this.#busy = true;
    try {
      await this.beforeApply?.();
      const failure = this.failures.shift();
      if (failure) throw failure;
      this.calls.push(`apply ${String(state.revision)} ${touchedText(touched)}`);
    } finally {
      this.#busy = false;
    }
  }

  newcomers(): Promise<readonly Ipv4[]> {
    this.#mustBeStarted('newcomers');
    const { senders } = this;
    this.senders = [];
    return Promise.resolve(senders);
  }

  handshakes(): Promise<readonly Handshake[]> {
    this.#mustBeStarted('handshakes');
    return Promise.resolve(this.dump);
  }

  intact(): Promise<boolean> {
    this.#mustBeStarted('intact');
    return Promise.resolve(this.whole);
  }

  close(): Promise<void> {
    if (this.#state === 'closed') throw new Error('close after close');
    this.#state = 'closed';
    this.calls.push('close');
    return Promise.resolve();
  }

  #mustBeStarted(call: string): void {
    if (this.#state !== 'started') throw new Error(`${call} while ${this.#state}`);
  }
}

function touchedText(touched: Touched): string {
  if (touched.all) return 'all';
  const parts = [
    touched.peers.length > 0 ? `peers=${touched.peers.join(',')}` : '',
    touched.clients.length > 0 ? `clients=${touched.clients.join(',')}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}
