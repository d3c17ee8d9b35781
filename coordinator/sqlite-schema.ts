/**
 * The SQLite store's tables and how an older file becomes a newer one. Records are kept as the JSON that goes over the
 * wire; columns beside it exist where the database itself must search or refuse.
 */
import type { SqliteFile } from './sqlite-file.ts';

/**
 * One step per version, oldest first. A step that was ever released is never edited; what must change is a further step.
 * `user_version` in the file's header counts the steps done.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE peers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL UNIQUE,
    verifier TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    record TEXT NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX peers_by_revision ON peers (revision);

  CREATE TABLE clients (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    public_key TEXT,
    record TEXT NOT NULL,
    revision INTEGER NOT NULL,
    gone_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX clients_by_name ON clients (name) WHERE gone_at IS NULL;
  CREATE UNIQUE INDEX clients_by_address ON clients (address) WHERE gone_at IS NULL;
  CREATE UNIQUE INDEX clients_by_key ON clients (public_key) WHERE gone_at IS NULL;
  CREATE INDEX clients_by_revision ON clients (revision);
  CREATE INDEX clients_gone ON clients (gone_at) WHERE gone_at IS NOT NULL;

  CREATE TABLE attachments (
    client TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    gateway TEXT NOT NULL REFERENCES peers (id),
    sequence INTEGER NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attachments_by_revision ON attachments (revision);

  CREATE TABLE activity (
    client TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    last_handshake_at TEXT,
    endpoint TEXT,
    received_bytes INTEGER NOT NULL,
    sent_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the file to {@link SCHEMA_VERSION}, each step whole or not at all.
 * @throws RangeError when the file was written by a newer program
 */
export function migrate(file: SqliteFile): void {
  const from = file.all<{ user_version: number }>('PRAGMA user_version')[0]?.user_version ?? 0;
  if (from > SCHEMA_VERSION) {
    throw new RangeError(
      `was written by a newer version of this program (schema ${String(from)}; this one knows ${String(SCHEMA_VERSION)})`,
    );
  }
  for (const [index, step] of MIGRATIONS.slice(from).entries()) {
    file.write(() => {
      file.script(`${step}; PRAGMA user_version = ${String(from + index + 1)}`);
    });
  }
}
