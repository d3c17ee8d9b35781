import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attachment } from '../mesh/state.ts';
import { FakeClock, settle } from './fake-clock.fixture.ts';
import { FakeDataPlane } from './fake-data-plane.fixture.ts';
import { Journal, snapshotOfState } from './journal.ts';
import { APPLY_AGAIN_MS, LocalMesh } from './local-mesh.ts';
import { attached, client, delta, memoryLog, peer, snapshot } from './records.fixture.ts';

const FIRST = snapshot({
  peers: [peer(1), peer(2)],
  clients: [client(1), client(2)],
  attachments: [attached(1, 1, 3)],
});

let directory: string;
let journal: Journal;
let dataPlane: FakeDataPlane;
let clock: FakeClock;
let life: AbortController;
let applied: number[];
let lost: string[];
let unreported: Attachment[];
let mesh: LocalMesh;
const log = memoryLog();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tm-mesh-'));
  ({ journal } = await Journal.open(join(directory, 'state.ndjson'), log));
  dataPlane = new FakeDataPlane();
  await dataPlane.start();
  clock = new FakeClock();
  life = new AbortController();
  [applied, lost, unreported] = [[], [], []];
  const listener = {
    applied: (revision: number) => void applied.push(revision),
    lost: (id: string) => void lost.push(id),
    unreported: (attachments: readonly Attachment[]) => void unreported.push(...attachments),
  };
  mesh = new LocalMesh({
    self: 'p1',
    dataPlane,
    journal,
    replica: undefined,
    listener,
    clock,
    log,
    signal: life.signal,
  });
});

afterEach(async () => {
  await journal.close();
  await rm(directory, { recursive: true });
});

describe('a peer’s copy of the mesh', () => {
  it('a snapshot is applied whole, a delta only where it touches', async () => {
    mesh.fold(FIRST);
    await mesh.rest();
    mesh.fold(delta(2, { clients: [client(2, { enabled: false })] }));
    await mesh.rest();
    expect(dataPlane.calls).toEqual(['start', 'apply 1 all', 'apply 2 clients=c2']);
    expect(applied).toEqual([1, 2]);
  });

  it('a delta that says nothing new costs nothing', async () => {
    mesh.fold(FIRST);
    mesh.fold(delta(1));
    await mesh.rest();
    mesh.fold(delta(1));
    await mesh.rest();
    expect(dataPlane.calls).toEqual(['start', 'apply 1 all']);
  });

  it('changes that come in while the devices are busy are applied together', async () => {
    mesh.fold(FIRST);
    await mesh.rest();
    let go = (): void => undefined;
    dataPlane.beforeApply = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    mesh.fold(delta(2, { clients: [client(3)] }));
    await settle();
    mesh.fold(delta(3, { clients: [client(4)] }));
    mesh.fold(delta(4, { peers: [peer(3)], clients: [client(3)] }));
    dataPlane.beforeApply = undefined;
    go();
    await mesh.rest();
    expect(dataPlane.calls.slice(2)).toEqual(['apply 4 clients=c3', 'apply 4 peers=p3 clients=c4,c3']);
    expect(applied).toEqual([1, 2, 4]);
  });

  it('a change that the devices refuse is followed by setting up everything, until it works', async () => {
    mesh.fold(FIRST);
    await mesh.rest();
    dataPlane.failures.push(new Error('no such device'), new Error('no such device'));
    mesh.fold(delta(2, { clients: [client(2)] }));
    await clock.advance(2 * APPLY_AGAIN_MS);
    await mesh.rest();
    expect(dataPlane.calls.slice(2)).toEqual(['start', 'start', 'apply 2 all']);
    expect(applied).toEqual([1, 2]);
  });

  it('an attachment resolves once it is on the devices, and only the winner', async () => {
    mesh.fold(FIRST);
    await mesh.rest();
    expect(await mesh.attach([attached(2, 1, 1), attached(1, 2, 2)])).toEqual([attached(2, 1, 1)]);
    expect(dataPlane.calls.at(-1)).toBe('apply 1 clients=c2');
    expect(lost).toEqual([]);
  });

  it('a client that another gateway takes is lost, whether its gateway or the coordinator says so', async () => {
    mesh.fold(FIRST);
    await mesh.attach([attached(1, 2, 4)]);
    expect(lost).toEqual(['c1']);
    await mesh.attach([attached(1, 1, 5), attached(2, 1, 1)]);
    mesh.fold(delta(2, { attachments: [attached(1, 2, 6)] }));
    expect(lost).toEqual(['c1', 'c1']);
    mesh.fold({ ...FIRST, attachments: [attached(1, 2, 6), attached(2, 2, 2)] });
    expect(lost).toEqual(['c1', 'c1', 'c2']);
    await mesh.rest();
  });

  it('a client that is deleted is not lost to anybody', async () => {
    mesh.fold(FIRST);
    mesh.fold(delta(2, { gone: { peers: [], clients: ['c1'] } }));
    await mesh.rest();
    expect(lost).toEqual([]);
  });

  it('an attachment that the coordinator’s snapshot lacks is to be reported again', async () => {
    mesh.fold(FIRST);
    await mesh.attach([attached(2, 1, 1)]);
    mesh.fold({ ...FIRST, epoch: 'e2', attachments: [attached(1, 1, 3)] });
    await mesh.rest();
    expect(unreported).toEqual([attached(2, 1, 1)]);
  });

  it('what was learnt without the coordinator is in the journal too', async () => {
    mesh.fold(FIRST);
    mesh.fold(delta(2, { clients: [client(3)] }));
    await mesh.attach([attached(2, 2, 7)]);
    await mesh.rest();
    await journal.close();
    const again = await Journal.open(join(directory, 'state.ndjson'), log);
    await again.journal.close();
    expect(again.replica && snapshotOfState(again.replica)).toEqual(mesh.state && snapshotOfState(mesh.state));
    expect(again.replica?.attachments.get('c2')).toEqual(attached(2, 2, 7));
  });

  it('closing ends a change that cannot be applied', async () => {
    dataPlane.failures.push(...Array.from({ length: 9 }, () => new Error('broken')));
    mesh.fold(FIRST);
    await settle();
    life.abort();
    await mesh.rest();
    expect(applied).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it('before the first snapshot nothing can be attached', async () => {
    expect(await mesh.attach([attached(1, 1, 1)])).toEqual([]);
  });
});
