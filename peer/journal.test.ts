import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeshReplica } from '../mesh/replica.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { Journal, snapshotOfState } from './journal.ts';
import { attached, client, delta, memoryLog, peer, snapshot } from './records.fixture.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tm-journal-'));
  path = join(directory, 'state.ndjson');
});

afterEach(() => rm(directory, { recursive: true }));

const FIRST = snapshot({
  peers: [peer(1), peer(2)],
  clients: [client(1), client(2)],
  attachments: [attached(1, 1, 1)],
});

/** Writes the messages one by one and gives the state that they make. */
async function write(journal: Journal, replica: MeshReplica, messages: (Snapshot | Delta)[]): Promise<MeshReplica> {
  for (const message of messages) {
    replica.fold(message);
    await journal.record([message], replica);
  }
  return replica;
}

async function written(messages: (Snapshot | Delta)[]): Promise<MeshReplica> {
  const { journal } = await Journal.open(path, memoryLog());
  const replica = await write(journal, new MeshReplica(FIRST), [FIRST, ...messages]);
  await journal.close();
  return replica;
}

async function reopened(): Promise<{ replica: MeshReplica | undefined; events: string[] }> {
  const log = memoryLog();
  const { journal, replica } = await Journal.open(path, log);
  await journal.close();
  return { replica, events: log.events };
}

describe('journal', () => {
  it('a state that was written is there again after a restart', async () => {
    const replica = await written([
      delta(2, { clients: [client(3)] }),
      delta(2, { attachments: [attached(1, 2, 2)] }),
      delta(3, { gone: { peers: [], clients: ['c2'] } }),
    ]);
    const again = await reopened();
    expect(again.events).toEqual([]);
    expect(again.replica && snapshotOfState(again.replica)).toEqual(snapshotOfState(replica));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('a delta is appended as its own line and nothing before it is written again', async () => {
    await written([]);
    const before = await readFile(path, 'utf8');
    const { journal, replica } = await Journal.open(path, memoryLog());
    const change = delta(2, { clients: [client(3)] });
    if (replica) await write(journal, replica, [change]);
    await journal.close();
    expect(await readFile(path, 'utf8')).toBe(`${before}${JSON.stringify(change)}\n`);
  });

  it('wherever a crash cuts the last line off, the lines before it are the state', async () => {
    const replica = await written([delta(2, { clients: [client(3)] })]);
    const whole = await readFile(path);
    const tail = Buffer.from(`${JSON.stringify(delta(3, { clients: [client(4, { display_name: 'Zoë' })] }))}\n`);
    for (let length = 1; length < tail.length; length += 17) {
      await writeFile(path, Buffer.concat([whole, tail.subarray(0, length)]));
      const { journal, replica: again } = await Journal.open(path, memoryLog());
      expect(again && snapshotOfState(again)).toEqual(snapshotOfState(replica));
      if (again) await write(journal, again, [delta(3, { clients: [client(5)] })]);
      await journal.close();
      expect((await reopened()).replica?.clients.has('c5')).toBe(true);
    }
  });

  it('a damaged line before the last makes the peer start without it, and say so', async () => {
    await written([]);
    await appendFile(path, 'damaged\n');
    await appendFile(path, `${JSON.stringify(delta(2))}\n`);
    const log = memoryLog();
    const { journal, replica } = await Journal.open(path, log);
    expect(replica).toBeUndefined();
    expect(log.events).toEqual(['warn starting without the last known state']);
    await write(journal, new MeshReplica(FIRST), [FIRST]);
    await journal.close();
    expect((await reopened()).replica?.clients.size).toBe(2);
  });

  it('once the deltas outgrow the snapshot, one snapshot takes their place', async () => {
    const long = client(3, { description: 'd'.repeat(400) });
    const changes = Array.from({ length: 300 }, (_, index) => delta(2 + index, { clients: [long] }));
    const replica = await written(changes);
    expect((await stat(path)).size).toBeLessThan(80 * 1024);
    expect((await reopened()).replica?.revision).toBe(replica.revision);
  });

  it('a disk that fails does not keep a change from the devices: it is said, and the next change writes all', async () => {
    const log = memoryLog();
    const { journal } = await Journal.open(join(directory, 'missing', 'file', 'state.ndjson'), log);
    await writeFile(join(directory, 'missing'), 'in the way');
    const replica = await write(journal, new MeshReplica(FIRST), [FIRST]);
    expect(log.events).toEqual(['error the last known state could not be written']);
    await rm(join(directory, 'missing'));
    await write(journal, replica, [delta(2, { clients: [client(9)] })]);
    await journal.close();
    path = join(directory, 'missing', 'file', 'state.ndjson');
    expect((await reopened()).replica?.clients.size).toBe(3);
  });
});
