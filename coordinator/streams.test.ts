import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { REPORT_ALIVE_MS, type Snapshot, STREAM_ALIVE_MS } from '../mesh/stream.ts';
import { ALIVE_MS, Presence } from './presence.ts';
import { client, MESH } from './records.fixture.ts';
import type { Change } from './store.ts';
import { COALESCE_MS, type Sink, STREAM_BACKLOG_BYTES, Streams, type StreamSource } from './streams.ts';

/** A clock that stands until it is told otherwise. */
class StandingClock implements Clock {
  #now = 0;
  readonly #sleepers: { until: number; wake: () => void }[] = [];

  wall(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ until: this.#now + ms, wake });
      signal?.addEventListener('abort', () => {
        wake();
      });
    });
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    for (const { until, wake } of this.#sleepers) if (until <= this.#now) wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class FakeSink implements Sink {
  readonly messages: { type: string; revision?: number }[] = [];
  readonly written: Uint8Array[] = [];
  backlog = 0;
  ended: string | undefined;

  write(bytes: Uint8Array): void {
    if (this.ended !== undefined) throw new Error('written to after its end');
    this.written.push(bytes);
    this.messages.push(JSON.parse(Buffer.from(bytes).toString('utf8')) as { type: string });
  }

  end(how: 'politely' | 'at once'): void {
    this.ended = how;
  }
}

const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function made(revision: number): Change {
  return { kind: 'client', revision, client: client(revision) };
}

class FakeSource implements StreamSource {
  readonly epoch = 'e';
  revision = 0;
  hold: Promise<void> = Promise.resolve();

  async snapshot(): Promise<Snapshot> {
    const { epoch, revision } = this;
    await this.hold;
    return { type: 'snapshot', epoch, revision, mesh: MESH, peers: [], clients: [], attachments: [] };
  }

  since(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** Streams of peers that are always heard. */
function streamsOf(source: StreamSource, clock: Clock): Streams {
  return new Streams(source, { isAlive: () => true }, clock, log);
}

describe('the streams', () => {
  it('tell changes that come together in one message, serialised once for all', async () => {
    const clock = new StandingClock();
    const streams = streamsOf(new FakeSource(), clock);
    const [one, two] = [new FakeSink(), new FakeSink()];
    await streams.open('one', {}, one);
    await streams.open('two', {}, two);
    streams.publish([made(1)]);
    await clock.pass(COALESCE_MS - 1);
    streams.publish([made(2), { kind: 'client-gone', revision: 3, id: 'c1', at: 0 }]);
    expect(one.messages).toHaveLength(1);
    await clock.pass(1);
    expect(one.messages.slice(1)).toEqual([
      {
        type: 'delta',
        revision: 3,
        peers: [],
        clients: [client(2)],
        attachments: [],
        gone: { peers: [], clients: ['c1'] },
      },
    ]);
    expect(two.written[1]).toBe(one.written[1]);
    streams.close();
  });

  it('lose nothing that becomes known while a first message is being made, and repeat nothing', async () => {
    const clock = new StandingClock();
    const source = new FakeSource();
    const streams = streamsOf(source, clock);
    const sink = new FakeSink();
    let release: () => void = () => undefined;
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    source.revision = 1;
    const opened = streams.open('one', {}, sink);
    streams.publish([made(1)]);
    await clock.pass(COALESCE_MS);
    streams.publish([made(2)]);
    await clock.pass(COALESCE_MS);
    release();
    await opened;
    expect(sink.messages.map(({ type, revision }) => [type, revision])).toEqual([
      ['snapshot', 1],
      ['delta', 2],
    ]);
    streams.close();
  });

  it('say that they are alive when there is nothing to say', async () => {
    const clock = new StandingClock();
    const streams = streamsOf(new FakeSource(), clock);
    const sink = new FakeSink();
    await streams.open('one', {}, sink);
    await clock.pass(5_000);
    await clock.pass(5_000);
    expect(sink.messages.map(({ type }) => type)).toEqual(['snapshot', 'alive', 'alive']);
    streams.close();
    expect(sink.ended).toBe('politely');
  });

  it('disconnect who leaves too much unread, and nobody else', async () => {
    const clock = new StandingClock();
    const streams = streamsOf(new FakeSource(), clock);
    const [slow, quick] = [new FakeSink(), new FakeSink()];
    await streams.open('slow', {}, slow);
    await streams.open('quick', {}, quick);
    slow.backlog = STREAM_BACKLOG_BYTES + (slow.written[0]?.length ?? 0);
    streams.publish([made(1)]);
    await clock.pass(COALESCE_MS);
    expect([slow.ended, streams.isConnected('slow')]).toEqual(['at once', false]);
    expect([quick.ended, quick.messages.at(-1)?.type]).toEqual([undefined, 'delta']);
    streams.close();
  });

  it('are ended for peers that have not reported three times in a row, and for nobody else', async () => {
    const clock = new StandingClock();
    const presence = new Presence(clock);
    const streams = new Streams(new FakeSource(), presence, clock, log);
    const sinks = { vanished: new FakeSink(), there: new FakeSink() };
    for (const [peer, sink] of Object.entries(sinks)) {
      presence.see(peer);
      await streams.open(peer, {}, sink);
    }
    for (let passed = STREAM_ALIVE_MS; passed < ALIVE_MS; passed += STREAM_ALIVE_MS) {
      await clock.pass(STREAM_ALIVE_MS);
      if (passed % REPORT_ALIVE_MS === 0) presence.see('there');
    }
    expect([...streams.connected()]).toEqual(['vanished', 'there']);
    await clock.pass(STREAM_ALIVE_MS);
    expect([...streams.connected()]).toEqual(['there']);
    expect([sinks.vanished.ended, sinks.there.ended]).toEqual(['at once', undefined]);
    expect(sinks.there.messages.at(-1)).toEqual({ type: 'alive' });
    streams.close();
  });
});
