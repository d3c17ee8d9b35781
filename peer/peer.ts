/**
 * What runs on every machine of the mesh: identity, devices, join, stream. A peer that has joined once comes up with its
 * last known state whether or not the coordinator can be reached.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../host/clock.ts';
import { SECRET_DIRECTORY_MODE } from '../host/files.ts';
import type { Trust } from '../host/https.ts';
import type { Lock } from '../host/lock.ts';
import type { Log } from '../host/log.ts';
import { type AddressPlan, addressPlan } from '../mesh/address-plan.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { COORDINATOR_NAME } from '../mesh/join.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { Label } from '../mesh/name.ts';
import { coordinatorUrl, type PeerConfig } from '../mesh/peer-config.ts';
import type { MeshInfo } from '../mesh/state.ts';
import { Backoff } from './backoff.ts';
import { type Control, openControl } from './control.ts';
import { failureText } from '../host/failure.ts';
import type { DataPlane } from './data-plane.ts';
import type { BindDatagrams } from './datagrams.ts';
import {
  type IdentityPlace,
  type Keys,
  type Membership,
  openKeys,
  readMembership,
  writeMembership,
} from './identity.ts';
import { joinCoordinator, type JoinToken } from './join-coordinator.ts';
import { Journal } from './journal.ts';
import { peerTableOf, statusOf } from './self-portrait.ts';
import { type Link, Session } from './session.ts';
import { identityPlace, joinToken, offerOf } from './settings.ts';
import type { PeerStatus } from './status.ts';

/** What a data plane is made from. */
export interface DataPlaneNeeds {
  readonly self: { readonly id: string; readonly name: Label; readonly address: Ipv4 };
  readonly mesh: MeshInfo;
  readonly plan: AddressPlan;
  readonly keys: Keys;
  /** UDP port of `tm0`. */
  readonly meshPort: number;
  /** UDP port of `wg0`; null where this peer runs no concentrator. */
  readonly wireguardPort: number | null;
}

/** What a peer is started with. Everything that touches the machine is handed in. */
export interface PeerOptions {
  readonly config: PeerConfig;
  /** The home directory, which `~/` and the default data directory are in. */
  readonly home: string;
  readonly dataPlane: (needs: DataPlaneNeeds) => DataPlane;
  /** Opens the way to a server that is trusted so; `HttpsClient` in the program. */
  readonly connect: (base: string, trust: Trust) => Link['door'];
  readonly bind: BindDatagrams;
  readonly lock: (name: string) => Promise<Lock | undefined>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Called each time the devices have come up at a mesh address. */
  readonly onAddress?: (address: Ipv4) => void;
  /** Gives up starting, such as waiting for a coordinator to join. */
  readonly signal?: AbortSignal;
}

/** A peer that runs. */
export interface Peer {
  /** Resolves when it was closed; rejects when it cannot go on. */
  readonly ended: Promise<void>;
  status(): PeerStatus;
  /** Ends everything that it started, within seconds. */
  close(): Promise<void>;
}

/** A peer that cannot start, in one sentence for a person. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}

/** Waits before a coordinator that refuses our credential is asked again. */
const REFUSED_BOUNDS = { firstMs: 1_000, mostMs: 60_000 };

/**
 * Starts a peer; resolves when its devices are up, which needs the coordinator only before the first join.
 * @throws PeerError, IdentityError, JoinError, ControlError, or what kept the devices from being made
 */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  const peer = new RunningPeer(options);
  const giveUp = (): void => void peer.close();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await peer.start();
    return peer;
  } catch (error) {
    await peer.close();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

class RunningPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #place: IdentityPlace;
  readonly #token: JoinToken | undefined;
  readonly #ending = new AbortController();
  #lock: Lock | undefined;
  #control: Control | undefined;
  #keys: Keys | undefined;
  #session: Session | undefined;
  ended: Promise<void> = Promise.resolve();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#place = identityPlace(options.config, options.home);
    this.#token = joinToken(options.config);
  }

  status(): PeerStatus {
    return statusOf(this.#options.config, this.#keys, this.#session);
  }

  async start(): Promise<void> {
    const { dataDir } = this.#place;
    this.#lock = await this.#options.lock('peer');
    if (!this.#lock) throw new PeerError('another peer is running on this machine; stop it first');
    await mkdir(dataDir, { recursive: true, mode: SECRET_DIRECTORY_MODE });
    this.#control = await openControl(dataDir, {
      status: () => this.status(),
      peers: () => peerTableOf(this.#session),
    });
    let membership = await readMembership(dataDir);
    const keys = await openKeys(this.#place, membership, this.#options.random);
    this.#keys = keys;
    const outdated = membership !== undefined && this.#isOutdated(membership, keys);
    membership ??= await this.#join(keys);
    this.#session = await this.#open(membership, keys);
    this.ended = this.#follow(this.#session, keys, outdated);
    // Whoever wants to know awaits `ended`; nobody has to.
    this.ended.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    const session = this.#session;
    await session?.close();
    await this.ended.catch(() => undefined);
    if (this.#session !== session) await this.#session?.close();
    await this.#control?.close();
    await this.#lock?.release();
  }

  /** Says whether this peer would now ask for something else than it did. */
  #isOutdated(membership: Membership, keys: Keys): boolean {
    const { config } = this.#options;
    return this.#token !== undefined && !isDeepStrictEqual(membership.offered, offerOf(config, keys, this.#token));
  }

  async #join(keys: Keys): Promise<Membership> {
    const { config, log } = this.#options;
    const token = this.#token;
    if (!token) throw new PeerError('this peer has not joined yet and has no token to join with; give --token');
    const membership = await joinCoordinator(
      { server: config.server, token, offered: offerOf(config, keys, token) },
      { ...this.#options, signal: this.#ending.signal },
    );
    if (!membership) throw new PeerError('stopped before the coordinator could be reached');
    await writeMembership(this.#place.dataDir, membership);
    log.info('joined the mesh', { name: config.name, address: membership.address });
    return membership;
  }

  #link({ ca, credential }: Membership): Link {
    const door = this.#options.connect(coordinatorUrl(this.#options.config.server), { ca, name: COORDINATOR_NAME });
    return { door, credential };
  }

  async #open(membership: Membership, keys: Keys): Promise<Session> {
    const { config, log } = this.#options;
    const { id, address, mesh } = membership;
    const { journal, replica } = await Journal.open(this.#journalPath(), log);
    const dataPlane = this.#options.dataPlane({
      self: { id, name: config.name, address },
      mesh,
      plan: addressPlan(mesh.cidr),
      keys,
      meshPort: config.mesh.listen_port,
      wireguardPort: keys.wireguard ? config.wireguard.listen_port : null,
    });
    const session = await Session.start({
      ...this.#options,
      membership,
      concentrator: keys.wireguard !== null,
      dataPlane,
      journal,
      replica,
      link: this.#link(membership),
    });
    this.#options.onAddress?.(address);
    return session;
  }

  #journalPath(): string {
    return join(this.#place.dataDir, 'state.ndjson');
  }

  /** Keeps up with the coordinator until this peer is closed. */
  async #follow(first: Session, keys: Keys, outdated: boolean): Promise<void> {
    const { clock, log, random } = this.#options;
    const signal = this.#ending.signal;
    let session = first;
    let joinFirst = outdated;
    let backoff = new Backoff(REFUSED_BOUNDS, random);
    while (!signal.aborted) {
      if (joinFirst) {
        const next = await this.#joinAgain(session, keys);
        if (next) backoff = new Backoff(REFUSED_BOUNDS, random);
        session = next ?? session;
      }
      if ((await session.follow()) === 'closed') return;
      joinFirst = this.#token !== undefined;
      const waitMs = backoff.next();
      log.error("the coordinator refuses this peer's credential", {
        next: joinFirst ? 'join again' : 'ask again; to join anew, give a token',
        wait_ms: waitMs,
      });
      await clock.sleep(waitMs, signal);
    }
  }

  /** Joins again: the same session if the place in the mesh is the same, else a new one; `undefined` if it failed. */
  async #joinAgain(session: Session, keys: Keys): Promise<Session | undefined> {
    let next: Membership;
    try {
      next = await this.#join(keys);
    } catch (error) {
      if (!this.#ending.signal.aborted) {
        this.#options.log.error('joining again failed, going on as before', { reason: failureText(error) });
      }
      return undefined;
    }
    if (isDeepStrictEqual(placeOf(next), placeOf(session.parts.membership))) {
      session.useLink(this.#link(next));
      return session;
    }
    this.#options.log.warn('the coordinator gave this peer another place', { address: next.address });
    await session.close();
    await rm(this.#journalPath(), { force: true });
    this.#session = await this.#open(next, keys);
    return this.#session;
  }
}

function placeOf({ id, address, mesh }: Membership): unknown {
  return { id, address, mesh };
}
