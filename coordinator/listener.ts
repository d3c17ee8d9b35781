/** A door of the coordinator: one address and port, with a bound on everything that a stranger can hold open. */
import { createServer as createHttpServer, type RequestListener, type ServerOptions, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { isSystemError } from '../host/files.ts';
import { MeshError } from '../mesh/problem.ts';
import { failureText } from '../host/failure.ts';
import type { ServerIdentity } from './server-certificate.ts';

/** Where to listen; `host` null is every address of the machine. */
export interface Door {
  readonly host: string | null;
  readonly port: number;
}

/**
 * Headers must be there in 10 s and the whole request in 30 s, however slowly it drips; answers, which for a stream never
 * end, are not meant by either.
 */
const LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 8 * 1024,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Most connections at one door: two for each of some thousands of peers, and people. */
const MAX_CONNECTIONS = 10_000;

/** How long requests under way may take when the door closes, in milliseconds. */
const CLOSE_MS = 2_000;

/** An open door. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Uses this certificate from now on. Nothing to do without TLS. */
  renew(identity: ServerIdentity): void;
  close(): Promise<void>;
}

/**
 * Opens the door, with TLS if there is an identity.
 * @throws MeshError with one sentence that says what to do
 */
export async function openListener(
  door: Door,
  identity: ServerIdentity | undefined,
  onRequest: RequestListener,
): Promise<Listener> {
  const secure = identity
    ? createHttpsServer(
        { ...LIMITS, ...identity, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
        onRequest,
      )
    : undefined;
  const server: Server = secure ?? createHttpServer(LIMITS, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, door);
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    renew: (renewed) => (secure as TlsServer | undefined)?.setSecureContext({ ...renewed, minVersion: 'TLSv1.2' }),
    close: () => close(server, sockets),
  };
}

async function listen(server: Server, { host, port }: Door): Promise<void> {
  const where = `${host === null ? 'port' : `${host.includes(':') ? `[${host}]` : host}, port`} ${String(port)}`;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(host === null ? {} : { host }) }, resolve);
    });
  } catch (error) {
    throw new MeshError('unavailable', `cannot listen on ${where}: ${reason(error, port)}`);
  }
}

function reason(error: unknown, port: number): string {
  if (isSystemError(error, 'EADDRINUSE')) {
    return `another program does; stop it (\`ss -ltnp 'sport = :${String(port)}'\` names it) or choose another port`;
  }
  if (isSystemError(error, 'EACCES')) {
    return 'no permission; run as root or with the capability CAP_NET_BIND_SERVICE, or choose a port above 1023';
  }
  if (isSystemError(error, 'EADDRNOTAVAIL')) return 'this machine does not have that address';
  return failureText(error);
}

/**
 * Takes no new connections, lets go of idle ones, and after a moment of all: of the sockets themselves, since the HTTP
 * server does not know of those that are still shaking hands.
 */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, CLOSE_MS);
  await closed;
  clearTimeout(timer);
}
