import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  askSupervisor,
  type LabAnswer,
  LabRefusal,
  type LabRequest,
  LabSilence,
  listenForRequests,
} from './control.ts';

let directory: string;
let socket: string;
let server: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'control-'));
  const deep = join(directory, 'a-directory-with-a-rather-long-name'.repeat(5));
  await mkdir(deep);
  socket = join(deep, 'control.sock');
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

describe('the control socket', () => {
  const answer = (request: LabRequest): Promise<LabAnswer> =>
    request.ask === 'kill' ? Promise.reject(new LabRefusal(`${request.host} has no daemon`)) : Promise.resolve({});

  it('is reached by a path that is longer than a Unix socket’s may be', async () => {
    server = await listenForRequests(socket, answer);
    expect(socket.length).toBeGreaterThan(107);
    expect(await askSupervisor(socket, { ask: 'status' })).toEqual({});
  });

  it('passes a refusal on in the supervisor’s words', async () => {
    server = await listenForRequests(socket, answer);
    await expect(askSupervisor(socket, { ask: 'kill', host: 'phone' })).rejects.toThrow(
      new LabRefusal('phone has no daemon'),
    );
  });

  it('refuses what is no request', async () => {
    server = await listenForRequests(socket, answer);
    await expect(askSupervisor(socket, { ask: 'dance' } as never)).rejects.toThrow(LabRefusal);
  });

  it('is silent where nobody listens', async () => {
    await expect(askSupervisor(socket, { ask: 'status' })).rejects.toThrow(LabSilence);
    await expect(askSupervisor(join(directory, 'none', 'control.sock'), { ask: 'status' })).rejects.toThrow(LabSilence);
  });
});
