/**
 * One membership's life: its devices, its copy of the mesh, and everything that keeps the two and the coordinator in
 * step. A session ends when it is closed; another place in the mesh is another session.
 */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { MeshReplica } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { Announcer } from './announce.ts';
import { ANNOUNCE_PORT } from './announcement.ts';
import { Concentrator } from './concentrator.ts';
import type { DataPlane } from './data-plane.ts';
import type { BindDatagrams, Datagrams } from './datagrams.ts';
import { every } from './every.ts';
import type { Membership } from './identity.ts';
import type { Journal } from './journal.ts';
import { LocalMesh } from './local-mesh.ts';
import { type ReportLink, Reporter } from './report.ts';
import { followStream, type Position, type StreamDoor, type StreamListener } from './stream.ts';

/** How often the devices' existence is checked, in milliseconds. */
export const INTACT_EVERY_MS = 1_000;

/** The way to the coordinator: connections that verify its CA, and this peer's credential. */
export interface Link extends ReportLink {
  readonly door: ReportLink['door'] & StreamDoor & { close(): void };
}

/** What a session is made of. */
export interface SessionParts {
  readonly membership: Membership;
  /** Whether this peer runs a concentrator. */
  readonly concentrator: boolean;
  readonly dataPlane: DataPlane;
  readonly journal: Journal;
  /** The state that the journal held. */
  readonly replica: MeshReplica | undefined;
  readonly link: Link;
  readonly bind: BindDatagrams;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** When the coordinator was heard, by the wall clock; null while it has not been. */
export interface Contact {
  readonly connectedSinceMs: number | null;
  readonly lastHeardMs: number | null;
}

/** See the file's comment. */
export class Session implements StreamListener {
  readonly parts: SessionParts;
  readonly #ending = new AbortController();
  readonly #mesh: LocalMesh;
  readonly #reporter: Reporter;
  readonly #announcer: Announcer;
  readonly #concentrator: Concentrator | undefined;
  readonly #loops: Promise<void>[] = [];
  #link: Link;
  #socket: Datagrams | undefined;
  #contact: Contact = { connectedSinceMs: null, lastHeardMs: null };
  #applied: number | null = null;
  #closed: Promise<void> | undefined;

  private constructor(parts: SessionParts) {
    const self = parts.membership.id;
    const effects = { ...parts, signal: this.#ending.signal };
    this.parts = parts;
    this.#link = parts.link;
    this.#reporter = new Reporter({ ...effects, link: () => this.#link });
    this.#mesh = new LocalMesh({
      ...effects,
      self,
      listener: {
        applied: (revision) => {
          this.#applied = revision;
          this.#reporter.applied(revision);
        },
        lost: (client) => this.#concentrator?.lost(client),
        unreported: (attachments) => {
          if (parts.concentrator) this.#reporter.attached(attachments);
        },
      },
    });
    this.#announcer = new Announcer({
      ...effects,
      self,
      state: () => this.#mesh.state,
      attach: (attachments) => void this.#mesh.attach(attachments),
    });
    if (!parts.concentrator) return;
    this.#concentrator = new Concentrator({
      ...effects,
      self,
      mesh: this.#mesh,
      reporter: this.#reporter,
      announce: async (attachments) => (this.#socket ? this.#announcer.announce(attachments, this.#socket) : 0),
    });
  }

  /**
   * Starts the devices with the last state that is known, and everything that keeps it up to date but the stream.
   * @throws whatever kept the devices from being made
   */
  static async start(parts: SessionParts): Promise<Session> {
    const session = new Session(parts);
    try {
      await session.#start();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /** The state as last heard; `undefined` before the first snapshot. */
  get state(): MeshState | undefined {
    return this.#mesh.state;
  }

  /** The revision that is on the devices. */
  get appliedRevision(): number | null {
    return this.#applied;
  }

  get contact(): Contact {
    return this.#contact;
  }

  /** How many clients have shaken hands here in the last three minutes. */
  get recentClients(): number {
    return this.#concentrator?.recentClients ?? 0;
  }

  /** Goes on with another link: this peer has joined again and kept its place. */
  useLink(link: Link): void {
    this.#link.door.close();
    this.#link = link;
  }

  /** Follows the coordinator's stream until this session is closed or the credential is refused. */
  follow(): Promise<'refused' | 'closed'> {
    const { clock, random, log } = this.parts;
    return followStream(this.#link.door, this.#link.credential, this, {
      clock,
      random,
      log,
      signal: this.#ending.signal,
    });
  }

  position(): Position | undefined {
    return this.#mesh.state;
  }

  connected(): void {
    const now = this.parts.clock.wall();
    this.#contact = { connectedSinceMs: now, lastHeardMs: now };
    this.parts.log.info('connected to the coordinator');
    this.#reporter.reconnected();
  }

  heard(): void {
    this.#contact = { ...this.#contact, lastHeardMs: this.parts.clock.wall() };
  }

  message(message: Snapshot | Delta): void {
    this.#mesh.fold(message);
  }

  disconnected(): void {
    this.#contact = { ...this.#contact, connectedSinceMs: null };
  }

  /** Ends everything, takes the devices away and closes the journal. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops);
    await this.#mesh.rest();
    await this.#socket?.close();
    this.#link.door.close();
    try {
      await this.parts.dataPlane.close();
    } finally {
      await this.parts.journal.close();
    }
  }

  async #start(): Promise<void> {
    const { dataPlane, membership, bind, clock, log } = this.parts;
    const signal = this.#ending.signal;
    await dataPlane.start();
    this.#mesh.reapply(false);
    if (dataPlane.kind !== 'simulated') {
      this.#socket = await bind(membership.address, ANNOUNCE_PORT, (data, from) => {
        const answer = this.#announcer.receive(data, from);
        if (answer) this.#socket?.send(answer, from);
      });
    }
    this.#loops.push(
      this.#reporter.run(),
      every(INTACT_EVERY_MS, { clock, log, signal }, 'looking after the devices', () => this.#lookAfterDevices()),
    );
    if (!this.#concentrator) return;
    // A report may have been lost with the process that had it in memory.
    const mine = [...(this.#mesh.state?.attachments.values() ?? [])].filter(({ gateway }) => gateway === membership.id);
    this.#reporter.attached(mine);
    this.#loops.push(this.#concentrator.run());
  }

  async #lookAfterDevices(): Promise<void> {
    const { dataPlane, log } = this.parts;
    if (await dataPlane.intact()) return;
    log.error('a device is gone, setting up everything again');
    if (!this.#mesh.state) {
      await dataPlane.start();
      return;
    }
    this.#mesh.reapply(true);
    await this.#mesh.rest();
  }
}
