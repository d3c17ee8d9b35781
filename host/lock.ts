/**
 * Locks that the kernel releases when their holder dies, however it dies: abstract Unix sockets (unix(7)), one holder
 * per name in each network namespace. Nothing is left on disk.
 */
import { createServer, type Server } from 'node:net';
import { isSystemError } from './files.ts';

/** A lock that is held. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of this name, or gives `undefined` when somebody holds it. */
export async function takeLock(name: string): Promise<Lock | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: `\0tunnelmesh/${name}` }, resolve);
    });
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
  server.unref();
  return { release: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
