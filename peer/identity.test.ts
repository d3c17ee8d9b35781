import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IdentityPlace, type Membership, openKeys, readMembership, writeMembership } from './identity.ts';
import { countingBytes, keyOf, label, MESH, peer } from './records.fixture.ts';

let dataDir: string;
let place: IdentityPlace;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tm-identity-'));
  place = { dataDir, wireguardDir: join(dataDir, 'wireguard') };
});

afterEach(() => rm(dataDir, { recursive: true }));

const MEMBERSHIP: Membership = {
  id: 'p1',
  address: peer(1).address,
  credential: 'secret',
  mesh: MESH,
  ca: 'PEM',
  offered: {
    joiner: { name: label('peer-1'), credential: { kind: 'operator' } },
    mesh_public_key: keyOf(1).publicKey(),
    mesh_port: 51821,
    mesh_endpoint: null,
    wireguard: { public_key: keyOf(101).publicKey(), listen_port: 51820, endpoint: null },
  },
};

describe('identity', () => {
  it('keys are made once, kept, and readable by their owner only', async () => {
    const first = await openKeys(place, undefined, countingBytes());
    const second = await openKeys(place, undefined, () => {
      throw new Error('a second key was made');
    });
    expect(second.mesh.reveal()).toBe(first.mesh.reveal());
    expect(second.wireguard?.reveal()).toBe(first.wireguard?.reveal());
    expect(first.wireguard?.reveal()).not.toBe(first.mesh.reveal());
    expect((await stat(join(dataDir, 'mesh.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'wireguard', 'wireguard.key'))).mode & 0o777).toBe(0o600);
  });

  it('a peer without a concentrator makes no key for one', async () => {
    const keys = await openKeys({ dataDir, wireguardDir: null }, undefined, countingBytes());
    expect(keys.wireguard).toBeNull();
    await expect(stat(join(dataDir, 'wireguard'))).rejects.toThrow('ENOENT');
  });

  it('a damaged key is an error and stays as it is', async () => {
    const path = join(dataDir, 'mesh.key');
    await writeFile(path, 'not a key\n', { mode: 0o600 });
    await expect(openKeys(place, undefined, countingBytes())).rejects.toThrow(
      `${path} holds no WireGuard private key (44 characters of base64)`,
    );
  });

  it('a key that others may read is an error that says the mode', async () => {
    await openKeys(place, undefined, countingBytes());
    await chmod(join(dataDir, 'mesh.key'), 0o644);
    await expect(openKeys(place, undefined, countingBytes())).rejects.toThrow('has mode 0644');
  });

  it('a key that the mesh knows and that is gone is not made anew', async () => {
    await expect(openKeys(place, MEMBERSHIP, countingBytes())).rejects.toThrow('is gone, and the mesh knows this peer');
  });

  it('no error about a key quotes it', async () => {
    await writeFile(join(dataDir, 'mesh.key'), `${keyOf(1).reveal()}x`, { mode: 0o600 });
    await expect(openKeys(place, undefined, countingBytes())).rejects.not.toThrow(keyOf(1).reveal());
  });

  it('a membership survives the way to the disk and back, mode 0600', async () => {
    expect(await readMembership(dataDir)).toBeUndefined();
    await writeMembership(dataDir, MEMBERSHIP);
    expect(await readMembership(dataDir)).toEqual(MEMBERSHIP);
    expect((await stat(join(dataDir, 'membership.json'))).mode & 0o777).toBe(0o600);
  });

  it('a damaged membership is an error, not a new join', async () => {
    await writeFile(join(dataDir, 'membership.json'), '{', { mode: 0o600 });
    await expect(readMembership(dataDir)).rejects.toThrow('is not JSON');
    await writeFile(join(dataDir, 'membership.json'), '{"id":7}', { mode: 0o600 });
    await expect(readMembership(dataDir)).rejects.toThrow('membership.json');
  });
});
