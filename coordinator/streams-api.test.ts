import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientView, PeerView } from '../mesh/api.ts';
import { MeshReplica } from '../mesh/replica.ts';
import { type Delta, snapshotSchema } from '../mesh/stream.ts';
import { CLIENTS, CoordinatorUnderTest, type Joined, type MessageReader } from './coordinator.fixture.ts';
import { publicKey } from './records.fixture.ts';

let mesh: CoordinatorUnderTest;
let us: Joined;
let eu: Joined;
const open: MessageReader[] = [];

beforeAll(async () => {
  mesh = await CoordinatorUnderTest.start();
  await mesh.join('coordinator');
  us = await mesh.gateway('wg-us');
  eu = await mesh.gateway('wg-eu');
});

afterEach(async () => {
  for (const reader of open.splice(0)) reader.close();
  for (const peer of ['wg-us', 'wg-eu']) await disconnected(peer);
});

afterAll(() => mesh.remove());

async function follow(peer: Joined, query = ''): Promise<MessageReader> {
  const reader = await peer.stream(query);
  open.push(reader);
  return reader;
}

async function peerNamed(name: string): Promise<PeerView | undefined> {
  const { json } = await mesh.operator<{ peers: PeerView[] }>('GET', '/api/v1/peers');
  return json.peers.find((peer) => peer.name === name);
}

async function disconnected(name: string): Promise<void> {
  while ((await peerNamed(name))?.connected) await new Promise((resolve) => setImmediate(resolve));
}

async function snapshot(reader: MessageReader): Promise<MeshReplica> {
  const message = await reader.next();
  if (message?.type !== 'snapshot') throw new Error(`not a snapshot: ${JSON.stringify(message)}`);
  return new MeshReplica(snapshotSchema.parse(message));
}

/** Reads deltas until the peer knows of the revision. */
async function upTo(reader: MessageReader, replica: MeshReplica, done: () => boolean): Promise<void> {
  while (!done()) {
    const message = await reader.next();
    if (!message) throw new Error('the stream ended');
    replica.fold(message);
  }
}

describe('the stream', () => {
  it('begins with everything and goes on with what changes', async () => {
    const reader = await follow(us);
    const replica = await snapshot(reader);
    expect([...replica.peers.values()].map((peer) => peer.name)).toEqual(['coordinator', 'wg-us', 'wg-eu']);
    const phone = await mesh.addClient('phone', { public_key: publicKey('phone') });
    await upTo(reader, replica, () => replica.clients.has(phone.id));
    expect(replica.clients.get(phone.id)).toMatchObject({ name: 'phone', gateway: us.id });
    expect(replica.attachments.get(phone.id)).toEqual({ client: phone.id, gateway: us.id, sequence: 0 });
    await mesh.operator('PATCH', `${CLIENTS}/${phone.id}`, { enabled: false });
    await upTo(reader, replica, () => replica.clients.get(phone.id)?.enabled === false);
    await mesh.operator('DELETE', `${CLIENTS}/${phone.id}`);
    await upTo(reader, replica, () => !replica.clients.has(phone.id));
    expect(replica.attachments.has(phone.id)).toBe(false);
  });

  it('leads from an earlier position to the present, also across a restart of the coordinator', async () => {
    const first = await follow(us);
    const replica = await snapshot(first);
    first.close();
    await disconnected('wg-us');
    const kept = await mesh.addClient('kept');
    const dropped = await mesh.addClient('dropped');
    await mesh.operator('DELETE', `${CLIENTS}/${dropped.id}`);
    await mesh.close();
    await mesh.open();
    const second = await follow(us, `?epoch=${replica.epoch}&revision=${String(replica.revision)}`);
    const delta = (await second.next()) as Delta;
    expect(delta.type).toBe('delta');
    expect(delta.clients.map((client) => client.id)).toEqual([kept.id]);
    replica.fold(delta);
    const third = await follow(eu);
    const whole = await snapshot(third);
    expect([replica.revision, replica.clients, replica.peers, replica.attachments]).toEqual([
      whole.revision,
      whole.clients,
      whole.peers,
      whole.attachments,
    ]);
  });

  it.each(['?epoch=another&revision=1', '?revision=1', '?epoch=x'])(
    'begins anew from the position %s',
    async (query) => {
      expect((await (await follow(us, query)).next())?.type).toBe('snapshot');
    },
  );

  it('begins anew from a revision that is yet to come', async () => {
    const reader = await follow(us);
    const { epoch, revision } = await snapshot(reader);
    const again = await follow(us, `?epoch=${epoch}&revision=${String(revision + 1)}`);
    expect((await again.next())?.type).toBe('snapshot');
  });

  it('is one for each peer: a new one ends the old one, and so does a new join', async () => {
    const old = await follow(us);
    await old.next();
    const young = await follow(us);
    await young.next();
    expect(await old.next()).toBeUndefined();
    expect((await peerNamed('wg-us'))?.connected).toBe(true);
    us = await mesh.gateway('wg-us');
    while (await young.next());
    expect((await peerNamed('wg-us'))?.connected).toBe(false);
  });
});

describe('a report', () => {
  it('moves a client for everybody, by sequence', async () => {
    const phone = await mesh.addClient('roamer', { gateway: 'wg-us' });
    const reader = await follow(us);
    const replica = await snapshot(reader);
    const attach = (peer: Joined, sequence: number): Promise<{ status: number }> =>
      peer.report({ attachments: [{ client: phone.id, gateway: peer.id, sequence }] });
    expect((await attach(eu, 2)).status).toBe(204);
    await upTo(reader, replica, () => replica.attachments.get(phone.id)?.gateway === eu.id);
    await attach(us, 1);
    await attach(us, 2);
    const marker = await mesh.addClient('marker-one');
    await upTo(reader, replica, () => replica.clients.has(marker.id));
    expect(replica.attachments.get(phone.id)).toEqual({ client: phone.id, gateway: us.id, sequence: 2 });
    await attach(eu, 2);
    const { json } = await mesh.operator<ClientView>('GET', `${CLIENTS}/${phone.id}`);
    expect(json.activity.gateway).toBe('wg-us');
  });

  it('shows what the gateway of a client has seen, and not what another one has', async () => {
    const phone = await mesh.addClient('busy-phone', { gateway: 'wg-us' });
    const seen = {
      client: phone.id,
      last_handshake_at: '2026-01-01T00:00:00Z',
      endpoint: '198.51.100.9:4242',
      received_bytes: 5,
      sent_bytes: 6,
    };
    await us.report({ activity: [seen] });
    await eu.report({ activity: [{ ...seen, received_bytes: 0 }] });
    const show = async (): Promise<unknown> =>
      (await mesh.operator<ClientView>('GET', `${CLIENTS}/${phone.id}`)).json.activity;
    const { last_handshake_at, endpoint } = seen;
    const activity = { gateway: 'wg-us', last_handshake_at, endpoint, received_bytes: 5, sent_bytes: 6 };
    expect(await show()).toEqual(activity);
    await mesh.close();
    await mesh.open();
    expect(await show()).toEqual(activity);
  });

  it('is refused when it speaks for another gateway, and ignored about clients that are gone', async () => {
    const phone = await mesh.addClient('pinned', { gateway: 'wg-us' });
    const { status } = await eu.report({ attachments: [{ client: phone.id, gateway: us.id, sequence: 9 }] });
    expect(status).toBe(403);
    const plain = await mesh.join('no-gateway');
    const claim = { client: phone.id, gateway: plain.id, sequence: 9 };
    expect((await plain.report({ attachments: [claim] })).status).toBe(403);
    expect((await eu.report({ attachments: [{ client: 'gone', gateway: eu.id, sequence: 9 }] })).status).toBe(204);
  });
});

describe('waiting until a change is applied', () => {
  it('returns at once when no gateway is connected', async () => {
    const { status, headers } = await mesh.operator('POST', `${CLIENTS}?wait=applied`, { name: 'unheard' });
    expect([status, headers['tunnelmesh-unconfirmed']]).toEqual([201, undefined]);
  });

  it('ends with the report of the last connected gateway', async () => {
    const [one, two] = [await follow(us), await follow(eu)];
    for (const reader of [one, two]) await reader.next();
    let answered = false;
    const asked = mesh.operator('POST', `${CLIENTS}?wait=applied`, { name: 'awaited' }).then((answer) => {
      answered = true;
      return answer;
    });
    const [atUs, atEu] = [await one.next(), await two.next()];
    await us.report({ applied_revision: atUs?.revision ?? 0 });
    await eu.report({ applied_revision: (atEu?.revision ?? 0) - 1 });
    expect(answered).toBe(false);
    await eu.report({ applied_revision: atEu?.revision ?? 0 });
    const { status, headers } = await asked;
    expect([status, headers['tunnelmesh-unconfirmed']]).toEqual([201, undefined]);
  });

  it('names the gateways that have not confirmed', async () => {
    const { id } = await mesh.addClient('half-applied');
    const [one, two] = [await follow(us), await follow(eu)];
    for (const reader of [one, two]) await reader.next();
    const asked = mesh.operator('DELETE', `${CLIENTS}/${id}?wait=applied`);
    await us.report({ applied_revision: (await one.next())?.revision ?? 0 });
    const { status, headers } = await asked;
    expect([status, headers['tunnelmesh-unconfirmed']]).toEqual([204, 'wg-eu']);
  }, 15_000);
});
