import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PeerView, ProblemDocument } from '../mesh/api.ts';
import { type Claims, renderClaims } from '../mesh/claims.ts';
import { hex } from '../mesh/hex.ts';
import type { Label } from '../mesh/name.ts';
import { CoordinatorUnderTest } from './coordinator.fixture.ts';
import { publicKey } from './records.fixture.ts';

let mesh: CoordinatorUnderTest;

beforeAll(async () => {
  mesh = await CoordinatorUnderTest.start();
  await mesh.join('coordinator');
});

afterAll(() => mesh.remove());

function claims(changes: Partial<Claims> = {}): string {
  const none = { coordinator: false, wireguard: false, exit: false, routes: [], aliases: [], generation: 0 };
  return renderClaims({ ...none, ...changes });
}

async function peerNamed(name: string): Promise<PeerView | undefined> {
  const { json } = await mesh.operator<{ peers: PeerView[] }>('GET', '/api/v1/peers');
  return json.peers.find((peer) => peer.name === name);
}

describe('the join', () => {
  it('gives the service address to the first peer that joins on the same machine, and to no second one', async () => {
    expect(await peerNamed('coordinator')).toMatchObject({ address: '172.30.0.1', coordinator: true });
    const { address } = await mesh.join('second');
    expect(address).toBe('172.30.0.2');
    expect(await peerNamed('second')).toMatchObject({
      coordinator: false,
      aliases: [],
      wireguard: null,
      connected: false,
    });
  });

  it('keeps id and address of a peer that joins again with its key, and only its new credential opens', async () => {
    const before = await mesh.join('again');
    const after = await mesh.join('again');
    expect([after.id, after.address]).toEqual([before.id, before.address]);
    expect(after.credential).not.toBe(before.credential);
    expect((await before.send({ method: 'GET', path: '/api/v1/mesh' })).status).toBe(401);
    expect((await after.send({ method: 'GET', path: '/api/v1/mesh' })).status).toBe(200);
  });

  it('lets no other key take the name of a peer that is at work', async () => {
    const peer = await mesh.join('busy');
    const stream = await peer.stream();
    await stream.next();
    const { status, json } = await mesh.tryJoin('busy', { key: 'another' });
    expect([status, json.detail]).toEqual([409, expect.stringMatching(/at work with another key/)]);
    expect((await peerNamed('busy'))?.mesh_public_key).toBe(publicKey('busy'));
  });

  it('lets another key take the name of a peer that was never heard of since', async () => {
    const before = await mesh.join('gone');
    const after = await mesh.join('gone', { key: 'gone anew' });
    expect([after.id, after.address]).toEqual([before.id, before.address]);
    expect((await peerNamed('gone'))?.mesh_public_key).toBe(publicKey('gone anew'));
  });

  it('refuses a wrong proof with 401', async () => {
    const { status, json } = await mesh.tryJoin('stranger', { token: 'f'.repeat(64) });
    expect([status, json.detail]).toEqual([401, expect.stringMatching(/did not prove/)]);
    expect(await peerNamed('stranger')).toBeUndefined();
  });

  it('refuses a nonce that it did not give out', async () => {
    const { status, json } = await mesh.tryJoin('replayed', { nonce: hex.encode(randomBytes(32)) });
    expect([status, json.detail]).toEqual([401, expect.stringMatching(/nonce/)]);
  });

  it("takes a node's claims from its token", async () => {
    const text = claims({ wireguard: true, aliases: ['us' as Label, 'america' as Label] });
    const { address } = await mesh.join('wg-us', { claims: text, wireguard: true });
    expect(await peerNamed('wg-us')).toMatchObject({
      address,
      coordinator: false,
      aliases: ['america', 'us'],
      wireguard: { public_key: publicKey('wg-us wg0'), listen_port: 51820, endpoint: 'wg.example.com:51820' },
    });
    const { status, json } = await mesh.tryJoin('us');
    expect([status, json.detail]).toEqual([409, 'the name "us" is taken by peer "wg-us"']);
  });

  it('refuses claims that the token was not made for, and what the claims do not allow', async () => {
    const forged = await mesh.tryJoin('wg-eu', { claims: claims({ wireguard: true }), token: 'f'.repeat(64) });
    expect(forged.status).toBe(401);
    const greedy = await mesh.tryJoin('wg-eu', { claims: claims(), wireguard: true });
    expect([greedy.status, greedy.json.detail]).toEqual([403, expect.stringMatching(/not for a peer with WireGuard/)]);
    const second = await mesh.tryJoin('usurper', { claims: claims({ coordinator: true }) });
    expect([second.status, second.json.detail]).toEqual([409, 'the mesh has a coordinator already: "coordinator"']);
  });

  it('refuses a token of an earlier generation than one that was used', async () => {
    await mesh.join('node', { claims: claims({ generation: 2 }) });
    const { status, json } = await mesh.tryJoin('node', { claims: claims({ generation: 1 }) });
    expect([status, json.detail]).toEqual([
      403,
      expect.stringMatching(/generation 1; it has since joined with generation 2/),
    ]);
  });

  it('refuses a reserved name and malformed claims with all problems at once', async () => {
    const { status, json } = await mesh.tryJoin('this', { claims: 'roles=king' });
    expect(status).toBe(422);
    expect((json as ProblemDocument).problems?.map((problem) => problem.path)).toEqual([
      'joiner.name',
      'joiner.credential.claims',
    ]);
  });

  it("refuses a key that is another's", async () => {
    await mesh.addClient('Key Owner', { public_key: publicKey('owned') });
    const { status, json } = await mesh.tryJoin('borrower', { key: 'owned' });
    expect([status, json.detail]).toEqual([409, expect.stringMatching(/taken by client "Key Owner"/)]);
  });

  it('takes endpoints as they are given', async () => {
    await mesh.join('reachable', { meshEndpoint: 'peer.example:51821', wireguard: '198.51.100.7:51820' });
    expect(await peerNamed('reachable')).toMatchObject({
      mesh_endpoint: 'peer.example:51821',
      wireguard: { endpoint: '198.51.100.7:51820' },
    });
  });
});
