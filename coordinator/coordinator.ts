/**
 * The coordinator: registry and API of a mesh in one process, put together from its parts.
 */
import { join as joinPath } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { RandomBytes } from '../mesh/key.ts';
import { MeshError } from '../mesh/problem.ts';
import type { MeshInfo } from '../mesh/state.ts';
import { ActivityBook } from './activity.ts';
import { createApi } from './api.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { clientRoutes } from './client-routes.ts';
import { Confirmations } from './confirmations.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { Doors } from './doors.ts';
import { failureText } from '../host/failure.ts';
import { Join } from './join.ts';
import type { Door } from './listener.ts';
import { maintain } from './maintenance.ts';
import { meshRoutes } from './mesh-routes.ts';
import { peerRoutes } from './peer-routes.ts';
import { Presence } from './presence.ts';
import { Registry } from './registry.ts';
import { issueServerIdentity, keepRenewed } from './server-certificate.ts';
import { isLoopback, outwardAddress, ownAddresses } from './source-address.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { Contents, Store } from './store.ts';
import { Streams } from './streams.ts';

/** The store's file in the data directory. */
const STORE_FILE = 'coordinator.db';

/** Port of the door on the mesh address: `https://this.tm/`. */
const MESH_PORT = 443;

/** A door that is open from the start; without TLS on loopback only. */
export interface ListenDoor extends Door {
  readonly tls: boolean;
}

/** What a coordinator is made of. */
export interface CoordinatorOptions {
  readonly dataDir: string;
  readonly mesh: MeshInfo;
  /** `joinRoot` and `tokenVerifier` of the operator's token (`mesh/token.ts`); the token itself is not needed. */
  readonly trust: { readonly joinRoot: string; readonly verifier: string };
  readonly listen: readonly ListenDoor[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** A coordinator at work. */
export interface Coordinator {
  /** The mesh CA, PEM. */
  readonly ca: string;
  /** Where it listens, in the order of the doors. */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  /** Opens the door on the mesh address (TLS, 443), once the local peer has made that address. Does nothing when it is open. */
  listenOnMesh(address: Ipv4): Promise<void>;
  /** Lets everybody go and everything be written down. */
  close(): Promise<void>;
}

/**
 * Starts a coordinator.
 * @throws MeshError with one sentence that says what to do: a data directory in use or of another mesh, a port in use, no permission
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  for (const { host, tls } of options.listen) {
    if (!tls && !(host !== null && isLoopback(host))) {
      throw new MeshError(
        'invalid',
        `listen: ${host ?? 'every address'} without TLS; allowed: without TLS on loopback only, such as 127.0.0.1`,
      );
    }
  }
  const directory = await openDataDirectory(options.dataDir);
  let store: Store | undefined;
  try {
    store = await openStore(directory, options);
    const contents = await store.load();
    mustBeOf(options.mesh, contents, directory);
    return await run(options, directory, store, contents);
  } catch (error) {
    await store?.close();
    await directory.lock.release();
    throw error;
  }
}

async function openStore(directory: DataDirectory, { mesh, random }: CoordinatorOptions): Promise<Store> {
  const path = joinPath(directory.path, STORE_FILE);
  try {
    return await SqliteStore.open(path, mesh, random);
  } catch (error) {
    throw new MeshError('unavailable', `cannot open the store ${path}: ${failureText(error)}`);
  }
}

function mustBeOf(mesh: MeshInfo, contents: Contents, directory: DataDirectory): void {
  const [wanted, found] = [mesh, contents.mesh].map(({ cidr, suffix }) => `${cidr} with the suffix ${suffix}`);
  if (wanted === found) return;
  throw new MeshError(
    'conflict',
    `${directory.path} belongs to the mesh ${String(found)}, and this one is to be ${String(wanted)}; addresses and CA cannot change, so choose another data directory`,
  );
}

async function run(
  options: CoordinatorOptions,
  directory: DataDirectory,
  store: Store,
  contents: Contents,
): Promise<Coordinator> {
  const { mesh, trust, clock, random, log } = options;
  const authority = await CertificateAuthority.open(directory.path, mesh, random, clock.wall());
  const ca = authority.certificate;

  const registry = Registry.open(
    {
      store,
      mesh,
      random,
      now: () => clock.wall(),
      onChange: (changes) => {
        streams.publish(changes);
      },
      onLost: (error) => {
        log.error('a change could not be stored', { why: failureText(error) });
      },
    },
    contents,
  );
  const presence = new Presence(clock);
  const streams = new Streams(registry, presence, clock, log);
  const confirmations = new Confirmations(clock);
  const activity = new ActivityBook(contents.activity);
  const isConnected = (peer: string): boolean => streams.isConnected(peer);
  const join = new Join({
    registry,
    joinRoot: trust.joinRoot,
    ca,
    clock,
    random,
    log,
    outward: () => outwardAddress(mesh.cidr, ownAddresses()),
    isAlive: (peer) => presence.isAlive(peer),
    onJoined: (peer) => {
      streams.end(peer);
    },
  });
  const source = { registry, activity, isConnected };
  const routes = [...peerRoutes({ ...source, join, streams, confirmations }), ...clientRoutes(source, confirmations)];
  const api = createApi(
    [...routes, ...meshRoutes(source, ca, routes)],
    { verifier: trust.verifier, peerWithVerifier: (verifier) => registry.peers.withVerifier(verifier) },
    (peer) => {
      presence.see(peer);
    },
    log,
  );
  const handle = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  const doors = new Doors(issueServerIdentity(authority, mesh, clock.wall()), (incoming, outgoing) => {
    void handle(incoming, outgoing);
  });
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    confirmations.close();
    streams.close();
    await doors.close();
    await registry.settled();
  };
  try {
    for (const { tls, ...door } of options.listen) await doors.open(door, tls);
  } catch (error) {
    await close();
    throw error;
  }
  for (const { address, port } of doors.listening) log.info('the coordinator listens', { address, port });

  void maintain(store, activity, clock, log, stop.signal);
  void keepRenewed(
    (now) => {
      doors.renew(issueServerIdentity(authority, mesh, now));
    },
    clock,
    stop.signal,
  );
  return {
    ca,
    listening: doors.listening,
    async listenOnMesh(address) {
      if (doors.isOpen(address, MESH_PORT)) return;
      await doors.open({ host: address, port: MESH_PORT }, true);
      log.info('the coordinator listens on the mesh', { address, port: MESH_PORT });
    },
    async close() {
      await close();
      try {
        while (!activity.saved) await activity.save(store);
      } catch (error) {
        log.error('the last activity of clients could not be stored', { why: failureText(error) });
      }
      await store.close();
      await directory.lock.release();
    },
  };
}
