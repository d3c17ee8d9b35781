/** What `serve` and `join` have in common: a peer in this process, its log, and its context. */
import { HttpsClient } from '../host/https.ts';
import { takeLock } from '../host/lock.ts';
import { createLog, type Log } from '../host/log.ts';
import { run, start } from '../host/run.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PeerConfig } from '../mesh/peer-config.ts';
import type { DataPlane } from '../peer/data-plane.ts';
import { type BindDatagrams, bindDatagrams } from '../peer/datagrams.ts';
import { KernelDataPlane } from '../peer/kernel-data-plane.ts';
import { requireKernel } from '../peer/kernel-requirements.ts';
import { type DataPlaneNeeds, type Peer, startPeer } from '../peer/peer.ts';
import { SimulatedDataPlane } from '../peer/simulated-data-plane.ts';
import { ContextStore } from './context-store.ts';
import { EXIT, Failure } from './failure.ts';
import { expandPath, tunnelmeshHome } from './home.ts';
import type { Surroundings } from './surroundings.ts';

/** The log of a daemon: its standard error, which systemd's journal or the lab collects. */
export function daemonLog({ stderr }: Surroundings): Log {
  return createLog((line) => {
    stderr.write(line);
  });
}

/** Whether devices are only pretended: to look at a mesh on a machine that cannot make any. */
function devicesAreSimulated({ env }: Surroundings): boolean {
  return env['TUNNELMESH_DEVICES'] === 'simulated';
}

/** @throws Failure where this machine or this process cannot make network devices, with what to do */
export async function requireDevices(surroundings: Surroundings): Promise<void> {
  if (devicesAreSimulated(surroundings)) return;
  if (process.platform !== 'linux') throw new Failure(EXIT.failed, 'peers run on Linux only');
  try {
    await requireKernel(surroundings.env['PATH'] ?? '');
  } catch (error) {
    throw error instanceof Error ? new Failure(EXIT.failed, error.message) : error;
  }
}

/** In memory (/run is a tmpfs), and ours alone. */
const RUNTIME_DIRECTORY = '/run/tunnelmesh';

/** Files of the resolver, which runs as a user without rights, so that every directory above must be open to everybody. */
const RESOLVER_DIRECTORY = '/run/tunnelmesh-hosts';

/** Real devices, or simulated ones where the environment asks for them. */
function dataPlane(needs: DataPlaneNeeds, surroundings: Surroundings, log: Log): DataPlane {
  if (devicesAreSimulated(surroundings)) return new SimulatedDataPlane(needs.self.id);
  const { keys, meshPort, wireguardPort } = needs;
  return new KernelDataPlane({
    run,
    start,
    clock: surroundings.clock,
    log,
    searchPath: surroundings.env['PATH'] ?? '',
    paths: { runtime: RUNTIME_DIRECTORY, hosts: RESOLVER_DIRECTORY },
    self: {
      id: needs.self.id,
      address: needs.self.address,
      meshPrivateKey: keys.mesh,
      meshPort,
      concentrator:
        keys.wireguard && wireguardPort !== null ? { privateKey: keys.wireguard, listenPort: wireguardPort } : null,
    },
    addresses: needs.plan,
    suffix: needs.mesh.suffix,
  });
}

/** A socket at a mesh address that no device has: what is sent is lost, and nothing comes. */
const bindNothing: BindDatagrams = () => Promise.resolve({ send: () => undefined, close: () => Promise.resolve() });

/** Starts the peer that the configuration describes. `onAddress` is told when a real device has the mesh address. */
export function startLocalPeer(
  config: PeerConfig,
  surroundings: Surroundings,
  log: Log,
  onAddress?: (address: Ipv4) => void,
): Promise<Peer> {
  const { clock, home, random, stop } = surroundings;
  const simulated = devicesAreSimulated(surroundings);
  return startPeer({
    config: { ...config, data_dir: dataDirOf(config, surroundings) },
    home,
    dataPlane: (needs) => dataPlane(needs, surroundings, log),
    connect: (base, trust) => new HttpsClient(base, trust),
    bind: simulated ? bindNothing : bindDatagrams,
    lock: takeLock,
    clock,
    random,
    log,
    signal: stop,
    ...(onAddress && !simulated ? { onAddress } : {}),
  });
}

/** Where the peer keeps its data; absolute. */
export function dataDirOf(config: PeerConfig, surroundings: Surroundings): string {
  return config.data_dir === null ? tunnelmeshHome(surroundings) : expandPath(config.data_dir, surroundings);
}

/**
 * Keeps a context for the peer, so that `status` and `peers` find it. Without `asked` it is called like the peer, and an
 * operator's context of that name is left alone.
 * @param asked - the name that the person gave with `--context`
 * @throws Failure when that is an operator's context
 */
export async function keepPeerContext(
  config: PeerConfig,
  asked: string | undefined,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const store = new ContextStore(tunnelmeshHome(surroundings));
  const name = asked ?? config.name;
  const before = await store.find(name);
  if (before?.peer === null) {
    if (asked === undefined) return undefined;
    throw new Failure(EXIT.failed, `context ${name} is an operator's; choose another name with --context`);
  }
  const peer = { name: config.name, data_dir: dataDirOf(config, surroundings) };
  await store.put(name, { server: config.server, ca: null, token: null, peer });
  return name;
}
