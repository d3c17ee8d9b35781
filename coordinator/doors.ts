/** All doors of the coordinator, which share one certificate. */
import type { RequestListener } from 'node:http';
import { type Door, type Listener, openListener } from './listener.ts';
import type { ServerIdentity } from './server-certificate.ts';

/** Addresses that stand for every address of the machine. */
const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** See the file's comment. */
export class Doors {
  readonly #listeners: Listener[] = [];
  readonly #onRequest: RequestListener;
  #identity: ServerIdentity;

  constructor(identity: ServerIdentity, onRequest: RequestListener) {
    this.#identity = identity;
    this.#onRequest = onRequest;
  }

  /** Where doors are open, in the order in which they were opened. */
  get listening(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.map(({ address, port }) => ({ address, port }));
  }

  /** Says whether somebody who knocks there finds a door already. */
  isOpen(address: string, port: number): boolean {
    return this.#listeners.some((door) => door.port === port && [address, ...EVERY_ADDRESS].includes(door.address));
  }

  /** Opens a door. @throws MeshError with one sentence that says what to do */
  async open(door: Door, tls: boolean): Promise<void> {
    this.#listeners.push(await openListener(door, tls ? this.#identity : undefined, this.#onRequest));
  }

  /** Uses this certificate at every door from now on. */
  renew(identity: ServerIdentity): void {
    this.#identity = identity;
    for (const listener of this.#listeners) listener.renew(identity);
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
