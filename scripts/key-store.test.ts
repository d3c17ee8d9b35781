import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../host/clock.ts';
import type { Label } from '../mesh/name.ts';
import { KeyStore } from './key-store.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const PHONE = 'phone' as Label;

/** A clock that only tells the time of day. */
const clock: Clock = {
  wall: () => NOON,
  monotonic: () => {
    throw new Error('nobody should ask for this');
  },
  sleep: () => {
    throw new Error('nobody should sleep');
  },
};

let home = '';
let calls = 0;

function random(count: number): Uint8Array {
  calls += 1;
  return createHash('sha512').update(String(calls)).digest().subarray(0, count);
}

const store = (ca = 'CA'): KeyStore => new KeyStore(home, ca, clock, random);
const files = async (): Promise<string[]> => (await readdir(join(home, 'keys'))).sort();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tunnelmesh-keys-'));
});
afterEach(() => rm(home, { recursive: true }));

describe('the key store', () => {
  it('has a new key on disk, for its owner alone, before anybody learns its public half', async () => {
    const { key, file } = await store().make(PHONE);
    expect(await readFile(file, 'utf8')).toBe(`${key.reveal()}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'keys'))).mode & 0o777).toBe(0o700);
  });

  it('keeps an adopted key under the client’s id, and nothing else', async () => {
    const keys = store();
    const made = await keys.make(PHONE);
    await keys.adopt(made, 'c1');
    expect(await files()).toEqual(['c1.key']);
    const found = await keys.get({ id: 'c1', name: 'phone', public_key: made.key.publicKey() });
    expect(found.reveal()).toBe(made.key.reveal());
  });

  it('leaves nothing of a discarded key', async () => {
    const keys = store();
    await keys.discard(await keys.make(PHONE));
    expect(await files()).toEqual([]);
  });

  it('accepts that another run has adopted the same key, and nothing but the same key', async () => {
    const keys = store();
    const [first, second] = [await keys.make(PHONE), await keys.make(PHONE)];
    await keys.adopt(first, 'c1');
    await expect(keys.adopt(first, 'c1')).resolves.toBeUndefined();
    await keys.discard(second);
    await expect(keys.adopt(second, 'c1')).rejects.toThrow('ENOENT');
  });

  it('finds keys that a dead run left, of this mesh and of no other', async () => {
    const made = await store().make('work-laptop' as Label);
    await store('another CA').make(PHONE);
    const left = await store().unclaimed();
    expect(left.map(({ name, file }) => [name, file])).toEqual([['work-laptop', made.file]]);
  });

  it('knows a mesh by its CA, however the file ends', async () => {
    await store('CA').make(PHONE);
    expect(await store('CA\n').unclaimed()).toHaveLength(1);
  });

  it('calls a new key abandoned only when nobody can be waiting for its answer any more', async () => {
    const keys = store();
    const made = await keys.make(PHONE);
    const atHour = (hours: number): Promise<void> => utimes(made.file, NOON / 1000, NOON / 1000 - hours * 3600);
    await atHour(0.99);
    expect(await keys.isAbandoned(made)).toBe(false);
    await atHour(1.01);
    expect(await keys.isAbandoned(made)).toBe(true);
  });

  it('refuses a key that is not the one the mesh knows the client by', async () => {
    const keys = store();
    const [one, other] = [await keys.make(PHONE), await keys.make(PHONE)];
    await keys.adopt(one, 'c1');
    await expect(keys.get({ id: 'c1', name: 'phone', public_key: other.key.publicKey() })).rejects.toThrow(
      'is not the key',
    );
    await expect(keys.get({ id: 'c2', name: 'phone', public_key: one.key.publicKey() })).rejects.toThrow(
      'not on this machine',
    );
  });

  it('never replaces a damaged key, and does not quote it', async () => {
    const keys = store();
    await keys.adopt(await keys.make(PHONE), 'c1');
    await writeFile(join(home, 'keys', 'c1.key'), 'not a key\n');
    await expect(keys.find('c1')).rejects.toThrow(/^(?!.*not a key).*holds no private key/);
  });

  it('takes no path for an id', async () => {
    await expect(store().find('../context')).rejects.toThrow('cannot name a file');
  });
});
