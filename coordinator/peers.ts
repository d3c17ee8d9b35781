/** The peers in memory, and the rules by which a machine becomes one. */
import { AddressPool } from '../mesh/address-pool.ts';
import { type AddressPlan, renderRange } from '../mesh/address-plan.ts';
import { ipv4ToNumber, type Ipv4 } from '../mesh/ipv4.ts';
import type { PublicKey } from '../mesh/key.ts';
import type { Label } from '../mesh/name.ts';
import { MeshError } from '../mesh/problem.ts';
import type { Concentrator, PeerRecord } from '../mesh/state.ts';
import type { Holder, Holders } from './holders.ts';
import type { StoredPeer } from './store.ts';

/** A machine that has proved that it may join, and what it asks for. */
export interface Admission {
  readonly name: Label;
  /** Null leaves a known peer's aliases as they are. */
  readonly aliases: readonly Label[] | null;
  /** Whether it is the coordinator's own peer: its claims say so or not; without claims, as before, or if there is none yet. */
  readonly coordinator: boolean | 'as-before' | 'if-none';
  readonly mesh_public_key: PublicKey;
  readonly mesh_endpoint: string;
  readonly wireguard: Concentrator | null;
  /** Null when it joined without a node token. */
  readonly generation: number | null;
  readonly verifier: string;
}

/** See the file's comment. Nothing here waits or writes: the registry stores what these methods return. */
export class Peers {
  readonly #plan: AddressPlan;
  readonly #pool: AddressPool;
  readonly #labels: Holders<Label>;
  readonly #keys: Holders<PublicKey>;
  readonly #records = new Map<string, PeerRecord>();
  readonly #joined = new Map<string, Omit<StoredPeer, 'record'>>();
  readonly #idByVerifier = new Map<string, string>();
  #coordinator: string | undefined;

  constructor(plan: AddressPlan, known: readonly StoredPeer[], labels: Holders<Label>, keys: Holders<PublicKey>) {
    this.#plan = plan;
    this.#labels = labels;
    this.#keys = keys;
    const taken = new Set([plan.coordinator, ...known.map((peer) => peer.record.address)]);
    this.#pool = new AddressPool(plan.peers, { taken, freed: [] });
    for (const peer of known) this.#put(peer);
  }

  /** All peers, by id. */
  get records(): ReadonlyMap<string, PeerRecord> {
    return this.#records;
  }

  /** Peers that run a concentrator, lowest address first. */
  gateways(): PeerRecord[] {
    return [...this.#records.values()]
      .filter((peer) => peer.wireguard !== null)
      .sort((a, b) => ipv4ToNumber(a.address) - ipv4ToNumber(b.address));
  }

  /** The peer with this name (not alias). */
  named(name: Label): PeerRecord | undefined {
    const holder = this.#labels.holderOf(name);
    const record = holder && this.#records.get(holder.id);
    return record?.name === name ? record : undefined;
  }

  /** The peer whose credential has this verifier. The index tells nothing by its timing: a verifier cannot be guessed bit by bit. */
  withVerifier(verifier: string): PeerRecord | undefined {
    const id = this.#idByVerifier.get(verifier);
    return id === undefined ? undefined : this.#records.get(id);
  }

  /**
   * Takes the machine in, under its name's old id and address if it had one.
   * @param newId - its id if it is new
   * @param isAlive - whether a peer is at work at this moment; while it is, no other key may take its name
   * @throws MeshError when a name or key is another's, the old peer is alive, its token is an old one, or no address is left
   */
  admit(admission: Admission, newId: string, isAlive: (id: string) => boolean, now: number): StoredPeer {
    const known = this.named(admission.name);
    const generation = (known && this.#joined.get(known.id)?.generation) ?? 0;
    const id = known?.id ?? newId;
    const aliases = [...(admission.aliases ?? known?.aliases ?? [])];
    if (known) refuseImpostor(admission, known, generation, isAlive);
    for (const label of [admission.name, ...aliases]) this.#labels.mustBeFreeFor(known?.id, label);
    for (const key of keysOf(admission)) this.#keys.mustBeFreeFor(known?.id, key);
    const coordinator = this.#isCoordinator(admission, known);
    const address = this.#addressFor(coordinator, known, now);

    const { name, mesh_public_key, mesh_endpoint, wireguard, verifier } = admission;
    const record = { id, name, aliases, address, coordinator, mesh_public_key, mesh_endpoint, wireguard };
    const peer = { record, verifier, generation: admission.generation ?? generation };
    if (known) this.#forget(known);
    this.#put(peer);
    return peer;
  }

  #isCoordinator(admission: Admission, known: PeerRecord | undefined): boolean {
    const present = this.#coordinator;
    const asBefore = present !== undefined && present === known?.id;
    if (admission.coordinator === 'as-before') return asBefore;
    if (admission.coordinator === 'if-none') return asBefore || present === undefined;
    if (!admission.coordinator) return false;
    if (present !== undefined && !asBefore) {
      throw new MeshError(
        'conflict',
        `the mesh has a coordinator already: "${this.#records.get(present)?.name ?? present}"`,
      );
    }
    return true;
  }

  #addressFor(coordinator: boolean, known: PeerRecord | undefined, now: number): Ipv4 {
    const service = this.#plan.coordinator;
    if (coordinator) {
      if (known && known.address !== service) this.#pool.release(known.address, now);
      return service;
    }
    if (known && known.address !== service) return known.address;
    const address = this.#pool.take(now);
    if (address === undefined) {
      throw new MeshError('exhausted', `every peer address, ${renderRange(this.#plan.peers)}, is taken or at rest`);
    }
    return address;
  }

  #put({ record, verifier, generation }: StoredPeer): void {
    const holder: Holder = { kind: 'peer', id: record.id, name: record.name };
    this.#records.set(record.id, record);
    this.#joined.set(record.id, { verifier, generation });
    this.#idByVerifier.set(verifier, record.id);
    for (const label of [record.name, ...record.aliases]) this.#labels.take(label, holder);
    for (const key of keysOf(record)) this.#keys.take(key, holder);
    if (record.coordinator) this.#coordinator = record.id;
  }

  #forget(record: PeerRecord): void {
    const verifier = this.#joined.get(record.id)?.verifier;
    if (verifier !== undefined) this.#idByVerifier.delete(verifier);
    this.#joined.delete(record.id);
    this.#records.delete(record.id);
    for (const label of [record.name, ...record.aliases]) this.#labels.release(label);
    for (const key of keysOf(record)) this.#keys.release(key);
    if (record.coordinator) this.#coordinator = undefined;
  }
}

/** @throws MeshError when the token is older than one that was used already, or the name's peer is alive with another key */
function refuseImpostor(
  admission: Admission,
  known: PeerRecord,
  generation: number,
  isAlive: (id: string) => boolean,
): void {
  const { name } = admission;
  if (admission.generation !== null && admission.generation < generation) {
    throw new MeshError(
      'forbidden',
      `the token of "${name}" is of generation ${String(admission.generation)}; it has since joined with generation ${String(generation)}`,
    );
  }
  if (known.mesh_public_key !== admission.mesh_public_key && isAlive(known.id)) {
    throw new MeshError(
      'conflict',
      `the name "${name}" belongs to a peer that is at work with another key; stop that one first`,
    );
  }
}

function keysOf(peer: Pick<PeerRecord, 'mesh_public_key' | 'wireguard'>): PublicKey[] {
  return peer.wireguard ? [peer.mesh_public_key, peer.wireguard.public_key] : [peer.mesh_public_key];
}
