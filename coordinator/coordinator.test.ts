import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import type { Cidr, Ipv4 } from '../mesh/ipv4.ts';
import { type Coordinator, type CoordinatorOptions, startCoordinator } from './coordinator.ts';
import { MESH } from './records.fixture.ts';

let directory: string;
const running: Coordinator[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-coordinator-'));
});

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(changes: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const quiet = (): void => undefined;
  const coordinator = await startCoordinator({
    dataDir: directory,
    mesh: MESH,
    trust: { joinRoot: 'r'.repeat(64), verifier: 'v'.repeat(64) },
    listen: [{ host: '127.0.0.1', port: 0, tls: true }],
    clock: systemClock,
    random: randomBytes,
    log: { info: quiet, warn: quiet, error: quiet },
    ...changes,
  });
  running.push(coordinator);
  return coordinator;
}

describe('the coordinator', () => {
  it('is alone on its data directory, whatever way leads there, until it is closed', async () => {
    const first = await start();
    const link = `${directory}-link`;
    await symlink(directory, link);
    try {
      await expect(start({ dataDir: link })).rejects.toThrow(
        /another coordinator is at work on .*; stop it, or choose/,
      );
      await first.close();
      running.pop();
      expect((await start({ dataDir: link })).ca).toBe(first.ca);
    } finally {
      await rm(link);
    }
  });

  it('says what to do about a port in use, and lets go of its data directory', async () => {
    const other = `${directory}/other`;
    const { listening } = await start();
    const port = listening[0]?.port ?? 0;
    const taken = { dataDir: other, listen: [{ host: '127.0.0.1', port, tls: true }] };
    await expect(start(taken)).rejects.toThrow(
      `cannot listen on 127.0.0.1, port ${String(port)}: another program does; stop it (\`ss -ltnp 'sport = :${String(port)}'\` names it) or choose another port`,
    );
    expect((await start({ dataDir: other })).listening).toHaveLength(1);
  });

  it('says so when the mesh address is not on this machine yet', async () => {
    const coordinator = await start();
    await expect(coordinator.listenOnMesh('192.0.2.77' as Ipv4)).rejects.toThrow(
      'cannot listen on 192.0.2.77, port 443: this machine does not have that address',
    );
  });

  it('refuses a data directory of another mesh', async () => {
    await start();
    await running.pop()?.close();
    await expect(start({ mesh: { ...MESH, cidr: '10.99.0.0/16' as Cidr } })).rejects.toThrow(
      /belongs to the mesh 172\.30\.0\.0\/16 with the suffix tunnelmesh, and this one is to be 10\.99\.0\.0\/16/,
    );
  });

  it('names the file when its store is something else', async () => {
    await writeFile(join(directory, 'coordinator.db'), 'no database, and long enough to be taken for one\n'.repeat(99));
    await expect(start()).rejects.toThrow(/cannot open the store .*coordinator\.db: file is not a database/);
  });

  it('speaks without TLS on loopback and refuses to anywhere else', async () => {
    const { listening } = await start({ listen: [{ host: '127.0.0.1', port: 0, tls: false }] });
    const status = await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: listening[0]?.port, path: '/api/v1/health', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).once('error', reject);
    });
    expect(status).toBe(200);
    for (const host of [null, '0.0.0.0', '192.0.2.1']) {
      await expect(start({ listen: [{ host, port: 0, tls: false }] })).rejects.toThrow(/without TLS on loopback only/);
    }
  });

  it('closes although a connection is left open', async () => {
    const coordinator = await start();
    const socket = connect({ host: '127.0.0.1', port: coordinator.listening[0]?.port ?? 0 });
    const ended = new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
      socket.on('error', () => undefined);
    });
    await new Promise((resolve) => socket.once('connect', resolve));
    await coordinator.close();
    running.pop();
    socket.destroy();
    await ended;
  });
});
