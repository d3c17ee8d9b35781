/**
 * A program for the SQLite file's test: commits some rows, then changes them all in one transaction with so small a cache
 * that changed pages reach the disk before the commit, and dies there. Argument: the file.
 */
import { TORN_WORDS } from './records.fixture.ts';
import { SqliteFile } from './sqlite-file.ts';

const [path] = process.argv.slice(2);
if (path !== undefined) {
  const file = await SqliteFile.open(
    path,
    (made) => {
      made.script('CREATE TABLE words (word TEXT PRIMARY KEY) STRICT');
    },
    (opened) => {
      opened.write(() => {
        for (const word of TORN_WORDS) opened.run('INSERT INTO words VALUES (?)', [word]);
      });
    },
  );
  file.script('PRAGMA cache_size = 5');
  file.write(() => {
    file.run("UPDATE words SET word = 'torn ' || word", []);
    for (const word of TORN_WORDS) file.run('INSERT INTO words VALUES (?)', [`new ${word}`]);
    process.kill(process.pid, 'SIGKILL');
  });
}
