import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClientView, clientViewSchema, type ProblemDocument, problemDocumentSchema } from '../mesh/api.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { CLIENTS, CoordinatorUnderTest, TOKEN } from './coordinator.fixture.ts';
import { publicKey } from './records.fixture.ts';

let mesh: CoordinatorUnderTest;

beforeAll(async () => {
  mesh = await CoordinatorUnderTest.start();
});

afterAll(() => mesh.remove());

function refusal(status: number, detail: RegExp): unknown {
  return {
    status,
    headers: expect.objectContaining({ 'content-type': 'application/problem+json' }),
    json: expect.objectContaining({ status, type: 'about:blank', detail: expect.stringMatching(detail) }),
  };
}

describe('the client API', () => {
  it('adds a client with only a name, waiting for its key', async () => {
    const { status, headers, json } = await mesh.operator<ClientView>('POST', CLIENTS, { name: 'My Phone' });
    expect(status).toBe(201);
    expect(clientViewSchema.parse(json)).toMatchObject({
      name: 'my-phone',
      display_name: 'My Phone',
      dns_name: 'my-phone.tunnelmesh',
      address: '172.30.100.2',
      public_key: null,
      enabled: true,
      gateway: null,
    });
    expect(headers['location']).toBe(`${CLIENTS}/${json.id}`);
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('gives a waiting client its key once, and no other after that', async () => {
    const { id } = await mesh.addClient('keyless');
    const path = `${CLIENTS}/${id}`;
    const key = publicKey('keyless');
    expect((await mesh.operator<ClientView>('PATCH', path, { public_key: key })).json.public_key).toBe(key);
    expect((await mesh.operator('PATCH', path, { public_key: key })).status).toBe(200);
    expect(await mesh.operator('PATCH', path, { public_key: publicKey('other') })).toMatchObject(
      refusal(409, /has a public key already/) as object,
    );
  });

  it('disables and enables without touching anything else', async () => {
    const client = await mesh.addClient('switch', { public_key: publicKey('switch'), description: 'on the wall' });
    const off = await mesh.operator<ClientView>('PATCH', `${CLIENTS}/${client.id}`, { enabled: false });
    expect(off.json).toEqual({ ...client, enabled: false, updated_at: off.json.updated_at });
    const on = await mesh.operator<ClientView>('PATCH', `${CLIENTS}/${client.id}`, { enabled: true });
    expect(on.json).toEqual({ ...client, updated_at: on.json.updated_at });
    expect((await mesh.operator<ClientView>('GET', `${CLIENTS}/${client.id}`)).json).toEqual(on.json);
  });

  it('deletes a client for good, and its name is free again', async () => {
    const { id, address } = await mesh.addClient('short-lived');
    expect((await mesh.operator('DELETE', `${CLIENTS}/${id}`)).status).toBe(204);
    expect(await mesh.operator('DELETE', `${CLIENTS}/${id}`)).toMatchObject(refusal(404, /no client/) as object);
    expect(await mesh.operator('GET', `${CLIENTS}/${id}`)).toMatchObject(refusal(404, /no client/) as object);
    expect((await mesh.addClient('short-lived')).address).not.toBe(address);
  });

  it('lists by name, finds one by its name, and goes page by page', async () => {
    for (const name of ['zz-c', 'zz-a', 'zz-b']) await mesh.addClient(name);
    const names = async (query: string): Promise<[string[], unknown]> => {
      const { json, headers } = await mesh.operator<{ clients: ClientView[] }>('GET', CLIENTS + query);
      return [json.clients.map((client) => client.name), headers['link']];
    };
    expect((await names('?name=ZZ%20A'))[0]).toEqual(['zz-a']);
    expect((await names('?name=nobody'))[0]).toEqual([]);
    expect(await names('?limit=2&cursor=zz')).toEqual([
      ['zz-a', 'zz-b'],
      `<${CLIENTS}?limit=2&cursor=zz-b>; rel="next"`,
    ]);
    expect(await names('?limit=2&cursor=zz-b')).toEqual([['zz-c'], undefined]);
    const [all] = await names('');
    expect(all).toEqual([...all].sort());
  });

  it('names who has a name or a key that is taken', async () => {
    await mesh.addClient('Owner', { public_key: publicKey('owner') });
    expect(await mesh.operator('POST', CLIENTS, { name: 'owner' })).toMatchObject(
      refusal(409, /the name "owner" is taken by client "Owner"/) as object,
    );
    expect(await mesh.operator('POST', CLIENTS, { name: 'thief', public_key: publicKey('owner') })).toMatchObject(
      refusal(409, /the public key ".*" is taken by client "Owner"/) as object,
    );
  });

  it('refuses a body with all of its problems at once', async () => {
    const lowOrder = Buffer.alloc(32).toString('base64');
    const { status, json } = await mesh.operator<ProblemDocument>('POST', CLIENTS, {
      name: '',
      public_key: lowOrder,
      gatewy: 'wg-us',
    });
    expect(status).toBe(422);
    expect(problemDocumentSchema.parse(json).problems?.map((problem) => problem.path)).toEqual([
      'name',
      'public_key',
      'gatewy',
    ]);
    expect(json.problems?.[2]?.allowed).toMatch(/did you mean "gateway"/);
  });

  it.each([['this'], ['!!!'], ['x'.repeat(64)]])(
    'refuses the name %s, and an unknown gateway with it',
    async (name) => {
      const { status, json } = await mesh.operator<ProblemDocument>('POST', CLIENTS, { name, gateway: 'nowhere' });
      expect(status).toBe(422);
      expect(json.problems?.map((problem) => problem.path)).toEqual(['name', 'gateway']);
    },
  );

  it('refuses what is no JSON, of another type, or too large', async () => {
    const raw = (body: string, type: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host: '127.0.0.1',
            port: mesh.port,
            path: CLIENTS,
            method: 'POST',
            ca: mesh.coordinator.ca,
            servername: 'this.tm',
            headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        sent.once('error', reject);
        sent.end(body);
      });
    expect(await raw('{"name":', 'application/json')).toBe(400);
    expect(await raw('name=x', 'application/x-www-form-urlencoded')).toBe(415);
    expect(await raw(JSON.stringify({ name: 'x', description: 'x'.repeat(65_536) }), 'application/json')).toBe(413);
  });

  it('tells a wrong path from a wrong method', async () => {
    expect(await mesh.operator('GET', '/api/v1/nothing')).toMatchObject(refusal(404, /nothing at/) as object);
    const { status, headers } = await mesh.operator('DELETE', CLIENTS);
    expect(status).toBe(405);
    expect(headers['allow']).toBe('GET, POST');
  });

  it('says 507 and names the range when every address is taken', async () => {
    const small = await CoordinatorUnderTest.start({ cidr: '10.9.8.0/24' as Cidr, suffix: 'small' as Label });
    try {
      await Promise.all(Array.from({ length: 153 }, (_, number) => small.addClient(`client-${String(number)}`)));
      expect(await small.operator('POST', CLIENTS, { name: 'one-too-many' })).toMatchObject(
        refusal(507, /10\.9\.8\.102 - 10\.9\.8\.254/) as object,
      );
    } finally {
      await small.remove();
    }
  });
});

describe('authentication', () => {
  it.each([
    ['no token', undefined],
    ['a wrong token', 'f'.repeat(64)],
    ['a token that is none', 'x y'],
  ])('answers %s with 401', async (_what, bearer) => {
    const answer = await mesh.send({ method: 'GET', path: CLIENTS, ...(bearer === undefined ? {} : { bearer }) });
    expect(answer).toMatchObject(refusal(401, /token/) as object);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="tunnelmesh"');
  });

  it("opens a peer's own things to its credential, and nothing of the operator's", async () => {
    const peer = await mesh.join('plain');
    expect((await peer.send({ method: 'GET', path: '/api/v1/peers' })).status).toBe(200);
    expect((await peer.send({ method: 'GET', path: '/api/v1/mesh' })).status).toBe(200);
    expect(await peer.send({ method: 'GET', path: CLIENTS })).toMatchObject(refusal(403, /"plain"/) as object);
    expect(await peer.send({ method: 'POST', path: CLIENTS, json: { name: 'mine' } })).toMatchObject(
      refusal(403, /operator's token/) as object,
    );
    expect(await mesh.operator('GET', '/api/v1/peers/self/stream')).toMatchObject(refusal(403, /peer/) as object);
  });

  it('is not needed for what everybody may know', async () => {
    expect((await mesh.send({ method: 'GET', path: '/api/v1/health' })).json).toEqual({ status: 'ok' });
    expect((await mesh.https.send({ method: 'GET', path: '/api/v1/ca' })).body).toBe(mesh.coordinator.ca);
  });
});

describe('the description of the API', () => {
  it('has every route with its schemas', async () => {
    const { json } = await mesh.send<{ openapi: string; paths: Record<string, Record<string, unknown>> }>({
      method: 'GET',
      path: '/api/v1/openapi.json',
    });
    expect(json.openapi).toBe('3.1.0');
    const operations = Object.entries(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual([
      'DELETE /api/v1/wireguard/clients/{id}',
      'GET /api/v1/ca',
      'GET /api/v1/health',
      'GET /api/v1/mesh',
      'GET /api/v1/openapi.json',
      'GET /api/v1/peers',
      'GET /api/v1/peers/self/stream',
      'GET /api/v1/wireguard/clients',
      'GET /api/v1/wireguard/clients/{id}',
      'PATCH /api/v1/wireguard/clients/{id}',
      'POST /api/v1/join',
      'POST /api/v1/join/hello',
      'POST /api/v1/peers/self/report',
      'POST /api/v1/wireguard/clients',
    ]);
    expect(json.paths['/api/v1/wireguard/clients']?.['post']).toMatchObject({
      security: [{ bearer: [] }],
      requestBody: { content: { 'application/json': { schema: { required: ['name'], additionalProperties: false } } } },
      responses: { '201': {}, default: {} },
    });
  });
});
