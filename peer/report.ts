/**
 * What this peer tells the coordinator: how far it has applied the stream, which clients attached themselves here, and
 * when they were last heard. Gathered into batches, sent at most every 20 ms, kept while the coordinator is away. With
 * nothing to tell it says that, so that the coordinator knows that this peer is there.
 */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { Report } from '../mesh/api.ts';
import { parseEndpoint } from '../mesh/endpoint.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { Attachment } from '../mesh/state.ts';
import { REPORT_ALIVE_MS } from '../mesh/stream.ts';
import { Backoff, RECONNECT_BOUNDS } from './backoff.ts';
import { ChildAbort } from './child-abort.ts';
import { failureText } from '../host/failure.ts';
import { PEER_PATHS, refusalText, type Sender } from './coordinator-door.ts';
import type { Handshake } from './data-plane.ts';

/** Least time from one report to the next, in milliseconds: `?wait=applied` waits for reports. */
export const REPORT_EVERY_MS = 20;

/** Most entries of each list in one report, as the API bounds them. */
const MAX_ENTRIES = 10_000;

/** Answers after which sending the same report again would be of no use. */
const UNACCEPTABLE = [400, 403, 413, 422];

/** One client's activity, as a report spells it. */
export type ActivityEntry = Report['activity'][number];

/** What a device knows of a client, as a report spells it. */
export function activityOf(client: string, handshake: Handshake): ActivityEntry {
  const { lastHandshakeSeconds, endpoint, receivedBytes, sentBytes } = handshake;
  return {
    client,
    last_handshake_at: lastHandshakeSeconds === 0 ? null : new Date(lastHandshakeSeconds * 1000).toISOString(),
    endpoint: endpoint !== null && parseEndpoint(endpoint) ? endpoint : null,
    received_bytes: receivedBytes,
    sent_bytes: sentBytes,
  };
}

/** Where reports go, and as whom. It may change when this peer joins again. */
export interface ReportLink {
  readonly door: Sender;
  readonly credential: string;
}

/** Effects of reporting. */
export interface ReporterParts {
  readonly link: () => ReportLink;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** See the file's comment. Give it news at any time; {@link Reporter.run} sends it. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #attachments = new Map<string, Attachment>();
  readonly #activity = new Map<string, ActivityEntry>();
  readonly #backoff: Backoff;
  #applied = 0;
  #appliedNews = false;
  /** Why the last report was not taken, as it was logged. */
  #said: string | undefined;
  /** Ends the present wait: for news, or before trying again. */
  #wait: ChildAbort | undefined;
  /** Waiting for news, not for a coordinator that is away. */
  #idle = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(RECONNECT_BOUNDS, parts.random);
  }

  /** Everything up to this revision is on the devices. */
  applied(revision: number): void {
    if (revision === this.#applied) return;
    this.#applied = revision;
    this.#appliedNews = true;
    this.#news();
  }

  /** Those clients attached themselves here. */
  attached(attachments: readonly Attachment[]): void {
    for (const attachment of attachments) this.#attachments.set(attachment.client, attachment);
    this.#news();
  }

  /** Those clients' activity changed; only the latest of each client is kept. */
  activity(entries: readonly ActivityEntry[]): void {
    for (const entry of entries) this.#activity.set(entry.client, entry);
    this.#news();
  }

  /** The coordinator is back, and may have forgotten what it was told of the applied revision. */
  reconnected(): void {
    this.#appliedNews ||= this.#applied > 0;
    this.#backoff.reset();
    this.#wait?.abort();
  }

  /** Sends what there is until the signal ends it. */
  async run(): Promise<void> {
    const { clock, signal } = this.#parts;
    await this.#forNews();
    while (!signal.aborted) {
      if (await this.#send()) {
        this.#backoff.reset();
        await clock.sleep(REPORT_EVERY_MS, signal);
        await this.#forNews();
      } else await this.#pause(this.#backoff.next());
    }
  }

  #hasNews(): boolean {
    return this.#appliedNews || this.#attachments.size > 0 || this.#activity.size > 0;
  }

  /** News ends the wait for news, but not the wait before a coordinator that is away is tried again. */
  #news(): void {
    if (this.#idle) this.#wait?.abort();
  }

  /** Waits until there is something to tell, or it is time to say that there is nothing. */
  async #forNews(): Promise<void> {
    if (this.#hasNews()) return;
    this.#idle = true;
    await this.#pause(REPORT_ALIVE_MS);
    this.#idle = false;
  }

  async #pause(ms: number): Promise<void> {
    const wait = new ChildAbort(this.#parts.signal);
    this.#wait = wait;
    await this.#parts.clock.sleep(ms, wait.signal);
    wait.abort();
  }

  /** Sends one report. Says whether to go on at once: it was taken, or can never be taken and is dropped. */
  async #send(): Promise<boolean> {
    const { link, log, signal } = this.#parts;
    const report: Report = {
      applied_revision: this.#applied,
      attachments: first(this.#attachments),
      activity: first(this.#activity),
    };
    this.#appliedNews = false;
    const { door, credential } = link();
    let reason: string;
    try {
      const answer = await door.send({
        method: 'POST',
        path: PEER_PATHS.report,
        bearer: credential,
        json: report,
        signal,
      });
      if (answer.status >= 200 && answer.status < 300) {
        this.#said = undefined;
        this.#forget(report);
        return true;
      }
      reason = refusalText(answer.status, answer.body);
      if (UNACCEPTABLE.includes(answer.status)) {
        log.error('the coordinator cannot take a report, which is dropped', { reason });
        this.#forget(report);
        return true;
      }
    } catch (error) {
      reason = failureText(error);
    }
    this.#appliedNews = true;
    if (!signal.aborted && reason !== this.#said) log.warn('a report could not be sent, trying again', { reason });
    this.#said = reason;
    return false;
  }

  /** Forgets what was reported, unless there is something newer of the same client by now. */
  #forget(report: Report): void {
    for (const sent of report.attachments) {
      if (this.#attachments.get(sent.client) === sent) this.#attachments.delete(sent.client);
    }
    for (const sent of report.activity) {
      if (this.#activity.get(sent.client) === sent) this.#activity.delete(sent.client);
    }
  }
}

function first<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries.values()].slice(0, MAX_ENTRIES);
}
