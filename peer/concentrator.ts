/**
 * The gateway's eyes on its clients' device: who has just shown up, and who was heard at all. What it attaches goes on its
 * own devices first, then to the other peers, then to the coordinator.
 */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { gatewayIdOf } from '../mesh/entries.ts';
import type { Attachment, MeshState } from '../mesh/state.ts';
import { AttachmentRules, type Moment, type Taken } from './attachment.ts';
import { type DataPlane, type Handshake, SESSION_SECONDS } from './data-plane.ts';
import { every } from './every.ts';
import type { LocalMesh } from './local-mesh.ts';
import { activityOf, type ActivityEntry, type Reporter } from './report.ts';

/** How often the device's set of unknown senders is read, in milliseconds. */
export const NEWCOMERS_EVERY_MS = 200;

/** How often the whole device is dumped, in milliseconds. */
export const HANDSHAKES_EVERY_MS = 10_000;

/** What a concentrator needs of the rest of this peer. */
export interface ConcentratorParts {
  /** This peer's id. */
  readonly self: string;
  readonly dataPlane: DataPlane;
  readonly mesh: Pick<LocalMesh, 'state' | 'directory' | 'attach'>;
  readonly reporter: Pick<Reporter, 'attached' | 'activity'>;
  /** Tells the other peers; resolves to the number of announcements that nobody acknowledged. */
  readonly announce: (attachments: readonly Attachment[]) => Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** See the file's comment. */
export class Concentrator {
  readonly #parts: ConcentratorParts;
  readonly #rules: AttachmentRules;
  /** The activity of each client as it was last reported, as text. */
  #reported = new Map<string, string>();
  #recent = 0;

  constructor(parts: ConcentratorParts) {
    this.#parts = parts;
    this.#rules = new AttachmentRules(parts.self);
  }

  /** Clients with a handshake in the last three minutes, as of the last dump. */
  get recentClients(): number {
    return this.#recent;
  }

  /** Another gateway took a client that was attached here. */
  lost(client: string): void {
    this.#rules.lost(client, this.#now());
  }

  /** Watches the device until the signal ends it. */
  async run(): Promise<void> {
    await Promise.all([
      every(NEWCOMERS_EVERY_MS, this.#parts, 'looking for new clients', () => this.#lookForNewcomers()),
      every(HANDSHAKES_EVERY_MS, this.#parts, 'reading handshakes', () => this.#readHandshakes()),
    ]);
  }

  async #lookForNewcomers(): Promise<void> {
    const { dataPlane, mesh } = this.#parts;
    const addresses = await dataPlane.newcomers();
    const state = mesh.state;
    if (!state || addresses.length === 0) return;
    const senders = addresses.flatMap((address) => mesh.directory.atAddress(address) ?? []);
    await this.#take(this.#rules.takeSenders(state, senders, this.#now()));
  }

  async #readHandshakes(): Promise<void> {
    const { dataPlane, mesh, clock } = this.#parts;
    const handshakes = await dataPlane.handshakes();
    const state = mesh.state;
    const recentFrom = clock.wall() / 1000 - SESSION_SECONDS;
    this.#recent = handshakes.filter(({ lastHandshakeSeconds }) => lastHandshakeSeconds >= recentFrom).length;
    if (!state) {
      this.#rules.mark(handshakes);
      return;
    }
    const clientOf = mesh.directory.withKey.bind(mesh.directory);
    await this.#take(this.#rules.takeSilent(state, handshakes, clientOf, this.#now()));
    this.#reportActivity(state, handshakes);
  }

  async #take({ attachments, onTwoDevices }: Taken): Promise<void> {
    const { mesh, reporter, announce, log } = this.#parts;
    for (const client of onTwoDevices) log.warn('one configuration on two devices', { client: client.name });
    if (attachments.length === 0) return;
    const won = await mesh.attach(attachments);
    if (won.length === 0) return;
    void announce(won).then((missed) => {
      if (missed > 0) log.warn('announcements were not acknowledged', { missed });
    });
    reporter.attached(won);
  }

  /** Reports clients attached here whose activity changed since the last dump. */
  #reportActivity(state: MeshState, handshakes: readonly Handshake[]): void {
    const { mesh, reporter, self } = this.#parts;
    const known = new Map<string, string>();
    const changed: ActivityEntry[] = [];
    for (const handshake of handshakes) {
      const client = handshake.lastHandshakeSeconds > 0 ? mesh.directory.withKey(handshake.key) : undefined;
      if (!client || gatewayIdOf(state, client) !== self) continue;
      const entry = activityOf(client.id, handshake);
      const text = JSON.stringify(entry);
      known.set(client.id, text);
      if (this.#reported.get(client.id) !== text) changed.push(entry);
    }
    this.#reported = known;
    if (changed.length > 0) reporter.activity(changed);
  }

  #now(): Moment {
    const { clock } = this.#parts;
    return { monotonicMs: clock.monotonic(), wallMs: clock.wall() };
  }
}
