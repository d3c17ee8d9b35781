/** What every {@link Store} must do, as a suite of tests that each of them is put through. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Process } from '../host/run.ts';
import { MeshReplica } from '../mesh/replica.ts';
import type { ClientRecord } from '../mesh/state.ts';
import { client, CRASH_BATCH, MESH, peer, publicKey } from './records.fixture.ts';
import type { Change, Contents, Store } from './store.ts';

/** How the suite gets at one kind of store. */
export interface StoreUnderTest {
  /** Opens the store whose data lies in this directory. */
  open(directory: string): Promise<Store>;
  /** Starts `crash-writer.fixture.ts` on this kind of store. */
  startCrashWriter(directory: string, acknowledgements: string): Process;
}

/** How many batches the crash writer may acknowledge before it is killed. */
const CRASH_AFTER = 5;

function made(revision: number, record: ClientRecord): Change {
  return { kind: 'client', revision, client: record };
}

function gone(revision: number, id: string, at = 1_000): Change {
  return { kind: 'client-gone', revision, id, at };
}

function snapshotOf(epoch: string, contents: Contents): MeshReplica {
  const { revision, mesh, peers, clients, attachments } = contents;
  return new MeshReplica({
    type: 'snapshot',
    epoch,
    revision,
    mesh,
    peers: peers.map((stored) => stored.record),
    clients: [...clients],
    attachments: [...attachments],
  });
}

function plain({ revision, peers, clients, attachments }: MeshReplica): unknown {
  return { revision, peers, clients, attachments };
}

/** Puts one kind of store through the suite. */
export function describeStore(kind: string, under: StoreUnderTest): void {
  describe(`the ${kind} store`, () => {
    let directory: string;
    let store: Store;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-store-'));
      store = await under.open(directory);
    });

    afterEach(async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await under.open(directory);
    }

    it('begins empty, for the mesh that it was made for', async () => {
      expect(await store.load()).toEqual({
        mesh: MESH,
        revision: 0,
        peers: [],
        clients: [],
        attachments: [],
        activity: [],
        freed: [],
      });
    });

    it('keeps everything and its epoch when it is opened again', async () => {
      const attachment = { client: 'c1', gateway: 'p1', sequence: 3 };
      await store.commit([
        { kind: 'peer', revision: 1, peer: peer(1) },
        made(2, client(1)),
        { kind: 'attachment', revision: 2, attachment },
        made(3, client(2, { public_key: null })),
        made(4, client(3, { public_key: null })),
        gone(5, 'c2'),
      ]);
      const activity = {
        client: 'c1',
        last_handshake_at: '2026-01-01T00:00:00Z',
        endpoint: '198.51.100.7:40000',
        received_bytes: 2 ** 40,
        sent_bytes: 7,
      };
      await store.saveActivity([activity]);
      const [before, epoch] = [await store.load(), store.epoch];
      await reopen();
      expect(await store.load()).toEqual(before);
      expect(before).toEqual({
        mesh: MESH,
        revision: 5,
        peers: [peer(1)],
        clients: [client(1), client(3, { public_key: null })],
        attachments: [attachment],
        activity: [activity],
        freed: [{ address: client(2).address, freedAt: 1_000 }],
      });
      expect(store.epoch).toBe(epoch);
    });

    it('has another epoch than any other store', async () => {
      const other = await mkdtemp(join(tmpdir(), 'tunnelmesh-store-'));
      const second = await under.open(other);
      expect(second.epoch).not.toBe(store.epoch);
      await second.close();
      await rm(other, { recursive: true, force: true });
    });

    it('replaces a record under its id', async () => {
      await store.commit([{ kind: 'peer', revision: 1, peer: peer(1) }, made(2, client(1))]);
      const moved = { ...peer(1, { mesh_endpoint: 'new.example:51821' }), verifier: 'ab', generation: 4 };
      await store.commit([{ kind: 'peer', revision: 3, peer: moved }, made(4, client(1, { enabled: false }))]);
      const contents = await store.load();
      expect(contents.peers).toEqual([moved]);
      expect(contents.clients).toEqual([client(1, { enabled: false })]);
    });

    it.each([
      ['name', { name: client(1).name }],
      ['address', { address: client(1).address }],
      ['public key', { public_key: publicKey('client-1') }],
    ])('refuses a second client with the same %s, and with it everything else in the commit', async (_what, same) => {
      await store.commit([made(1, client(1))]);
      await expect(store.commit([made(2, client(3)), made(3, client(2, same))])).rejects.toThrow();
      const contents = await store.load();
      expect(contents.clients).toEqual([client(1)]);
      expect(contents.revision).toBe(1);
    });

    it('lets name, address and key of a client that is gone be used again, within one commit', async () => {
      await store.commit([made(1, client(1))]);
      await store.commit([gone(2, 'c1'), made(3, { ...client(1), id: 'c9' })]);
      expect((await store.load()).clients).toEqual([{ ...client(1), id: 'c9' }]);
    });

    it('drops activity of a client that is gone, and takes none for it', async () => {
      const activity = { last_handshake_at: null, endpoint: null, received_bytes: 1, sent_bytes: 1 };
      await store.commit([made(1, client(1)), made(2, client(2))]);
      await store.saveActivity([{ client: 'c1', ...activity }]);
      await store.commit([gone(3, 'c1')]);
      await store.saveActivity([
        { client: 'c1', ...activity },
        { client: 'c2', ...activity },
        { client: 'nobody', ...activity },
      ]);
      expect((await store.load()).activity).toEqual([{ client: 'c2', ...activity }]);
    });

    it('knows no way from a revision that it never had, nor from before a pruned tombstone', async () => {
      await store.commit([made(1, client(1)), made(2, client(2))]);
      await store.commit([gone(3, 'c1', 1_000), gone(4, 'c2', 2_000)]);
      expect(await store.since(5)).toBeUndefined();
      await store.prune(1_500);
      expect(await store.since(2)).toBeUndefined();
      expect((await store.since(3))?.gone.clients).toEqual(['c2']);
      expect((await store.load()).freed).toEqual([{ address: client(2).address, freedAt: 2_000 }]);
    });

    it('gives, since any revision, the delta that leads from the state then to the state now', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ number: fc.nat(4), act: fc.constantFrom('make', 'toggle', 'attach', 'remove') }), {
            minLength: 1,
            maxLength: 25,
          }),
          async (acts) => {
            const home = await mkdtemp(join(tmpdir(), 'tunnelmesh-store-'));
            const fresh = await under.open(home);
            try {
              await fresh.commit([{ kind: 'peer', revision: 1, peer: peer(1) }]);
              const history = [await fresh.load()];
              const live = new Map<number, ClientRecord>();
              let revision = 1;
              for (const { number, act } of acts) {
                revision += 1;
                const now = live.get(number);
                if (act === 'make' && !now)
                  live.set(number, client(number, { id: `c${String(number)}r${String(revision)}` }));
                if (act === 'toggle' && now) live.set(number, { ...now, enabled: !now.enabled });
                if (act === 'remove') live.delete(number);
                const next = live.get(number);
                if (next && next !== now) await fresh.commit([made(revision, next)]);
                else if (now && !next) await fresh.commit([gone(revision, now.id)]);
                else if (now && act === 'attach') {
                  const attachment = { client: now.id, gateway: 'p1', sequence: revision };
                  await fresh.commit([{ kind: 'attachment', revision, attachment }]);
                }
                history.push(await fresh.load());
              }
              const present = snapshotOf(fresh.epoch, await fresh.load());
              for (const then of history) {
                const replica = snapshotOf(fresh.epoch, then);
                const delta = await fresh.since(then.revision);
                if (!delta) throw new Error(`no delta since ${String(then.revision)}`);
                replica.fold(delta);
                expect(plain(replica)).toEqual(plain(present));
              }
            } finally {
              await fresh.close();
              await rm(home, { recursive: true, force: true });
            }
          },
        ),
        { numRuns: 15 },
      );
    });

    it('has every acknowledged commit, and no half of another, after its process is killed', async () => {
      await store.close();
      const acknowledgements = join(directory, 'acknowledged');
      for (const round of [1, 2]) {
        await rm(join(directory, 'coordinator.db'), { force: true });
        await rm(join(directory, 'coordinator.db-wal'), { force: true });
        await rm(acknowledgements, { force: true });
        const writer = under.startCrashWriter(directory, acknowledgements);
        const acknowledged = async (): Promise<number> =>
          (await readFile(acknowledgements, 'utf8').catch(() => '')).split('\n').length - 1;
        const died = writer.ended.then((how) => {
          throw new Error(`the writer ended early, in round ${String(round)}: ${how}`);
        });
        while ((await Promise.race([acknowledged(), died])) < CRASH_AFTER) {
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
        writer.kill('SIGKILL');
        await writer.ended;
        await died.catch(() => undefined);
        store = await under.open(directory);
        const { clients, revision } = await store.load();
        expect(revision).toBeGreaterThanOrEqual(await acknowledged());
        expect(clients).toEqual(Array.from({ length: revision * CRASH_BATCH }, (_, number) => client(number)));
        await store.close();
      }
      store = await under.open(directory);
    }, 60_000);
  });
}
