/** What `serve` and `join` have in common: a peer in this process, its log, and its context. */
import { readFileIfThere } from '../host/files.ts';
import { HttpsClient } from '../host/https.ts';
import { takeLock } from '../host/lock.ts';
import { createLog, type Log } from '../host/log.ts';
import { run, start } from '../host/run.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PeerConfig } from '../mesh/peer-config.ts';
import { createDataPlane } from '../peer/create-data-plane.ts';
import { bindDatagrams } from '../peer/datagrams.ts';
import { startPeer, type Peer } from '../peer/peer.ts';
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

/** CAP_NET_ADMIN's bit in a process's capability sets (linux/capability.h). */
const CAP_NET_ADMIN = 1n << 12n;

/**
 * Whether this process may make network devices, by its effective capabilities (proc_pid_status(5)).
 * @param status - text of `/proc/self/status`; `undefined` where there is none
 */
export function mayMakeDevices(status: string | undefined): boolean {
  const effective = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status ?? '')?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & CAP_NET_ADMIN) !== 0n;
}

/** @throws Failure where this process may not make network devices */
export async function requireDevices(): Promise<void> {
  if (process.platform !== 'linux')
    throw new Failure(EXIT.failed, 'peers run on Linux; this machine is no Linux machine');
  if (!mayMakeDevices(await readFileIfThere('/proc/self/status')))
    throw new Failure(
      EXIT.failed,
      'a peer makes network devices, which needs root (or CAP_NET_ADMIN): run this with sudo',
    );
}

/** Starts the peer that the configuration describes, on this machine's real devices. */
export function startLocalPeer(
  config: PeerConfig,
  surroundings: Surroundings,
  log: Log,
  onAddress?: (address: Ipv4) => void,
): Promise<Peer> {
  const { clock, home, random, stop } = surroundings;
  return startPeer({
    config: { ...config, data_dir: dataDirOf(config, surroundings) },
    home,
    dataPlane: (needs) => createDataPlane(needs, { run, start, clock, log }),
    connect: (base, trust) => new HttpsClient(base, trust),
    bind: bindDatagrams,
    lock: takeLock,
    clock,
    random,
    log,
    signal: stop,
    ...(onAddress ? { onAddress } : {}),
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

/** Waits until the daemon is told to stop, or cannot go on. @throws what keeps it from going on */
export async function untilStopped(running: readonly Promise<void>[], { stop }: Surroundings): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => {
      resolve();
    });
  });
  await Promise.race([stopped, ...running]);
}
