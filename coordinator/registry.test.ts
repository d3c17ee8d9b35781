import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressPlan, inRange } from '../mesh/address-plan.ts';
import { foldName } from '../mesh/name.ts';
import { MeshError, ProblemsError } from '../mesh/problem.ts';
import { MeshReplica } from '../mesh/replica.ts';
import type { Admission } from './peers.ts';
import { MESH, publicKey } from './records.fixture.ts';
import { Registry } from './registry.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { Change, Store } from './store.ts';

const PLAN = addressPlan(MESH.cidr);

let directory: string;
let now: number;
let changes: Change[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-registry-'));
  now = Date.UTC(2026, 0, 1);
  changes = [];
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function openStore(): Promise<Store> {
  return SqliteStore.open(join(directory, 'coordinator.db'), MESH, randomBytes);
}

async function openRegistry(store: Store, onLost: (error: unknown) => void = fail): Promise<Registry> {
  const onChange = (made: readonly Change[]): void => void changes.push(...made);
  return Registry.open(
    { store, mesh: MESH, random: randomBytes, now: () => now, onChange, onLost },
    await store.load(),
  );
}

function fail(error: unknown): never {
  throw error;
}

function admission(name: string, rest: Partial<Admission> = {}): Admission {
  return {
    name: foldName(name) ?? fail(new Error(name)),
    aliases: null,
    coordinator: false,
    mesh_public_key: publicKey(`${name} mesh`),
    mesh_endpoint: '203.0.113.1:51821',
    wireguard: { public_key: publicKey(`${name} wg0`), listen_port: 51820, endpoint: 'wg.example:51820' },
    generation: null,
    verifier: Buffer.from(randomBytes(32)).toString('hex'),
    ...rest,
  };
}

const never = (): boolean => false;

/** Everything that a person or a gateway can ask for, about a handful of names, keys and clients so that they clash. */
const actArbitrary = fc.oneof(
  fc.record({
    act: fc.constant('create' as const),
    name: fc.constantFrom('iPhone', 'iphone', 'Work Laptop', 'gw-a', 'alias-a', 'tablet'),
    key: fc.option(fc.constantFrom('k1', 'k2', 'k3', 'gw-a mesh'), { nil: undefined }),
  }),
  fc.record({
    act: fc.constant('patch' as const),
    nth: fc.nat(5),
    enabled: fc.boolean(),
    key: fc.option(fc.constantFrom('k1', 'k2', 'k4'), { nil: undefined }),
  }),
  fc.record({ act: fc.constant('delete' as const), nth: fc.nat(5) }),
  fc.record({ act: fc.constant('admit' as const), name: fc.constantFrom('gw-a', 'gw-b', 'iphone', 'alias-a') }),
  fc.record({ act: fc.constant('attach' as const), nth: fc.nat(5), gateway: fc.nat(2), sequence: fc.nat(4) }),
  fc.record({ act: fc.constant('wait' as const), hours: fc.nat(30) }),
);
type Act = typeof actArbitrary extends fc.Arbitrary<infer T> ? T : never;

/** Does it; refusals are part of life. */
async function perform(registry: Registry, act: Act): Promise<void> {
  const nth = (number: number): string => [...registry.clients.all()][number]?.id ?? 'nobody';
  const key = 'key' in act && act.key !== undefined ? { public_key: publicKey(act.key) } : {};
  try {
    if (act.act === 'create') await registry.createClient({ name: act.name, ...key });
    if (act.act === 'patch') await registry.patchClient(nth(act.nth), { enabled: act.enabled, ...key });
    if (act.act === 'delete') await registry.deleteClient(nth(act.nth));
    if (act.act === 'admit') await registry.admitPeer(admission(act.name, { aliases: [] }), never);
    if (act.act === 'wait') now += act.hours * 3_600_000;
    if (act.act === 'attach') {
      const gateway = registry.peers.gateways()[act.gateway]?.id;
      if (gateway !== undefined) await registry.attach([{ client: nth(act.nth), gateway, sequence: act.sequence }]);
    }
  } catch (error) {
    if (!(error instanceof MeshError) && !(error instanceof ProblemsError)) throw error;
  }
}

function mustBeSound(replica: MeshReplica): void {
  const peers = [...replica.peers.values()];
  const clients = [...replica.clients.values()];
  const distinct = (values: readonly string[]): void => {
    expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
  };
  distinct([...peers.flatMap((peer) => [peer.name, ...peer.aliases]), ...clients.map((client) => client.name)]);
  distinct([...peers.map((peer) => peer.address), ...clients.map((client) => client.address)]);
  distinct([
    ...peers.flatMap((peer) => [peer.mesh_public_key, ...(peer.wireguard ? [peer.wireguard.public_key] : [])]),
    ...clients.flatMap((client) => client.public_key ?? []),
  ]);
  expect(clients.every((client) => inRange(PLAN.clients, client.address))).toBe(true);
  expect(peers.every((peer) => inRange(PLAN.peers, peer.address))).toBe(true);
  expect([...replica.attachments.keys()].every((client) => replica.clients.has(client))).toBe(true);
}

describe('the registry', () => {
  it('never gives two of them one name, address or key, and every delta leads from its snapshot to the present', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actArbitrary, { minLength: 5, maxLength: 30 }), fc.nat(29), async (acts, at) => {
        await rm(directory, { recursive: true, force: true });
        directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-registry-'));
        const store = await openStore();
        try {
          const registry = await openRegistry(store);
          await registry.admitPeer(admission('gw-a', { aliases: [foldName('alias-a') ?? fail('alias')] }), never);
          const then = new MeshReplica(await registry.snapshot());
          for (const [index, act] of acts.entries()) {
            if (index === at) then.fold(await registry.snapshot());
            await perform(registry, act);
          }
          const present = new MeshReplica(await registry.snapshot());
          mustBeSound(present);
          then.fold((await registry.since(then.revision)) ?? fail(new Error('no delta')));
          expect(then).toEqual(present);
          const reopened = await openRegistry(store);
          expect(new MeshReplica(await reopened.snapshot())).toEqual(present);
        } finally {
          await store.close();
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('gives concurrent changes one after the other revisions, and tells of them in order', async () => {
    const store = await openStore();
    const registry = await openRegistry(store);
    const made = await Promise.all(
      ['one', 'two', 'three'].map((name) => registry.createClient({ name, public_key: publicKey(name) })),
    );
    expect(made.map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(changes.map((change) => change.revision)).toEqual([1, 2, 3]);
    await store.close();
  });

  it('attaches a new client to the gateway that is asked for, else to the one with the lowest address, else to none', async () => {
    const store = await openStore();
    const registry = await openRegistry(store);
    const { result: early } = await registry.createClient({ name: 'early' });
    expect([early.gateway, registry.attachmentOf(early.id)]).toEqual([null, undefined]);
    const { result: first } = await registry.admitPeer(admission('gw-z'), never);
    const { result: second } = await registry.admitPeer(admission('gw-a'), never);
    const { result: anywhere } = await registry.createClient({ name: 'anywhere' });
    expect(registry.attachmentOf(anywhere.id)).toEqual({ client: anywhere.id, gateway: first.id, sequence: 0 });
    const { result: chosen } = await registry.createClient({ name: 'chosen', gateway: second.name });
    expect(chosen.gateway).toBe(second.id);
    expect(registry.attachmentOf(chosen.id)?.gateway).toBe(second.id);
    await store.close();
  });

  it('lets a freed address rest, across a restart', async () => {
    let store = await openStore();
    const registry = await openRegistry(store);
    const { result: client } = await registry.createClient({ name: 'gone' });
    await registry.deleteClient(client.id);
    await store.close();
    store = await openStore();
    const reopened = await openRegistry(store);
    const { result: next } = await reopened.createClient({ name: 'next' });
    expect([client.address, next.address]).toEqual(['172.30.100.2', '172.30.100.3']);
    await store.close();
  });

  it('changes nothing when the store refuses, tells everybody who waited, and goes on with what the store has', async () => {
    const real = await openStore();
    let broken = false;
    const store: Store = {
      epoch: real.epoch,
      load: () => real.load(),
      commit: (made) => (broken ? Promise.reject(new Error('disk full')) : real.commit(made)),
      since: (revision) => real.since(revision),
      saveActivity: () => fail(new Error('not asked for')),
      prune: () => fail(new Error('not asked for')),
      close: () => real.close(),
    };
    const lost: unknown[] = [];
    const registry = await openRegistry(store, (error) => lost.push(error));
    await registry.createClient({ name: 'kept' });
    broken = true;
    const refused = await Promise.allSettled([
      registry.createClient({ name: 'lost' }),
      registry.createClient({ name: 'lost too' }),
      registry.deleteClient([...registry.clients.all()][0]?.id ?? ''),
    ]);
    expect(refused.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(refused[0]).toMatchObject({
      reason: { refusal: 'unavailable', message: expect.stringMatching(/disk full/) },
    });
    expect(lost).toHaveLength(1);
    broken = false;
    const { revision } = await registry.createClient({ name: 'lost' });
    const { clients, revision: present } = await registry.snapshot();
    expect(clients.map((client) => client.name)).toEqual(['kept', 'lost']);
    expect([revision, present]).toEqual([2, 2]);
    await store.close();
  });
});
