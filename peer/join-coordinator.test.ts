import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpsClient } from '../host/https.ts';
import { nodeToken, joinRoot } from '../mesh/token.ts';
import { MESH_SERVER, OTHER_SERVER } from './certificates.fixture.ts';
import { problem, TestCoordinator, TOKEN } from './coordinator.fixture.ts';
import { FakeClock } from './fake-clock.fixture.ts';
import type { Offered } from './identity.ts';
import {
  type JoinEffects,
  joinCoordinator,
  JoinError,
  joinerOf,
  joinKey,
  joinOnce,
  type JoinRequest,
} from './join-coordinator.ts';
import { countingBytes, keyOf, label, memoryLog, MESH } from './records.fixture.ts';

const OFFERED: Offered = {
  joiner: { name: label('wg-eu'), credential: { kind: 'operator' } },
  mesh_public_key: keyOf(1).publicKey(),
  mesh_port: 51821,
  mesh_endpoint: null,
  wireguard: { public_key: keyOf(2).publicKey(), listen_port: 51820, endpoint: 'wg.example.com:51820' },
};

let coordinator: TestCoordinator;
let request: JoinRequest;
let effects: JoinEffects & { clock: FakeClock; log: ReturnType<typeof memoryLog> };

beforeEach(async () => {
  coordinator = new TestCoordinator();
  const port = await coordinator.open();
  request = {
    server: `https://127.0.0.1:${String(port)}`,
    token: { kind: 'operator', token: TOKEN },
    offered: OFFERED,
  };
  effects = {
    connect: (base, trust) => new HttpsClient(base, trust),
    random: countingBytes(),
    clock: new FakeClock(),
    log: memoryLog(),
    signal: new AbortController().signal,
  };
});

afterEach(async () => {
  await coordinator.close();
  expect(coordinator.unexpected).toEqual([]);
});

async function failureOf(joining: Promise<unknown>): Promise<JoinError> {
  const error = await joining.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof JoinError) return error;
  throw new Error('the join did not fail as a join fails', { cause: error });
}

describe('joining', () => {
  it('gives a place, a credential of the peer’s own, and the CA that was proved', async () => {
    expect(await joinOnce(request, effects)).toEqual({
      id: 'p1',
      address: '127.0.0.1',
      credential: 'credential-1',
      mesh: MESH,
      ca: MESH_SERVER.ca,
      offered: OFFERED,
    });
    expect(coordinator.offers).toEqual([{ ...OFFERED, nonce: 'ab'.repeat(32) }]);
  });

  it('a wrong token is told before anything is asked for', async () => {
    const error = await failureOf(joinOnce({ ...request, token: { kind: 'operator', token: 'wrong' } }, effects));
    expect(error.failure).toBe('token-refused');
    expect(error.message).toContain('does not know this token');
    expect(coordinator.offers).toEqual([]);
  });

  it('a server that passes a proof on but holds no certificate of that CA gets no offer', async () => {
    await coordinator.close();
    coordinator = new TestCoordinator();
    const port = await coordinator.open(0, OTHER_SERVER);
    const error = await failureOf(joinOnce({ ...request, server: `https://127.0.0.1:${String(port)}` }, effects));
    expect(error.failure).toBe('wrong-server');
    expect(coordinator.offers).toEqual([]);
  });

  it('a CA that was exchanged on the way does not pass', async () => {
    coordinator.answers.set('/api/v1/join/hello', [200, { nonce: 'ab'.repeat(32), ca: OTHER_SERVER.ca, proof: '00' }]);
    expect((await failureOf(joinOnce(request, effects))).failure).toBe('token-refused');
  });

  it.each([
    ['/api/v1/join', 409, 'name-taken', 'refused the name: wg-eu is taken by a client'],
    ['/api/v1/join', 401, 'token-refused', 'refused the token: wg-eu is taken by a client'],
    ['/api/v1/join/hello', 404, 'wrong-server', 'is not a TunnelMesh coordinator'],
    ['/api/v1/join', 422, 'not-granted', 'did not grant the join: wg-eu is taken by a client'],
    ['/api/v1/join/hello', 503, 'unreachable', 'cannot answer now'],
  ])('an answer of %s with status %i is %s', async (path, status, failure, text) => {
    coordinator.answers.set(path, [status, problem(status, 'wg-eu is taken by a client')]);
    const error = await failureOf(joinOnce(request, effects));
    expect(error.failure).toBe(failure);
    expect(error.message).toContain(text);
  });

  it('a server that answers something else is the wrong one', async () => {
    coordinator.answers.set('/api/v1/join/hello', [200, 'welcome']);
    expect((await failureOf(joinOnce(request, effects))).failure).toBe('wrong-server');
  });

  it('no failure quotes the token', async () => {
    coordinator.answers.set('/api/v1/join', [401, problem(401, 'no')]);
    expect((await failureOf(joinOnce(request, effects))).message).not.toContain(TOKEN);
  });

  it('while the coordinator cannot be reached it is tried again, and said', async () => {
    await coordinator.close();
    const life = new AbortController();
    const joining = joinCoordinator(request, { ...effects, signal: life.signal });
    await waitFor(() => effects.log.events.length === 1);
    expect(effects.log.events).toEqual(['warn cannot join yet, trying again']);
    await coordinator.open(Number(new URL(request.server).port));
    await effects.clock.advance(200);
    expect((await joining)?.credential).toBe('credential-1');
    expect(effects.clock.sleeping).toBe(0);
  });

  it('the waiting for a coordinator can be ended', async () => {
    await coordinator.close();
    const life = new AbortController();
    const joining = joinCoordinator(request, { ...effects, signal: life.signal });
    await waitFor(() => effects.log.events.length === 1);
    life.abort();
    expect(await joining).toBeUndefined();
    expect(effects.clock.sleeping).toBe(0);
  });

  it('the operator’s token is never the key of a proof; a node’s token is', () => {
    expect(joinKey({ kind: 'operator', token: TOKEN })).toBe(joinRoot(TOKEN));
    const claims = 'roles=wireguard;routes=;aliases=;generation=0';
    const token = nodeToken(joinRoot(TOKEN), label('wg-eu'), claims);
    expect(joinKey({ kind: 'node', token, claims })).toBe(token);
    expect(joinerOf(label('wg-eu'), { kind: 'node', token, claims })).toEqual({
      name: 'wg-eu',
      credential: { kind: 'node', claims },
    });
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
