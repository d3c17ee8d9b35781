/**
 * A program for the contract suite: commits numbered batches of clients to a store without end, and after each says the
 * batch's number in a file, until somebody kills it. Arguments: the data directory, and the file.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { client, CRASH_BATCH, MESH } from './records.fixture.ts';
import { SqliteStore } from './sqlite-store.ts';

async function main(directory: string, acknowledgements: string): Promise<void> {
  const store = await SqliteStore.open(join(directory, 'coordinator.db'), MESH, randomBytes);
  for (let batch = 0; ; batch += 1) {
    const revision = batch + 1;
    const numbers = Array.from({ length: CRASH_BATCH }, (_, index) => batch * CRASH_BATCH + index);
    await store.commit(numbers.map((number) => ({ kind: 'client', revision, client: client(number) })));
    appendFileSync(acknowledgements, `${String(revision)}\n`);
  }
}

const [directory, acknowledgements] = process.argv.slice(2);
if (directory !== undefined && acknowledgements !== undefined) await main(directory, acknowledgements);
