import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { start } from '../host/run.ts';
import { client, MESH, TORN_WORDS } from './records.fixture.ts';
import { SqliteFile } from './sqlite-file.ts';
import { SqliteStore } from './sqlite-store.ts';
import { describeStore } from './store.contract.ts';

const TORN_WRITER = join(import.meta.dirname, 'torn-writer.fixture.ts');
const CRASH_WRITER = join(import.meta.dirname, 'crash-writer.fixture.ts');

function open(directory: string): Promise<SqliteStore> {
  return SqliteStore.open(join(directory, 'coordinator.db'), MESH, randomBytes);
}

describeStore('SQLite', {
  open,
  startCrashWriter: (directory, acknowledgements) =>
    start([process.execPath, '--import', 'tsx', CRASH_WRITER, directory, acknowledgements], { output: 'inherit' }),
});

describe('the SQLite file', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-sqlite-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is readable by its owner alone, and so is its log', async () => {
    const store = await open(directory);
    for (const file of ['coordinator.db', 'coordinator.db-wal']) {
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
    }
    await store.close();
  });

  it('opens although a killed process left its lock behind', async () => {
    await (await open(directory)).close();
    await mkdir(join(directory, 'coordinator.db.lock'));
    const store = await open(directory);
    expect((await store.load()).clients).toEqual([]);
    await store.close();
  });

  it('forgets a transaction in whose middle its process was killed, and nothing else', async () => {
    const path = join(directory, 'words.db');
    const writer = start([process.execPath, '--import', 'tsx', TORN_WRITER, path], { output: 'inherit' });
    expect(await writer.ended).toBe('ended by SIGKILL');
    const ignore = (): void => undefined;
    const file = await SqliteFile.open(path, ignore, (opened) => {
      opened.script("INSERT INTO words VALUES ('after')");
    });
    const words = file.all<{ word: string }>('SELECT word FROM words ORDER BY word').map((row) => row.word);
    expect(words).toEqual([...TORN_WORDS, 'after']);
    expect(file.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    file.close();
  });

  it('is made anew when its making was interrupted', async () => {
    await writeFile(join(directory, 'coordinator.db.new'), 'half');
    await writeFile(join(directory, 'coordinator.db.new-journal'), 'half');
    await mkdir(join(directory, 'coordinator.db.new.lock'));
    const store = await open(directory);
    await store.commit([{ kind: 'client', revision: 1, client: client(1) }]);
    await store.close();
    expect(await readdir(directory)).toEqual(['coordinator.db']);
  });

  it('is refused when a newer program wrote it', async () => {
    await (await open(directory)).close();
    const file = await SqliteFile.open(
      join(directory, 'coordinator.db'),
      () => undefined,
      (opened) => {
        opened.script('PRAGMA user_version = 99');
      },
    );
    file.close();
    await expect(open(directory)).rejects.toThrow(/newer version of this program \(schema 99; this one knows 1\)/);
  });

  it('is refused when it is something else', async () => {
    await writeFile(
      join(directory, 'coordinator.db'),
      'this is no database, and long enough to be read as one\n'.repeat(99),
    );
    await expect(open(directory)).rejects.toThrow(/not a database/);
  });
});
