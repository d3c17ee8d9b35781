/**
 * The peers' streams (`mesh/stream.ts`): one for each peer that is connected, for as long as it reads what it is told and
 * is heard itself. What they are told is serialised once for all of them.
 */
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { type Delta, type Snapshot, STREAM_ALIVE_MS, type StreamMessage } from '../mesh/stream.ts';
import { PendingDelta } from './pending-delta.ts';
import type { Presence } from './presence.ts';
import type { Change } from './store.ts';

/** How long a change waits for others to travel with, in milliseconds. */
export const COALESCE_MS = 5;

/** How much a peer may leave unread besides its first message before it is disconnected, in bytes. */
export const STREAM_BACKLOG_BYTES = 8 * 1024 * 1024;

/** The way to one peer. */
export interface Sink {
  write(bytes: Uint8Array): void;
  /** Bytes written and not yet taken by the system. */
  readonly backlog: number;
  /** Ends the stream after what was written, or at once. */
  end(how: 'politely' | 'at once'): void;
}

/** Where a peer says that it stopped listening. */
export interface StreamPosition {
  readonly epoch?: string | undefined;
  readonly revision?: number | undefined;
}

/** What the streams are told from. */
export interface StreamSource {
  readonly epoch: string;
  snapshot(): Promise<Snapshot>;
  since(revision: number): Promise<Delta | undefined>;
}

/** One message as it goes to everybody. */
interface Line {
  readonly revision: number;
  readonly bytes: Uint8Array;
}

interface Stream {
  readonly sink: Sink;
  /** What everybody was told while this peer's first message was still being made; `undefined` after that. */
  waiting: Line[] | undefined;
  /** Up to where the peer has been told; −1 when it has been told nothing. */
  revision: number;
  /** Most that it may leave unread, in bytes. */
  limit: number;
}

/** See the file's comment. */
export class Streams {
  readonly #source: StreamSource;
  readonly #presence: Pick<Presence, 'isAlive'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #streams = new Map<string, Stream>();
  readonly #stop = new AbortController();
  #pending: PendingDelta | undefined;
  #snapshot: Line | undefined;

  constructor(source: StreamSource, presence: Pick<Presence, 'isAlive'>, clock: Clock, log: Log) {
    this.#source = source;
    this.#presence = presence;
    this.#clock = clock;
    this.#log = log;
    void this.#keepAlive();
  }

  /** Ids of the peers that have a stream. */
  connected(): Iterable<string> {
    return this.#streams.keys();
  }

  isConnected(peer: string): boolean {
    return this.#streams.has(peer);
  }

  /**
   * Tells the peer everything from its position on. Ends an older stream of the same peer.
   * @returns what to call when the way to the peer is closed
   */
  async open(peer: string, position: StreamPosition, sink: Sink): Promise<() => void> {
    this.end(peer);
    const stream: Stream = { sink, waiting: [], revision: -1, limit: STREAM_BACKLOG_BYTES };
    const close = (): void => {
      if (this.#streams.get(peer) === stream) this.#streams.delete(peer);
    };
    this.#streams.set(peer, stream);
    try {
      const first = await this.#first(position);
      const waiting = stream.waiting ?? [];
      stream.waiting = undefined;
      stream.limit += first.bytes.length;
      for (const line of [first, ...waiting]) if (this.#streams.get(peer) === stream) this.#tell(peer, stream, line);
    } catch (error) {
      close();
      throw error;
    }
    return close;
  }

  /** Ends the peer's stream, if it has one. */
  end(peer: string): void {
    this.#streams.get(peer)?.sink.end('politely');
    this.#streams.delete(peer);
  }

  /** Tells everybody, at most {@link COALESCE_MS} later. Changes come in the order of their revisions. */
  publish(changes: readonly Change[]): void {
    if (!this.#pending) {
      this.#pending = new PendingDelta();
      void this.#clock.sleep(COALESCE_MS, this.#stop.signal).then(() => {
        this.#flush();
      });
    }
    for (const change of changes) this.#pending.add(change);
  }

  /** Ends all streams. */
  close(): void {
    this.#flush();
    this.#stop.abort();
    for (const peer of [...this.#streams.keys()]) this.end(peer);
  }

  async #first({ epoch, revision }: StreamPosition): Promise<Line> {
    if (epoch === this.#source.epoch && revision !== undefined) {
      const delta = await this.#source.since(revision);
      if (delta) return { revision: delta.revision, bytes: bytesOf(delta) };
    }
    const snapshot = await this.#source.snapshot();
    if (this.#snapshot?.revision !== snapshot.revision) {
      this.#snapshot = { revision: snapshot.revision, bytes: bytesOf(snapshot) };
    }
    return this.#snapshot;
  }

  #flush(): void {
    if (!this.#pending) return;
    const delta = this.#pending.toDelta();
    this.#pending = undefined;
    this.#snapshot = undefined;
    const line = { revision: delta.revision, bytes: bytesOf(delta) };
    for (const [peer, stream] of this.#streams) {
      if (stream.waiting) stream.waiting.push(line);
      else this.#tell(peer, stream, line);
    }
  }

  /** Sends the line, unless the peer was told as much already. */
  #tell(peer: string, stream: Stream, { revision, bytes }: Line): void {
    if (revision <= stream.revision) return;
    stream.revision = revision;
    this.#send(peer, stream, bytes);
  }

  #send(peer: string, stream: Stream, bytes: Uint8Array): void {
    if (stream.sink.backlog + bytes.length <= stream.limit) {
      stream.sink.write(bytes);
      return;
    }
    this.#log.warn('a peer reads too slowly and was disconnected', { peer, unread: stream.sink.backlog });
    this.#drop(peer, stream);
  }

  #drop(peer: string, stream: Stream): void {
    this.#streams.delete(peer);
    stream.sink.end('at once');
  }

  async #keepAlive(): Promise<void> {
    const bytes = bytesOf({ type: 'alive' });
    for (;;) {
      await this.#clock.sleep(STREAM_ALIVE_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      for (const [peer, stream] of this.#streams) {
        if (!this.#presence.isAlive(peer)) {
          this.#log.warn('a peer has not reported for too long and was disconnected', { peer });
          this.#drop(peer, stream);
        } else if (!stream.waiting) this.#send(peer, stream, bytes);
      }
    }
  }
}

function bytesOf(message: StreamMessage): Uint8Array {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}
