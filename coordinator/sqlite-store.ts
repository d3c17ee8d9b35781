/** The store in one SQLite file. */
import type { FreedAddress } from '../mesh/address-pool.ts';
import { hex } from '../mesh/hex.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { Attachment, ClientRecord, MeshInfo, PeerRecord } from '../mesh/state.ts';
import type { Delta } from '../mesh/stream.ts';
import { SqliteFile } from './sqlite-file.ts';
import { migrate } from './sqlite-schema.ts';
import type { Change, Contents, Store, StoredActivity, StoredPeer } from './store.ts';

const EPOCH_BYTES = 16;

interface PeerRow {
  readonly record: string;
  readonly verifier: string;
  readonly generation: number;
}
interface ClientRow {
  readonly id: string;
  readonly record: string;
  readonly gone_at: number | null;
}

/** See {@link Store}. */
export class SqliteStore implements Store {
  readonly epoch: string;
  readonly #file: SqliteFile;

  private constructor(file: SqliteFile) {
    this.#file = file;
    this.epoch = this.#meta('epoch');
  }

  /**
   * Opens the store in this file, or makes it. The caller holds the lock of the data directory.
   * @param mesh - remembered in a store that is made; {@link Contents} says which mesh an older one belongs to
   */
  static async open(path: string, mesh: MeshInfo, random: RandomBytes): Promise<SqliteStore> {
    const file = await SqliteFile.open(
      path,
      (made) => {
        migrate(made);
        const meta = { epoch: hex.encode(random(EPOCH_BYTES)), mesh: JSON.stringify(mesh), revision: '0', pruned: '0' };
        made.write(() => {
          for (const [key, value] of Object.entries({ ...meta, opened: '0' })) {
            made.run('INSERT INTO meta (key, value) VALUES (?, ?)', [key, value]);
          }
        });
      },
      (opened) => {
        migrate(opened);
        opened.write(() => {
          opened.run(`UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = ?`, ['opened']);
        });
      },
    );
    return new SqliteStore(file);
  }

  load(): Promise<Contents> {
    return attempt(() => ({
      mesh: JSON.parse(this.#meta('mesh')) as MeshInfo,
      revision: this.#revision(),
      peers: this.#file.all<PeerRow>('SELECT record, verifier, generation FROM peers ORDER BY revision').map(peerOf),
      clients: this.#file
        .all<ClientRow>('SELECT record FROM clients WHERE gone_at IS NULL ORDER BY number')
        .map(clientOf),
      attachments: this.#file.all<Attachment>('SELECT client, gateway, sequence FROM attachments'),
      activity: this.#file.all<StoredActivity>('SELECT * FROM activity'),
      freed: this.#file.all<FreedAddress>(
        'SELECT address, gone_at AS freedAt FROM clients WHERE gone_at IS NOT NULL ORDER BY gone_at, number',
      ),
    }));
  }

  commit(changes: readonly Change[]): Promise<void> {
    return attempt(() => {
      const last = changes.at(-1);
      if (!last) return;
      this.#file.write(() => {
        for (const change of changes) this.#apply(change);
        this.#setMeta('revision', String(last.revision));
      });
    });
  }

  since(revision: number): Promise<Delta | undefined> {
    return attempt(() => {
      const present = this.#revision();
      if (revision > present || revision < Number(this.#meta('pruned'))) return undefined;
      const peers = this.#file.all<PeerRow>('SELECT record FROM peers WHERE revision > ? ORDER BY revision', [
        revision,
      ]);
      const clients = this.#file.all<ClientRow>(
        'SELECT id, record, gone_at FROM clients WHERE revision > ? ORDER BY revision',
        [revision],
      );
      return {
        type: 'delta',
        revision: present,
        peers: peers.map((row) => JSON.parse(row.record) as PeerRecord),
        clients: clients.filter((row) => row.gone_at === null).map(clientOf),
        attachments: this.#file.all<Attachment>(
          'SELECT client, gateway, sequence FROM attachments WHERE revision > ? ORDER BY revision',
          [revision],
        ),
        gone: { peers: [], clients: clients.filter((row) => row.gone_at !== null).map((row) => row.id) },
      };
    });
  }

  saveActivity(rows: readonly StoredActivity[]): Promise<void> {
    return attempt(() => {
      this.#file.write(() => {
        for (const row of rows) {
          this.#file.run(
            `INSERT INTO activity SELECT id, ?2, ?3, ?4, ?5 FROM clients WHERE id = ?1 AND gone_at IS NULL
             ON CONFLICT (client) DO UPDATE SET last_handshake_at = ?2, endpoint = ?3, received_bytes = ?4, sent_bytes = ?5`,
            [row.client, row.last_handshake_at, row.endpoint, row.received_bytes, row.sent_bytes],
          );
        }
      });
    });
  }

  prune(before: number): Promise<void> {
    return attempt(() => {
      const newest = this.#file.all<{ revision: number | null }>(
        'SELECT max(revision) AS revision FROM clients WHERE gone_at < ?',
        [before],
      )[0]?.revision;
      if (newest === null || newest === undefined) return;
      this.#file.write(() => {
        this.#file.run('DELETE FROM clients WHERE gone_at < ?', [before]);
        this.#setMeta('pruned', String(Math.max(newest, Number(this.#meta('pruned')))));
      });
    });
  }

  close(): Promise<void> {
    return attempt(() => {
      this.#file.close();
    });
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'peer': {
        const { record, verifier, generation } = change.peer;
        this.#file.run(
          `INSERT INTO peers (id, name, address, verifier, generation, record, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
           ON CONFLICT (id) DO UPDATE SET name = ?2, address = ?3, verifier = ?4, generation = ?5, record = ?6, revision = ?7`,
          [record.id, record.name, record.address, verifier, generation, JSON.stringify(record), change.revision],
        );
        return;
      }
      case 'client': {
        const { client } = change;
        this.#file.run(
          `INSERT INTO clients (id, name, address, public_key, record, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
           ON CONFLICT (id) DO UPDATE SET name = ?2, address = ?3, public_key = ?4, record = ?5, revision = ?6`,
          [client.id, client.name, client.address, client.public_key, JSON.stringify(client), change.revision],
        );
        return;
      }
      case 'attachment': {
        const { client, gateway, sequence } = change.attachment;
        this.#file.run(
          `INSERT INTO attachments (client, gateway, sequence, revision) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (client) DO UPDATE SET gateway = ?2, sequence = ?3, revision = ?4`,
          [client, gateway, sequence, change.revision],
        );
        return;
      }
      case 'client-gone':
        this.#file.run('DELETE FROM attachments WHERE client = ?', [change.id]);
        this.#file.run('DELETE FROM activity WHERE client = ?', [change.id]);
        this.#file.run('UPDATE clients SET gone_at = ?, revision = ? WHERE id = ?', [
          change.at,
          change.revision,
          change.id,
        ]);
    }
  }

  #revision(): number {
    return Number(this.#meta('revision'));
  }

  #meta(key: string): string {
    const value = this.#file.all<{ value: string }>('SELECT value FROM meta WHERE key = ?', [key])[0]?.value;
    if (value === undefined) throw new Error(`the store has no "${key}"`);
    return value;
  }

  #setMeta(key: string, value: string): void {
    this.#file.run('UPDATE meta SET value = ?2 WHERE key = ?1', [key, value]);
  }
}

/** Runs synchronous work at once and gives its outcome as a promise, thrown errors included. */
function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function peerOf(row: PeerRow): StoredPeer {
  return { record: JSON.parse(row.record) as PeerRecord, verifier: row.verifier, generation: row.generation };
}

function clientOf(row: ClientRow): ClientRecord {
  return JSON.parse(row.record) as ClientRecord;
}
