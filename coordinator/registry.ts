/**
 * Who is in the mesh: peers, clients, and where each client is attached. In memory for every question, in the store for
 * ever; a change costs what it changes.
 */
import { addressPlan } from '../mesh/address-plan.ts';
import type { CreateClient, PatchClient } from '../mesh/api.ts';
import { hex } from '../mesh/hex.ts';
import type { PublicKey, RandomBytes } from '../mesh/key.ts';
import type { Label } from '../mesh/name.ts';
import { attachmentBeats } from '../mesh/replica.ts';
import type { Attachment, ClientRecord, MeshInfo, PeerRecord } from '../mesh/state.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { Clients } from './clients.ts';
import { CommitQueue } from './commit-queue.ts';
import { Holders } from './holders.ts';
import { type Admission, Peers } from './peers.ts';
import type { Change, Contents, Store } from './store.ts';

/** Length of the random part of peers' and clients' ids in bytes: enough that none is ever guessed or given twice. */
const ID_BYTES = 10;

/** A change without its revision. */
type Draft = Change extends infer T ? (T extends Change ? Omit<T, 'revision'> : never) : never;

/** What came of a change: its result, and the revision from which on every peer knows of it. */
export interface Made<T> {
  readonly result: T;
  readonly revision: number;
}

/** What a registry is made of. */
export interface RegistryOptions {
  readonly store: Store;
  readonly mesh: MeshInfo;
  readonly random: RandomBytes;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of every durable change, in order. */
  readonly onChange: (changes: readonly Change[]) => void;
  /** Hears that the store refused a commit. */
  readonly onLost: (error: unknown) => void;
}

/** See the file's comment. Every method that changes something resolves when the change is durable. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #queue: CommitQueue;
  readonly #attachments = new Map<string, Attachment>();
  #peers: Peers;
  #clients: Clients;
  #revision = 0;
  #mustReload = false;
  #reloading: Promise<void> | undefined;

  private constructor(options: RegistryOptions, contents: Contents) {
    this.#options = options;
    this.#queue = new CommitQueue(options.store, {
      onDurable: options.onChange,
      onLost: (error) => {
        this.#mustReload = true;
        options.onLost(error);
      },
    });
    ({ peers: this.#peers, clients: this.#clients } = this.#fill(contents));
  }

  /** The registry of what is in the store. */
  static open(options: RegistryOptions, contents: Contents): Registry {
    return new Registry(options, contents);
  }

  get epoch(): string {
    return this.#options.store.epoch;
  }

  get mesh(): MeshInfo {
    return this.#options.mesh;
  }

  get peers(): Pick<Peers, 'records' | 'gateways' | 'named' | 'withVerifier'> {
    return this.#peers;
  }

  get clients(): Pick<Clients, 'get' | 'must' | 'all' | 'named'> {
    return this.#clients;
  }

  /** Where the client is. */
  attachmentOf(client: string): Attachment | undefined {
    return this.#attachments.get(client);
  }

  /** Adds a client and attaches it to its first-listed gateway. See {@link Clients.create} for refusals. */
  createClient(request: CreateClient): Promise<Made<ClientRecord>> {
    return this.#change(() => {
      const client = this.#clients.create(request, this.#newId(), this.#peers.gateways(), this.#options.now());
      const drafts: Draft[] = [{ kind: 'client', client }];
      if (client.gateway !== null)
        drafts.push(this.#attach({ client: client.id, gateway: client.gateway, sequence: 0 }));
      return { result: client, drafts };
    });
  }

  /** Changes a client. See {@link Clients.patch} for refusals. */
  patchClient(id: string, request: PatchClient): Promise<Made<ClientRecord>> {
    return this.#change(() => {
      const client = this.#clients.patch(id, request, this.#options.now());
      return { result: client ?? this.#clients.must(id), drafts: client ? [{ kind: 'client', client }] : [] };
    });
  }

  /** Deletes a client. @throws MeshError when there is no such client */
  deleteClient(id: string): Promise<Made<ClientRecord>> {
    return this.#change(() => {
      const at = this.#options.now();
      const client = this.#clients.delete(id, at);
      this.#attachments.delete(id);
      return { result: client, drafts: [{ kind: 'client-gone', id, at }] };
    });
  }

  /** Takes a machine in. See {@link Peers.admit} for refusals. */
  admitPeer(admission: Admission, isAlive: (id: string) => boolean): Promise<Made<PeerRecord>> {
    return this.#change(() => {
      const peer = this.#peers.admit(admission, this.#newId(), isAlive, this.#options.now());
      return { result: peer.record, drafts: [{ kind: 'peer', peer }] };
    });
  }

  /** Records where clients attached themselves. What loses to a known attachment, or is about nobody, is passed over. */
  attach(attachments: readonly Attachment[]): Promise<Made<void>> {
    return this.#change(() => {
      const drafts = attachments.flatMap((attachment) => {
        const { client } = attachment;
        const wins = attachmentBeats(attachment, this.#attachments.get(client), this.#peers.records);
        return wins && this.#clients.get(client) ? [this.#attach(attachment)] : [];
      });
      return { result: undefined, drafts };
    });
  }

  /** Everything that is durable at one moment. */
  async snapshot(): Promise<Snapshot> {
    while (!this.#queue.idle || this.#mustReload) await this.#settle();
    return {
      type: 'snapshot',
      epoch: this.epoch,
      revision: this.#revision,
      mesh: this.mesh,
      peers: [...this.#peers.records.values()],
      clients: [...this.#clients.all()],
      attachments: [...this.#attachments.values()],
    };
  }

  /** What is durable and changed after this revision, if the store still knows. */
  since(revision: number): Promise<Delta | undefined> {
    return this.#options.store.since(revision);
  }

  /** Resolves when everything asked for before is durable or refused. */
  settled(): Promise<void> {
    return this.#queue.settled();
  }

  async #change<T>(edit: () => { result: T; drafts: readonly Draft[] }): Promise<Made<T>> {
    while (this.#mustReload) await this.#settle();
    const { result, drafts } = edit();
    if (drafts.length === 0) {
      await this.#queue.settled();
      return { result, revision: this.#revision };
    }
    this.#revision += 1;
    const revision = this.#revision;
    await this.#queue.add(drafts.map((draft) => ({ ...draft, revision })));
    return { result, revision };
  }

  #attach(attachment: Attachment): Draft {
    this.#attachments.set(attachment.client, attachment);
    return { kind: 'attachment', attachment };
  }

  #newId(): string {
    return hex.encode(this.#options.random(ID_BYTES));
  }

  /** Waits for what is under way, and after a lost commit reads everything again, once for all who wait. */
  async #settle(): Promise<void> {
    await this.#queue.settled();
    if (this.#mustReload) await (this.#reloading ??= this.#reload());
  }

  async #reload(): Promise<void> {
    try {
      const contents = await this.#options.store.load();
      ({ peers: this.#peers, clients: this.#clients } = this.#fill(contents));
      this.#mustReload = false;
    } finally {
      this.#reloading = undefined;
    }
  }

  #fill(contents: Contents): { peers: Peers; clients: Clients } {
    const plan = addressPlan(this.mesh.cidr);
    const labels = new Holders<Label>('the name');
    const keys = new Holders<PublicKey>('the public key');
    this.#revision = contents.revision;
    this.#attachments.clear();
    for (const attachment of contents.attachments) this.#attachments.set(attachment.client, attachment);
    return {
      peers: new Peers(plan, contents.peers, labels, keys),
      clients: new Clients(plan, contents, labels, keys),
    };
  }
}
