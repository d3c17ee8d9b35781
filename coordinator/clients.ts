/** The clients in memory, and the rules by which they come, change and go. */
import { AddressPool } from '../mesh/address-pool.ts';
import { type AddressPlan, renderRange } from '../mesh/address-plan.ts';
import type { CreateClient, PatchClient } from '../mesh/api.ts';
import type { PublicKey } from '../mesh/key.ts';
import { foldName, type Label, RESERVED_LABELS } from '../mesh/name.ts';
import { MeshError, type Problem, ProblemsError } from '../mesh/problem.ts';
import type { ClientRecord, PeerRecord } from '../mesh/state.ts';
import type { Holder, Holders } from './holders.ts';
import type { Contents } from './store.ts';

/** Most gateways that an error names. */
const NAMED_GATEWAYS = 10;

/** See the file's comment. Nothing here waits or writes: the registry stores what these methods return. */
export class Clients {
  readonly #plan: AddressPlan;
  readonly #pool: AddressPool;
  readonly #labels: Holders<Label>;
  readonly #keys: Holders<PublicKey>;
  readonly #byId = new Map<string, ClientRecord>();

  constructor(
    plan: AddressPlan,
    known: Pick<Contents, 'clients' | 'freed'>,
    labels: Holders<Label>,
    keys: Holders<PublicKey>,
  ) {
    this.#plan = plan;
    this.#labels = labels;
    this.#keys = keys;
    const taken = known.clients.map((client) => client.address);
    this.#pool = new AddressPool(plan.clients, { taken, freed: known.freed });
    for (const client of known.clients) this.#put(client);
  }

  get(id: string): ClientRecord | undefined {
    return this.#byId.get(id);
  }

  /** @throws MeshError when there is no such client */
  must(id: string): ClientRecord {
    const client = this.#byId.get(id);
    if (!client) throw new MeshError('not-found', `there is no client with the id "${id}"`);
    return client;
  }

  named(name: Label): ClientRecord | undefined {
    const holder = this.#labels.holderOf(name);
    return holder && this.#byId.get(holder.id);
  }

  /** All clients, in the order of their making. */
  all(): Iterable<ClientRecord> {
    return this.#byId.values();
  }

  /**
   * Makes a client.
   * @param gateways - lowest address first
   * @param now - milliseconds since 1970
   * @throws ProblemsError for a name or gateway that cannot be, MeshError when name or key is another's or no address is left
   */
  create(request: CreateClient, id: string, gateways: readonly PeerRecord[], now: number): ClientRecord {
    const name = foldName(request.name);
    const gateway =
      request.gateway === undefined ? gateways[0] : gateways.find((peer) => peer.name === request.gateway);
    const problems: Problem[] = [];
    if (name === undefined) problems.push({ path: 'name', given: request.name, allowed: nameAllowed() });
    if (request.gateway !== undefined && !gateway) {
      problems.push({ path: 'gateway', given: request.gateway, allowed: gatewayAllowed(gateways) });
    }
    if (name === undefined || problems.length > 0) throw new ProblemsError('request body', problems);
    this.#labels.mustBeFreeFor(undefined, name);
    if (request.public_key !== undefined) this.#keys.mustBeFreeFor(undefined, request.public_key);
    const address = this.#pool.take(now);
    if (address === undefined) {
      throw new MeshError('exhausted', `every client address, ${renderRange(this.#plan.clients)}, is taken or at rest`);
    }
    const created_at = new Date(now).toISOString();
    const client: ClientRecord = {
      id,
      name,
      display_name: request.name,
      description: request.description ?? '',
      address,
      public_key: request.public_key ?? null,
      enabled: true,
      gateway: gateway?.id ?? null,
      created_at,
      updated_at: created_at,
    };
    this.#put(client);
    return client;
  }

  /**
   * Changes what the request names. Gives `undefined` when that changes nothing.
   * @throws MeshError when there is no such client, the key is another's, or the client has a key already
   */
  patch(id: string, request: PatchClient, now: number): ClientRecord | undefined {
    const before = this.must(id);
    const { public_key } = request;
    if (public_key !== undefined && public_key !== before.public_key) {
      if (before.public_key !== null) {
        throw new MeshError('conflict', `client "${before.name}" has a public key already; delete it and add it anew`);
      }
      this.#keys.mustBeFreeFor(id, public_key);
    }
    const after: ClientRecord = {
      ...before,
      enabled: request.enabled ?? before.enabled,
      description: request.description ?? before.description,
      public_key: public_key ?? before.public_key,
      updated_at: new Date(now).toISOString(),
    };
    const same = (['enabled', 'description', 'public_key'] as const).every((key) => before[key] === after[key]);
    if (same) return undefined;
    this.#put(after);
    return after;
  }

  /** Forgets the client; its address rests. @throws MeshError when there is no such client */
  delete(id: string, now: number): ClientRecord {
    const client = this.must(id);
    this.#byId.delete(id);
    this.#labels.release(client.name);
    if (client.public_key !== null) this.#keys.release(client.public_key);
    this.#pool.release(client.address, now);
    return client;
  }

  #put(client: ClientRecord): void {
    const holder: Holder = { kind: 'client', id: client.id, name: client.display_name };
    this.#byId.set(client.id, client);
    this.#labels.take(client.name, holder);
    if (client.public_key !== null) this.#keys.take(client.public_key, holder);
  }
}

function nameAllowed(): string {
  return `a name that folds to a DNS label of 1 to 63 letters, digits and hyphens, other than ${RESERVED_LABELS.join(', ')}`;
}

function gatewayAllowed(gateways: readonly PeerRecord[]): string {
  if (gateways.length === 0) return 'nothing: the mesh has no gateway yet';
  const names = gateways.slice(0, NAMED_GATEWAYS).map((peer) => peer.name);
  return `the name of a gateway: ${names.join(', ')}${gateways.length > NAMED_GATEWAYS ? ', …' : ''}`;
}
