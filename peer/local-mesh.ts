/**
 * This peer's copy of the mesh and what carries it: each change is folded in at once, then brought to the devices and
 * written to the journal. Changes that come in while the devices are busy are applied together afterwards, so a burst
 * costs what it touches and nothing waits for its turn one by one.
 */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { MeshReplica, type Touched } from '../mesh/replica.ts';
import type { Attachment, MeshState } from '../mesh/state.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { ClientDirectory } from './client-directory.ts';
import { failureText } from '../host/failure.ts';
import type { DataPlane } from './data-plane.ts';
import type { Journal } from './journal.ts';

/** How long to wait before devices that refused a change are set up again, in milliseconds. */
export const APPLY_AGAIN_MS = 1_000;

/** What the rest of the peer is told. */
export interface LocalMeshListener {
  /** Everything up to this revision is on the devices. */
  applied(revision: number): void;
  /** Another gateway took a client that was attached here. */
  lost(client: string): void;
  /** The coordinator does not know these attachments to this gateway. */
  unreported(attachments: readonly Attachment[]): void;
}

/** What a copy of the mesh is made of. */
export interface LocalMeshParts {
  /** This peer's id. */
  readonly self: string;
  readonly dataPlane: DataPlane;
  readonly journal: Journal;
  /** The state that the journal held. */
  readonly replica: MeshReplica | undefined;
  readonly listener: LocalMeshListener;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What waits to be applied. */
class Backlog {
  all = false;
  /** The devices have to be made (or adopted) first. */
  restart = false;
  readonly peers = new Set<string>();
  readonly clients = new Set<string>();
  readonly messages: (Snapshot | Delta)[] = [];
  readonly waiting: (() => void)[] = [];

  add(touched: Touched): void {
    if (touched.all) {
      this.all = true;
      return;
    }
    for (const id of touched.peers) this.peers.add(id);
    for (const id of touched.clients) this.clients.add(id);
  }

  touched(): Touched {
    return this.all ? { all: true } : { all: false, peers: [...this.peers], clients: [...this.clients] };
  }
}

/** See the file's comment. */
export class LocalMesh {
  readonly directory = new ClientDirectory();
  readonly #parts: LocalMeshParts;
  #replica: MeshReplica | undefined;
  #backlog: Backlog | undefined;
  #working = Promise.resolve();

  constructor(parts: LocalMeshParts) {
    this.#parts = parts;
    this.#replica = parts.replica;
    if (this.#replica) this.directory.update(this.#replica, { all: true });
  }

  /** The state as last heard; `undefined` before the first snapshot. */
  get state(): MeshState | undefined {
    return this.#replica;
  }

  /** Takes a message of the stream in. */
  fold(message: Snapshot | Delta): void {
    if (this.#isNoNews(message)) return;
    const mine = this.#mine(message);
    let touched: Touched = { all: true };
    if (this.#replica) touched = this.#replica.fold(message);
    else if (message.type === 'snapshot') this.#replica = new MeshReplica(message);
    else return;
    this.directory.update(this.#replica, touched);
    this.#tellLost(this.#replica, mine);
    if (message.type === 'snapshot') this.#tellUnreported(this.#replica, message);
    const backlog = this.#open();
    backlog.add(touched);
    backlog.messages.push(message);
  }

  /**
   * Takes attachments in that did not come by the stream: this gateway's own, or another's announcement.
   * @returns those that won, once they are on the devices (or this peer is closing)
   */
  async attach(attachments: readonly Attachment[]): Promise<readonly Attachment[]> {
    const replica = this.#replica;
    if (!replica) return [];
    const mine = attachments.map((attachment) => attachment.client).filter((client) => this.#isMine(client));
    const won = attachments.filter(
      (attachment) => replica.clients.has(attachment.client) && replica.attach(attachment),
    );
    if (won.length === 0) return won;
    this.#tellLost(replica, mine);
    const touched = won.map((attachment) => attachment.client);
    const backlog = this.#open();
    backlog.add({ all: false, peers: [], clients: touched });
    backlog.messages.push({
      type: 'delta',
      revision: replica.revision,
      peers: [],
      clients: [],
      attachments: won,
      gone: { peers: [], clients: [] },
    });
    await new Promise<void>((resolve) => backlog.waiting.push(resolve));
    return won;
  }

  /** Applies everything there is. @param restart - the devices have to be made again first */
  reapply(restart: boolean): void {
    if (!this.#replica) return;
    const backlog = this.#open();
    backlog.all = true;
    backlog.restart ||= restart;
  }

  /** Resolves when the devices and the journal are at rest. */
  async rest(): Promise<void> {
    await this.#working;
  }

  /** The answer to a reconnect after which nothing has happened. */
  #isNoNews(message: Snapshot | Delta): boolean {
    if (message.type === 'snapshot' || message.revision !== this.#replica?.revision) return false;
    const { peers, clients, attachments, gone } = message;
    return [peers, clients, attachments, gone.peers, gone.clients].every((list) => list.length === 0);
  }

  #isMine(client: string): boolean {
    return this.#replica?.attachments.get(client)?.gateway === this.#parts.self;
  }

  /** Clients attached here that the message could take away. */
  #mine(message: Snapshot | Delta): string[] {
    const candidates =
      message.type === 'delta'
        ? message.attachments.map((attachment) => attachment.client)
        : [...(this.#replica?.attachments.keys() ?? [])];
    return candidates.filter((client) => this.#isMine(client));
  }

  #tellLost(replica: MeshReplica, mine: readonly string[]): void {
    for (const client of mine) {
      if (replica.attachments.has(client) && !this.#isMine(client)) this.#parts.listener.lost(client);
    }
  }

  #tellUnreported(replica: MeshReplica, snapshot: Snapshot): void {
    const { self, listener } = this.#parts;
    const known = new Map(snapshot.attachments.map((attachment) => [attachment.client, attachment.sequence]));
    const unknown = [...replica.attachments.values()].filter(
      ({ client, gateway, sequence }) => gateway === self && known.get(client) !== sequence,
    );
    if (unknown.length > 0) listener.unreported(unknown);
  }

  #open(): Backlog {
    if (this.#backlog) return this.#backlog;
    this.#backlog = new Backlog();
    this.#working = this.#working.then(() => this.#work());
    return this.#backlog;
  }

  async #work(): Promise<void> {
    const backlog = this.#backlog;
    const state = this.#replica;
    this.#backlog = undefined;
    if (!backlog || !state) return;
    const revision = state.revision;
    const recorded =
      backlog.messages.length > 0 ? this.#parts.journal.record(backlog.messages, state) : Promise.resolve();
    if (await this.#apply(backlog, state)) this.#parts.listener.applied(revision);
    for (const settle of backlog.waiting) settle();
    await recorded;
  }

  /** Applies, again and again if need be, everything from the second time on. Says whether it succeeded before closing. */
  async #apply(backlog: Backlog, state: MeshState): Promise<boolean> {
    const { dataPlane, clock, log, signal } = this.#parts;
    let { restart } = backlog;
    let touched = backlog.touched();
    while (!signal.aborted) {
      try {
        if (restart) await dataPlane.start();
        await dataPlane.apply(state, touched);
        return true;
      } catch (error) {
        log.error('a change could not be applied, setting up everything again', { reason: failureText(error) });
        restart = true;
        touched = { all: true };
        await clock.sleep(APPLY_AGAIN_MS, signal);
      }
    }
    return false;
  }
}
