/**
 * The peer's end of the coordinator's stream (mesh/stream.ts): one long-lived request, read line by line, resumed from
 * where this peer is, taken up again whenever it ends or falls silent.
 */
import type { Clock } from '../host/clock.ts';
import type { HttpsRequest } from '../host/https.ts';
import type { Log } from '../host/log.ts';
import type { RandomBytes } from '../mesh/key.ts';
import { type Delta, type Snapshot, STREAM_ALIVE_MS, streamMessageSchema } from '../mesh/stream.ts';
import { Backoff, RECONNECT_BOUNDS } from './backoff.ts';
import { ChildAbort } from './child-abort.ts';
import { failureText } from '../host/failure.ts';
import { PEER_PATHS } from './coordinator-door.ts';
import { LineSplitter } from './lines.ts';

/** Longest line: a snapshot of 65,000 clients is about 25 MiB. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Silence after which the connection counts as dead, in milliseconds. */
export const SILENCE_MS = 3 * STREAM_ALIVE_MS;

/** What the stream needs of an HTTPS client: the answer as a stream of bytes, ended by the request's signal. */
export interface StreamDoor {
  open(request: HttpsRequest): Promise<AsyncIterable<Uint8Array> & { readonly statusCode?: number | undefined }>;
}

/** A point in the coordinator's history. */
export interface Position {
  readonly epoch: string;
  readonly revision: number;
}

/** The other end of the stream inside this peer. */
export interface StreamListener {
  /** Where to resume; `undefined` asks for a snapshot. */
  position(): Position | undefined;
  /** The coordinator accepted the request. */
  connected(): void;
  /** Bytes arrived. */
  heard(): void;
  /** Takes a message in. */
  message(message: Snapshot | Delta): void;
  /** The connection ended. */
  disconnected(): void;
}

/** Effects of following the stream. */
export interface StreamEffects {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What the coordinator said that it should not have; the next request asks for a snapshot. */
class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

function streamPath(position: Position | undefined): string {
  if (!position) return PEER_PATHS.stream;
  const query = new URLSearchParams({ epoch: position.epoch, revision: String(position.revision) });
  return `${PEER_PATHS.stream}?${query.toString()}`;
}

function parseLine(line: string): Snapshot | Delta | undefined {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    throw new ProtocolError('a line of the stream is not JSON');
  }
  const parsed = streamMessageSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ProtocolError(
      `a line of the stream is no message: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  return parsed.data.type === 'alive' ? undefined : parsed.data;
}

/** Folds in what one line says. A delta must lead on from where this peer is; anything else means that one got lost. */
function take(line: string, listener: StreamListener): void {
  const message = parseLine(line);
  if (message?.type === 'delta') {
    const position = listener.position();
    if (!position) throw new ProtocolError('a delta came before any snapshot');
    if (message.revision < position.revision) {
      throw new ProtocolError(
        `a delta to revision ${String(message.revision)} came after revision ${String(position.revision)}`,
      );
    }
  }
  if (message) listener.message(message);
}

/** Ends the connection once nothing has been heard for too long. */
async function watchSilence(heardAt: () => number, connection: ChildAbort, clock: Clock): Promise<void> {
  while (!connection.signal.aborted) {
    const left = heardAt() + SILENCE_MS - clock.monotonic();
    if (left > 0) await clock.sleep(left, connection.signal);
    else connection.abort(new Error(`nothing was heard for ${String(SILENCE_MS / 1000)} s`));
  }
}

/** One request for the stream: from where, as whom, and what to call when a line was good. */
interface Attempt {
  readonly position: Position | undefined;
  readonly credential: string;
  readonly good: () => void;
}

/** Reads one connection to its end. Says whether the credential was refused; throws when the connection fails. */
async function readOnce(
  door: StreamDoor,
  attempt: Attempt,
  listener: StreamListener,
  effects: StreamEffects,
): Promise<'refused' | 'ended'> {
  const { clock } = effects;
  const connection = new ChildAbort(effects.signal);
  let heardAt = clock.monotonic();
  const watching = watchSilence(() => heardAt, connection, clock);
  try {
    const answer = await door.open({
      method: 'GET',
      path: streamPath(attempt.position),
      bearer: attempt.credential,
      signal: connection.signal,
    });
    if (answer.statusCode === 401) return 'refused';
    if (answer.statusCode !== 200) throw new Error(`the stream was answered with status ${String(answer.statusCode)}`);
    listener.connected();
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for await (const piece of answer) {
      heardAt = clock.monotonic();
      listener.heard();
      for (const line of splitter.push(piece)) {
        take(line, listener);
        attempt.good();
      }
    }
    return 'ended';
  } catch (error) {
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    connection.abort();
    await watching;
    listener.disconnected();
  }
}

/**
 * Follows the stream until the signal ends it or the credential is refused. Every other failure is tried again, and logged
 * once for as long as it stays the same.
 */
export async function followStream(
  door: StreamDoor,
  credential: string,
  listener: StreamListener,
  effects: StreamEffects,
): Promise<'refused' | 'closed'> {
  const backoff = new Backoff(RECONNECT_BOUNDS, effects.random);
  let said: string | undefined;
  const good = (): void => {
    backoff.reset();
    said = undefined;
  };
  const over = (): boolean => effects.signal.aborted;
  let fromScratch = false;
  while (!over()) {
    const position = fromScratch ? undefined : listener.position();
    let reason = 'the coordinator ended it';
    try {
      if ((await readOnce(door, { position, credential, good }, listener, effects)) === 'refused') return 'refused';
      fromScratch = false;
    } catch (error) {
      fromScratch = error instanceof ProtocolError || error instanceof RangeError;
      reason = failureText(error);
    }
    if (over()) break;
    if (reason !== said) effects.log.warn('not connected to the coordinator, trying again', { reason });
    said = reason;
    await effects.clock.sleep(backoff.next(), effects.signal);
  }
  return 'closed';
}
