import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askPeer, openControl } from './control.ts';
import type { PeerStatus, PeerTable } from './status.ts';

const STATUS: PeerStatus = {
  name: 'wg-eu',
  dns_name: null,
  address: null,
  coordinator: { url: 'https://coord.example.com:8443', connected_since: null, last_heard_at: null },
  revision: null,
  applied_revision: null,
  data_plane: null,
  wireguard: { enabled: false },
  mesh: { peers: 0 },
};
const TABLE: PeerTable = { peers: [] };
const ANSWERS = { status: () => STATUS, peers: () => TABLE };

let root: string;
let dataDir: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tm-control-'));
  dataDir = join(root, 'd'.repeat(200));
  await mkdir(dataDir);
});

afterEach(() => rm(root, { recursive: true }));

describe('control socket', () => {
  it('answers in a directory whose path is longer than a socket’s may be, to its owner only', async () => {
    const control = await openControl(dataDir, ANSWERS);
    expect(await askPeer(dataDir, 'status')).toEqual(STATUS);
    expect(await askPeer(dataDir, 'peers')).toEqual(TABLE);
    expect((await stat(join(dataDir, 'control.sock'))).mode & 0o777).toBe(0o600);
    await control.close();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('without a peer, a person learns how to start one', async () => {
    await expect(askPeer(dataDir, 'status')).rejects.toThrow('start one with: tunnelmesh join');
    await expect(askPeer(join(dataDir, 'missing'), 'status')).rejects.toThrow('no peer is running');
  });

  it('a socket that a crash left behind is replaced', async () => {
    const path = join(root, 'control.sock');
    await leaveSocket(path);
    expect((await stat(path)).isSocket()).toBe(true);
    await expect(askPeer(root, 'status')).rejects.toThrow('no peer is running');
    const control = await openControl(root, ANSWERS);
    expect(await askPeer(root, 'status')).toEqual(STATUS);
    await control.close();
  });

  it('a second peer with the same directory is refused, and the first goes on', async () => {
    const control = await openControl(dataDir, ANSWERS);
    await expect(openControl(dataDir, ANSWERS)).rejects.toThrow('another peer is running with the data directory');
    expect(await askPeer(dataDir, 'status')).toEqual(STATUS);
    await control.close();
  });

  it.each([['"secrets"\n'], ['nonsense\n'], ['x'.repeat(1_000)]])('%j gets no answer', async (question) => {
    const control = await openControl(root, ANSWERS);
    const socket = createConnection({ path: join(root, 'control.sock') });
    socket.write(question);
    let answer = '';
    for await (const piece of socket as AsyncIterable<Buffer>) answer += piece.toString('utf8');
    expect(answer).toBe('');
    await control.close();
  });
});

/** Leaves a socket file that nobody listens to, as a crash does. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.1`, resolve));
  await rename(`${path}.1`, path);
  await new Promise((resolve) => server.close(resolve));
}
