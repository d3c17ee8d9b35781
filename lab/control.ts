/**
 * The supervisor's control socket: HTTP with JSON over a Unix socket in the state directory, whose permissions are all
 * the protection it has. `POST` with an {@link LabRequest} on `/` is the only thing to do there.
 */
import { failureText } from '../host/failure.ts';
import { openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { labelSchema } from '../mesh/schema.ts';
import type { DaemonStatus } from './daemon.ts';
import { INTERFACE_PATTERN } from './device.ts';

/** What one can ask a supervisor for. */
export const labRequestSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('status') }),
  z.strictObject({ ask: z.literal('stop') }),
  z.strictObject({ ask: z.literal('kill'), host: z.string() }),
  z.strictObject({
    ask: z.literal('tunnel-up'),
    device: labelSchema,
    name: z.string().regex(INTERFACE_PATTERN),
    configuration: z.string().max(1024 * 1024),
  }),
  z.strictObject({ ask: z.literal('tunnel-down'), device: z.string() }),
]);
export type LabRequest = z.infer<typeof labRequestSchema>;

/** One host as its supervisor sees it. */
export interface HostStatus {
  readonly name: string;
  readonly kind: 'node' | 'operator' | 'device';
  readonly address: string;
  /** First process of its PID namespace, as the supervisor numbers it. */
  readonly holder: number;
  readonly daemon: DaemonStatus | null;
  /** The tunnel that is up on a device. */
  readonly tunnel: string | null;
}

/** The lab as its supervisor sees it. */
export interface LabStatus {
  readonly phase: 'building' | 'up' | 'failed';
  /** Why it failed, in one sentence. */
  readonly failure: string | null;
  /** What has been done so far, in words, oldest first. */
  readonly progress: readonly string[];
  readonly hosts: readonly HostStatus[];
}

/** Answers: the status, or what a tunnel's commands printed. */
export interface LabAnswer {
  readonly status?: LabStatus;
  readonly printed?: string;
}

/** A request that the supervisor refused, in its own words. */
export class LabRefusal extends Error {
  override readonly name = 'LabRefusal';
}

/** Nobody listens on the control socket. */
export class LabSilence extends Error {
  override readonly name = 'LabSilence';
}

/** How long the supervisor may take for one request, in milliseconds: two runs of wg-quick. */
const ANSWER_TIMEOUT_MS = 70_000;

/** Listens. A Unix socket's path holds 107 bytes at most (unix(7)), so it is reached through its opened directory. */
export function listenForRequests(
  socket: string,
  answer: (request: LabRequest) => Promise<LabAnswer>,
): Promise<Server> {
  const server = createServer((incoming, response) => {
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    json(incoming)
      .then((body) => answer(labRequestSchema.parse(body)))
      .then((body) => {
        reply(200, body);
      })
      .catch((error: unknown) => {
        reply(400, { refusal: failureText(error) });
      });
  });
  const directory = openSync(dirname(socket), 'r');
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(`/proc/self/fd/${String(directory)}/${basename(socket)}`, () => {
      resolve(server);
    });
  });
}

/** Asks the supervisor. @throws LabSilence when there is none, LabRefusal when it says no */
export async function askSupervisor(socket: string, wanted: LabRequest): Promise<LabAnswer> {
  let directory;
  try {
    directory = await open(dirname(socket), 'r');
  } catch {
    throw new LabSilence(`there is no lab in ${dirname(socket)}`);
  }
  try {
    const { status, body } = await post(`/proc/self/fd/${String(directory.fd)}/${basename(socket)}`, wanted);
    if (status !== 200) throw new LabRefusal((JSON.parse(body) as { refusal: string }).refusal);
    return JSON.parse(body) as LabAnswer;
  } finally {
    await directory.close();
  }
}

function post(socketPath: string, wanted: LabRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const silence = (error: Error): void => {
      reject(new LabSilence(`the lab does not answer (${error.message})`));
    };
    const sent = request(
      { socketPath, method: 'POST', path: '/', agent: false, timeout: ANSWER_TIMEOUT_MS },
      (response) => {
        text(response).then((body) => {
          resolve({ status: response.statusCode ?? 0, body });
        }, silence);
      },
    );
    sent.once('error', silence);
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${String(ANSWER_TIMEOUT_MS / 1000)} s`)));
    sent.end(JSON.stringify(wanted));
  });
}
