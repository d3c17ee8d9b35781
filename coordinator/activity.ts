/** What gateways see of clients, as last reported: kept in memory, and written to the store a little later. */
import type { Report } from '../mesh/api.ts';
import type { Attachment } from '../mesh/state.ts';
import type { Store, StoredActivity } from './store.ts';

/** Most rows in one write. What is more waits for the next one. */
const MAX_ROWS = 2_000;

/** Activity of a client that has never been seen. */
const NONE = { last_handshake_at: null, endpoint: null, received_bytes: 0, sent_bytes: 0 };

/** See the file's comment. */
export class ActivityBook {
  readonly #byClient: Map<string, StoredActivity>;
  readonly #unsaved = new Set<string>();

  constructor(known: readonly StoredActivity[]) {
    this.#byClient = new Map(known.map((activity) => [activity.client, activity]));
  }

  of(client: string): Omit<StoredActivity, 'client'> {
    return this.#byClient.get(client) ?? NONE;
  }

  /** Takes a gateway's report. Of a client that is attached elsewhere it no longer knows the latest. */
  record(gateway: string, rows: Report['activity'], attachmentOf: (client: string) => Attachment | undefined): void {
    for (const row of rows) {
      if (attachmentOf(row.client)?.gateway !== gateway) continue;
      this.#byClient.set(row.client, row);
      this.#unsaved.add(row.client);
    }
  }

  /** Forgets a client that is gone. */
  drop(client: string): void {
    this.#byClient.delete(client);
    this.#unsaved.delete(client);
  }

  /** Says whether everything is written. */
  get saved(): boolean {
    return this.#unsaved.size === 0;
  }

  /** Writes what has changed since it was last written, oldest first and no more than fits one write. */
  async save(store: Store): Promise<void> {
    const clients = [...this.#unsaved].slice(0, MAX_ROWS);
    const rows = clients.flatMap((client) => this.#byClient.get(client) ?? []);
    if (rows.length === 0) return;
    for (const client of clients) this.#unsaved.delete(client);
    try {
      await store.saveActivity(rows);
    } catch (error) {
      for (const client of clients) if (this.#byClient.has(client)) this.#unsaved.add(client);
      throw error;
    }
  }
}
