/**
 * One SQLite file that survives whatever happens to its process, in a WebAssembly build that needs nothing installed.
 *
 * Two traps of node-sqlite3-wasm decide how it is used here. Its lock is a directory beside the file, which survives
 * SIGKILL: whoever opens a file must hold the data directory's own lock, and the stale one is cleared under that. And it
 * takes its own lock for a stranger's when it looks for an interrupted transaction, so **a rollback journal is never
 * rolled back**: a process killed in the middle of a commit leaves a broken file. A write-ahead log has no such question:
 * it is replayed up to its last whole commit at every opening. Without shared memory SQLite allows it in
 * exclusive locking mode (https://sqlite.org/wal.html#use_of_wal_without_shared_memory), which is also the faster one.
 */
import { chmod, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import sqlite, { type BindValues, type Database, type Statement } from 'node-sqlite3-wasm';
import { isThere, SECRET_FILE_MODE, syncDirectory } from '../host/files.ts';

/** An open file and its prepared statements. */
export class SqliteFile {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  private constructor(path: string) {
    this.#database = new sqlite.Database(path);
    try {
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE');
      const mode = this.#database.get('PRAGMA journal_mode = WAL')?.['journal_mode'];
      if (mode !== 'wal') throw new Error(`this build of SQLite refused a write-ahead log for ${path}`);
      this.#database.exec('PRAGMA synchronous = FULL');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /**
   * Opens the file. If it is missing, it is made under another name and filled by `fill` first, so that it is there whole
   * or not at all. `touch` writes something: that makes the log, whose name is durable when this resolves.
   */
  static async open(
    path: string,
    fill: (file: SqliteFile) => void,
    touch: (file: SqliteFile) => void,
  ): Promise<SqliteFile> {
    await rm(`${path}.lock`, { recursive: true, force: true });
    if (!(await isThere(path))) await SqliteFile.#make(path, fill);
    const file = new SqliteFile(path);
    try {
      touch(file);
      await chmod(`${path}-wal`, SECRET_FILE_MODE);
      await syncDirectory(dirname(path));
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  static async #make(path: string, fill: (file: SqliteFile) => void): Promise<void> {
    const draft = `${path}.new`;
    for (const suffix of ['', '-wal', '-journal', '.lock']) await rm(draft + suffix, { recursive: true, force: true });
    const file = new SqliteFile(draft);
    try {
      fill(file);
    } finally {
      file.close();
    }
    await chmod(draft, SECRET_FILE_MODE);
    await rename(draft, path);
    await syncDirectory(dirname(path));
  }

  /** Runs the work in one transaction, durable when this returns. */
  write(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Runs several statements without values. */
  script(sql: string): void {
    this.#database.exec(sql);
  }

  run(sql: string, values: BindValues): void {
    this.#use(sql, (statement) => statement.run(values));
  }

  /** All rows; the caller knows what the query gives. */
  all<Row>(sql: string, values: BindValues = []): Row[] {
    return this.#use(sql, (statement) => statement.all(values)) as unknown as Row[];
  }

  /** Folds the log into the file and lets go of it. */
  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  /** Uses the query's prepared statement; one that failed is not used again, for it repeats its error when finalized. */
  #use<T>(sql: string, use: (statement: Statement) => T): T {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.delete(sql);
    try {
      const result = use(statement);
      this.#statements.set(sql, statement);
      return result;
    } catch (error) {
      try {
        statement.finalize();
      } catch {
        // The same error again.
      }
      throw error;
    }
  }
}
