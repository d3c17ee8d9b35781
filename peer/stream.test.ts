import { describe, expect, it } from '@jest/globals';
import type { HttpsRequest } from '../host/https.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { followStream, type Position, SILENCE_MS, type StreamDoor } from './stream.ts';
import { FakeClock, settle } from './fake-clock.fixture.ts';
import { client, delta, memoryLog, snapshot } from './records.fixture.ts';

/** One answer: a status and the pieces of its body; it stays open unless it ends or fails. */
interface Answer {
  readonly status?: number;
  readonly pieces?: readonly string[];
  readonly then?: 'end' | 'fail' | 'stay';
}

/** A coordinator that gives the prepared answers and expects no further request. */
class Door implements StreamDoor {
  readonly paths: string[] = [];
  readonly bearers = new Set<string | undefined>();
  readonly #answers: Answer[];

  constructor(...answers: Answer[]) {
    this.#answers = answers;
  }

  open(request: HttpsRequest): ReturnType<StreamDoor['open']> {
    this.paths.push(request.path);
    this.bearers.add(request.bearer);
    const answer = this.#answers.shift();
    if (!answer) throw new Error('an unexpected request');
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of answer.pieces ?? []) yield Buffer.from(piece);
      if (answer.then === 'end') return;
      if (answer.then === 'fail') throw new Error('connection reset');
      await new Promise((_, reject) => {
        request.signal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    };
    return Promise.resolve(Object.assign(body(), { statusCode: answer.status ?? 200 }));
  }
}

class Follower {
  readonly clock = new FakeClock();
  readonly log = memoryLog();
  readonly life = new AbortController();
  readonly messages: (Snapshot | Delta)[] = [];
  readonly events: string[] = [];
  at: Position | undefined;

  follow(door: StreamDoor): Promise<'refused' | 'closed'> {
    const listener = {
      position: () => this.at,
      connected: () => void this.events.push('connected'),
      heard: () => undefined,
      message: (message: Snapshot | Delta) => {
        this.messages.push(message);
        const epoch = message.type === 'snapshot' ? message.epoch : (this.at?.epoch ?? '');
        this.at = { epoch, revision: message.revision };
      },
      disconnected: () => void this.events.push('disconnected'),
    };
    return followStream(door, 'secret', listener, {
      clock: this.clock,
      random: (count) => new Uint8Array(count),
      log: this.log,
      signal: this.life.signal,
    });
  }
}

const line = (message: unknown): string => `${JSON.stringify(message)}\n`;
const ALIVE = line({ type: 'alive' });
const PATH = '/api/v1/peers/self/stream';

describe('stream', () => {
  it('a peer that knows nothing asks for a snapshot, one that knows something resumes', async () => {
    const first = snapshot({ epoch: 'e 1', revision: 7, clients: [client(1)] });
    const change = delta(8, { clients: [client(2)] });
    const text = line(first) + ALIVE + line(change);
    const door = new Door({ pieces: [text.slice(0, 100), text.slice(100)], then: 'end' }, {});
    const follower = new Follower();
    const end = follower.follow(door);
    await follower.clock.advance(200);
    expect(follower.messages).toEqual([first, change]);
    expect(door.paths).toEqual([PATH, `${PATH}?epoch=e+1&revision=8`]);
    expect(door.bearers).toEqual(new Set(['secret']));
    follower.life.abort();
    expect(await end).toBe('closed');
    expect(follower.clock.sleeping).toBe(0);
    expect(follower.events).toEqual(['connected', 'disconnected', 'connected', 'disconnected']);
  });

  it('a refused credential ends the following', async () => {
    const follower = new Follower();
    expect(await follower.follow(new Door({ status: 401 }))).toBe('refused');
    expect(follower.clock.sleeping).toBe(0);
  });

  it('waits double after each failure until five seconds', async () => {
    const follower = new Follower();
    const door = new Door(...Array.from({ length: 8 }, () => ({ status: 503 })), {});
    const end = follower.follow(door);
    for (const half of [100, 200, 400, 800, 1600, 2500, 2500, 2500]) {
      const before = door.paths.length;
      await follower.clock.advance(half - 1);
      expect(door.paths).toHaveLength(before);
      await follower.clock.advance(1);
      expect(door.paths).toHaveLength(before + 1);
    }
    expect(follower.log.events).toEqual(['warn not connected to the coordinator, trying again']);
    follower.life.abort();
    await end;
  });

  it('reconnects after three missed signs of life, and not before', async () => {
    const follower = new Follower();
    const door = new Door({ pieces: [ALIVE] }, {});
    const end = follower.follow(door);
    await follower.clock.advance(SILENCE_MS - 1);
    expect(door.paths).toHaveLength(1);
    await follower.clock.advance(1 + 200);
    expect(door.paths).toHaveLength(2);
    follower.life.abort();
    await end;
  });

  it.each([
    ['a line that is not JSON', 'nonsense\n'],
    ['a line that is no message', line({ type: 'delta', revision: 'x' })],
    ['a message with a field that it should not have', line({ ...delta(9), more: 1 })],
    ['a delta that leads back', line(delta(3))],
  ])('after %s it asks for a whole snapshot', async (_, text) => {
    const follower = new Follower();
    follower.at = { epoch: 'e1', revision: 4 };
    const door = new Door({ pieces: [text] }, { pieces: [line(snapshot({ revision: 5 }))] });
    const end = follower.follow(door);
    await follower.clock.advance(200);
    expect(door.paths).toEqual([`${PATH}?epoch=e1&revision=4`, PATH]);
    expect(follower.messages).toEqual([snapshot({ revision: 5 })]);
    follower.life.abort();
    await end;
  });

  it('a line that is cut off by the end of the connection is not taken for a message', async () => {
    const follower = new Follower();
    const door = new Door({ pieces: [line(snapshot()), line(delta(2)).trimEnd()], then: 'fail' }, {});
    const end = follower.follow(door);
    await settle();
    expect(follower.messages).toEqual([snapshot()]);
    follower.life.abort();
    await end;
  });
});
