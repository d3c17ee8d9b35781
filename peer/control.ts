/**
 * The control socket: `control.sock` in the data directory, mode 0600, where a running peer answers the command on the
 * same machine. One line of JSON each way. A socket's path may have 107 bytes at most (unix(7)), so both sides name it
 * through a descriptor of its directory.
 */
import { chmod, type FileHandle, open, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { isSystemError, SECRET_FILE_MODE } from '../host/files.ts';
import { failureText } from '../host/failure.ts';
import { LineSplitter } from './lines.ts';
import { peerStatusSchema, peerTableSchema, type PeerStatus, type PeerTable } from './status.ts';

const QUESTION_MAX_BYTES = 256;
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/** How long either side waits for the other, in milliseconds. */
const PATIENCE_MS = 5_000;

const MAX_CONNECTIONS = 16;

/** What can be asked, and the shape of the answer. */
const ANSWERS = { status: peerStatusSchema, peers: peerTableSchema } as const;

const questionSchema = z.enum(['status', 'peers']);

/** A question to a running peer. */
export type Question = z.infer<typeof questionSchema>;

/** The answers of a running peer. */
export interface Answers {
  status(): PeerStatus;
  peers(): PeerTable;
}

/** Why a peer could not be asked, in one sentence for a person. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** An open control socket. */
export interface Control {
  close(): Promise<void>;
}

function socketPath(directory: FileHandle): string {
  return `/proc/self/fd/${String(directory.fd)}/control.sock`;
}

/**
 * Answers questions until it is closed. A socket that a crashed peer left behind is replaced.
 * @throws ControlError when another peer answers there
 */
export async function openControl(dataDir: string, answers: Answers): Promise<Control> {
  const directory = await open(dataDir, 'r');
  const server = createServer((socket) => {
    serve(socket, answers);
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    const path = socketPath(directory);
    if (await answersAt(path)) throw new ControlError(`another peer is running with the data directory ${dataDir}`);
    await rm(path, { force: true });
    await listen(server, path);
    await chmod(path, SECRET_FILE_MODE);
  } catch (error) {
    server.close();
    await directory.close();
    throw error;
  }
  return {
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      await directory.close();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function serve(socket: Socket, answers: Answers): void {
  const splitter = new LineSplitter(QUESTION_MAX_BYTES);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    try {
      const [line] = splitter.push(piece);
      if (line === undefined) return;
      const question = questionSchema.parse(JSON.parse(line));
      socket.end(`${JSON.stringify(answers[question]())}\n`);
    } catch {
      socket.destroy();
    }
  });
}

/**
 * Asks the peer that runs with this data directory.
 * @throws ControlError when none runs, it may not be asked, or it does not answer
 */
export async function askPeer<Q extends Question>(dataDir: string, question: Q): Promise<z.infer<(typeof ANSWERS)[Q]>> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(dataDir, 'r');
    const line = await exchange(socketPath(directory), JSON.stringify(question));
    return ANSWERS[question].parse(JSON.parse(line)) as z.infer<(typeof ANSWERS)[Q]>;
  } catch (error) {
    throw new ControlError(explain(error, dataDir));
  } finally {
    await directory?.close();
  }
}

function exchange(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const splitter = new LineSplitter(ANSWER_MAX_BYTES);
    const socket = createConnection({ path });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(PATIENCE_MS, () => {
      fail(new Error(`no answer within ${String(PATIENCE_MS / 1000)} s`));
    });
    socket.once('error', fail);
    socket.once('close', () => {
      fail(new Error('it closed the connection without an answer'));
    });
    socket.once('connect', () => socket.write(`${line}\n`));
    socket.on('data', (piece: Buffer) => {
      try {
        const [answer] = splitter.push(piece);
        if (answer === undefined) return;
        resolve(answer);
        socket.destroy();
      } catch (error) {
        fail(new Error(failureText(error)));
      }
    });
  });
}

function explain(error: unknown, dataDir: string): string {
  if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED')) {
    return `no peer is running with the data directory ${dataDir}; start one with: tunnelmesh join`;
  }
  if (isSystemError(error, 'EACCES')) return `the peer's data directory ${dataDir} is not yours to read; try with sudo`;
  return `the peer with the data directory ${dataDir} could not be asked: ${failureText(error)}`;
}
