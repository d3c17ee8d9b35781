/**
 * Attachments from gateway to peers, without the coordinator: each announcement goes to every peer over `tm0` until that
 * peer acknowledges it. What a peer misses all the same it learns from the coordinator.
 */
import type { Clock } from '../host/clock.ts';
import { hex } from '../mesh/hex.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { Attachment, MeshState } from '../mesh/state.ts';
import {
  ANNOUNCE_PORT,
  type AnnounceDatagram,
  announcementsOf,
  parseDatagram,
  renderDatagram,
} from './announcement.ts';
import { ChildAbort } from './child-abort.ts';
import type { Datagrams, OnDatagram } from './datagrams.ts';

/** How often an announcement is sent to a peer that does not answer. */
export const ANNOUNCE_TRIES = 5;

/** Wait for the first acknowledgement in milliseconds; each further one is twice as long. */
export const ANNOUNCE_FIRST_WAIT_MS = 100;

/** Most announcements under way to all peers together; beyond it the coordinator's stream has to do. */
const MAX_UNDER_WAY = 20_000;

const ID_BYTES = 8;

/** What the announcements need of the rest of this peer. */
export interface AnnouncerParts {
  /** This peer's id. */
  readonly self: string;
  readonly state: () => MeshState | undefined;
  /** Takes in what another gateway has attached. */
  readonly attach: (attachments: readonly Attachment[]) => void;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signal: AbortSignal;
}

/** One announcement on its way to one peer. */
interface Delivery {
  readonly over: ChildAbort;
  acknowledged: boolean;
}

/** Both ends of the announcements at one peer. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  /** Deliveries that wait for an acknowledgement, by peer address and announcement id. */
  readonly #underWay = new Map<string, Delivery>();

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /**
   * Tells every other peer. Resolves when each has acknowledged or was given up.
   * @returns how many announcements were given up
   */
  async announce(attachments: readonly Attachment[], socket: Datagrams): Promise<number> {
    const { self, state, random } = this.#parts;
    const others = [...(state()?.peers.values() ?? [])].filter((peer) => peer.id !== self);
    const datagrams = announcementsOf(self, attachments, () => hex.encode(random(ID_BYTES)));
    const delivered = await Promise.all(
      datagrams.flatMap((datagram) => {
        const data = renderDatagram(datagram);
        return others.map((peer) => this.#deliver(data, deliveryKey(peer.address, datagram.id), peer.address, socket));
      }),
    );
    return delivered.filter((acknowledged) => !acknowledged).length;
  }

  /** Takes in one datagram and gives the answer to it, if any. */
  receive(...[data, from]: Parameters<OnDatagram>): Uint8Array | undefined {
    if (from.port !== ANNOUNCE_PORT) return undefined;
    const datagram = parseDatagram(data);
    if (datagram?.type === 'ack') this.#acknowledge(deliveryKey(from.address, datagram.id));
    return datagram?.type === 'attach' && this.#take(datagram, from.address)
      ? renderDatagram({ type: 'ack', id: datagram.id })
      : undefined;
  }

  #acknowledge(key: string): void {
    const delivery = this.#underWay.get(key);
    if (!delivery) return;
    delivery.acknowledged = true;
    delivery.over.abort();
  }

  /**
   * Believes a gateway about itself only. Says whether to acknowledge: not while a client is unknown, since its record may
   * still be on the way from the coordinator and the gateway will repeat itself.
   */
  #take(datagram: AnnounceDatagram & { type: 'attach' }, from: Ipv4): boolean {
    const state = this.#parts.state();
    const { gateway, clients } = datagram;
    if (gateway === this.#parts.self || state?.peers.get(gateway)?.address !== from) return false;
    const known = clients.filter(([client]) => state.clients.has(client));
    if (known.length > 0) this.#parts.attach(known.map(([client, sequence]) => ({ client, gateway, sequence })));
    return known.length === clients.length;
  }

  async #deliver(data: Uint8Array, key: string, address: Ipv4, socket: Datagrams): Promise<boolean> {
    if (this.#underWay.size >= MAX_UNDER_WAY) return false;
    const { clock, signal } = this.#parts;
    const delivery: Delivery = { over: new ChildAbort(signal), acknowledged: false };
    this.#underWay.set(key, delivery);
    try {
      for (let tried = 0; tried < ANNOUNCE_TRIES && !delivery.over.signal.aborted; tried += 1) {
        socket.send(data, { address, port: ANNOUNCE_PORT });
        await clock.sleep(ANNOUNCE_FIRST_WAIT_MS * 2 ** tried, delivery.over.signal);
      }
      return delivery.acknowledged;
    } finally {
      delivery.over.abort();
      this.#underWay.delete(key);
    }
  }
}

function deliveryKey(address: Ipv4, id: string): string {
  return `${address} ${id}`;
}
