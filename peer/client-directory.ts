/** Clients by address and by key, kept in step with the state at the cost of what changed. */
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PublicKey } from '../mesh/key.ts';
import type { Touched } from '../mesh/replica.ts';
import type { ClientRecord, MeshState } from '../mesh/state.ts';

/** See the file's comment. */
export class ClientDirectory {
  readonly #known = new Map<string, ClientRecord>();
  readonly #byAddress = new Map<Ipv4, ClientRecord>();
  readonly #byKey = new Map<PublicKey, ClientRecord>();

  /** Takes in what a message touched; `state` is the state after it. */
  update(state: MeshState, touched: Touched): void {
    if (touched.all) {
      this.#known.clear();
      this.#byAddress.clear();
      this.#byKey.clear();
      for (const client of state.clients.values()) this.#add(client);
      return;
    }
    for (const id of touched.clients) this.#remove(id);
    for (const id of touched.clients) {
      const client = state.clients.get(id);
      if (client) this.#add(client);
    }
  }

  /** The client with this mesh address. */
  atAddress(address: Ipv4): ClientRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** The client with this key. */
  withKey(key: PublicKey): ClientRecord | undefined {
    return this.#byKey.get(key);
  }

  #add(client: ClientRecord): void {
    this.#known.set(client.id, client);
    this.#byAddress.set(client.address, client);
    if (client.public_key) this.#byKey.set(client.public_key, client);
  }

  #remove(id: string): void {
    const client = this.#known.get(id);
    if (!client) return;
    this.#known.delete(id);
    this.#byAddress.delete(client.address);
    if (client.public_key) this.#byKey.delete(client.public_key);
  }
}
