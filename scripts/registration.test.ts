import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import type { ClientView, CreateClient } from '../mesh/api.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { ApiRefusal, Unreachable } from './api-client.ts';
import { KeyStore } from './key-store.ts';
import { claimLeftKeys, registerClient, type RegistrationApi } from './registration.ts';

const PHONE = 'phone' as Label;

let home = '';
let calls = 0;

function random(count: number): Uint8Array {
  calls += 1;
  return createHash('sha512').update(String(calls)).digest().subarray(0, count);
}

/** A coordinator that keeps clients by name; `after` says what becomes of the answer to a registration. */
class FakeCoordinator implements RegistrationApi {
  readonly clients = new Map<string, ClientView>();
  before: () => void = () => undefined;
  after: () => void = () => undefined;

  clientNamed(name: Label): Promise<ClientView | undefined> {
    return Promise.resolve(this.clients.get(name));
  }

  async createClient(wanted: CreateClient): Promise<{ value: ClientView; unconfirmed: readonly string[] }> {
    // The promise of the whole: by now the key must be on disk.
    expect((await readdir(join(home, 'keys'))).some((file) => /^new-.*-phone-.*\.key$/.test(file))).toBe(true);
    this.before();
    if (this.clients.has(PHONE))
      throw new ApiRefusal(409, { type: 'about:blank', title: 'Conflict', status: 409, detail: 'phone is taken' });
    const value = view(wanted);
    this.clients.set(PHONE, value);
    this.after();
    return { value, unconfirmed: [] };
  }
}

function view({ name, public_key }: CreateClient): ClientView {
  return {
    id: 'c1',
    name: PHONE,
    display_name: name,
    description: '',
    address: '172.30.100.2' as Ipv4,
    public_key: public_key ?? null,
    enabled: true,
    gateway: null,
    created_at: '2026-01-01T12:00:00Z',
    updated_at: '2026-01-01T12:00:00Z',
    dns_name: 'phone.tunnelmesh',
    activity: { gateway: null, last_handshake_at: null, endpoint: null, received_bytes: 0, sent_bytes: 0 },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const fails = (error: Error) => (): never => {
  throw error;
};
const SERVER = 'https://coord.example.com:8443';
const files = async (): Promise<string[]> => (await readdir(join(home, 'keys'))).sort();
const register = (api: RegistrationApi, keys: KeyStore): ReturnType<typeof registerClient> =>
  registerClient({ name: 'Phone' }, PHONE, false, api, keys);

let keys: KeyStore;
let coordinator: FakeCoordinator;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tunnelmesh-registration-'));
  keys = new KeyStore(home, 'CA', systemClock, random);
  coordinator = new FakeCoordinator();
});
afterEach(() => rm(home, { recursive: true }));

describe('registering a client', () => {
  it('leaves one key, under the client’s id', async () => {
    const { value, resumed } = await register(coordinator, keys);
    expect(resumed).toBe(false);
    expect(await files()).toEqual(['c1.key']);
    expect((await keys.get(value)).publicKey()).toBe(value.public_key);
  });

  it.each([
    ['a refusal', new ApiRefusal(422, { type: '', title: '', status: 422, detail: 'no' })],
    ['a full range', new ApiRefusal(507, { type: '', title: '', status: 507, detail: 'no' })],
    ['a coordinator that was never reached', new Unreachable(SERVER, systemError('ECONNREFUSED'))],
  ])('leaves nothing after %s', async (_, error) => {
    coordinator.before = fails(error);
    await expect(register(coordinator, keys)).rejects.toBe(error);
    expect(await files()).toEqual([]);
  });

  it.each([
    ['lost on the way', new Unreachable(SERVER, systemError('ECONNRESET'))],
    ['too late', new Unreachable(SERVER, new Error('did not answer within 15 s'))],
    ['an internal error', new ApiRefusal(500, { type: '', title: '', status: 500, detail: 'oops' })],
  ])('goes on where it was when the answer was %s, and keeps the registered key', async (_, error) => {
    coordinator.after = fails(error);
    await expect(register(coordinator, keys)).rejects.toThrow('run the same command again');
    expect(await files()).toEqual([expect.stringMatching(/^new-/)]);

    const { value, resumed } = await register(coordinator, keys);
    expect(resumed).toBe(true);
    expect(await files()).toEqual(['c1.key']);
    expect((await keys.get(value)).publicKey()).toBe(value.public_key);
  });

  it('keeps the exit code of what went wrong when the answer is lost', async () => {
    coordinator.after = fails(new Unreachable(SERVER, systemError('ECONNRESET')));
    await expect(register(coordinator, keys)).rejects.toMatchObject({ exitCode: 3 });
  });

  it('does not take the client of somebody else for its own', async () => {
    coordinator.clients.set(PHONE, view({ name: 'Phone' }));
    await expect(register(coordinator, keys)).rejects.toThrow('phone is taken');
    expect(await files()).toEqual([]);
  });

  it('refuses a coordinator that answers with another key', async () => {
    const other: RegistrationApi = {
      clientNamed: (name) => coordinator.clientNamed(name),
      createClient: () => Promise.resolve({ value: view({ name: 'Phone' }), unconfirmed: [] }),
    };
    await expect(register(other, keys)).rejects.toThrow('another key');
  });
});

describe('keys that dead runs left', () => {
  it('stay while another run may be waiting for an answer, and go when none can be', async () => {
    const { file } = await keys.make(PHONE);
    expect(await claimLeftKeys(coordinator, keys)).toEqual([]);
    expect(await files()).toHaveLength(1);
    await utimes(file, 0, 0);
    expect(await claimLeftKeys(coordinator, keys)).toEqual([]);
    expect(await files()).toEqual([]);
  });

  it('are claimed however old they are', async () => {
    const { key, file } = await keys.make(PHONE);
    coordinator.clients.set(PHONE, view({ name: 'Phone', public_key: key.publicKey() }));
    await utimes(file, 0, 0);
    expect((await claimLeftKeys(coordinator, keys)).map((client) => client.id)).toEqual(['c1']);
    expect(await files()).toEqual(['c1.key']);
  });
});
