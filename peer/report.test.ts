import { describe, expect, it } from '@jest/globals';
import type { HttpsRequest, HttpsResponse } from '../host/https.ts';
import { type Report, reportSchema } from '../mesh/api.ts';
import { REPORT_ALIVE_MS } from '../mesh/stream.ts';
import { activityOf, REPORT_EVERY_MS, Reporter } from './report.ts';
import { FakeClock } from './fake-clock.fixture.ts';
import { attached, keyOf, memoryLog } from './records.fixture.ts';

class Desk {
  readonly clock = new FakeClock();
  readonly log = memoryLog();
  readonly life = new AbortController();
  readonly reports: Report[] = [];
  readonly times: number[] = [];
  /** Statuses of the next answers; 204 when there are none, 0 for an unreachable coordinator. */
  statuses: number[] = [];
  readonly reporter = new Reporter({
    link: () => ({ door: { send: (request) => this.#send(request) }, credential: 'secret' }),
    clock: this.clock,
    random: (count) => new Uint8Array(count),
    log: this.log,
    signal: this.life.signal,
  });
  readonly done = this.reporter.run();

  #send(request: HttpsRequest): Promise<HttpsResponse> {
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/peers/self/report', bearer: 'secret' });
    this.reports.push(reportSchema.parse(request.json));
    this.times.push(this.clock.monotonic());
    const status = this.statuses.shift() ?? 204;
    if (status === 0) return Promise.reject(new Error('connect ECONNREFUSED'));
    return Promise.resolve({ status, headers: {}, body: '' });
  }
}

const entry = (client: string, received: number): Report['activity'][number] => ({
  client,
  last_handshake_at: null,
  endpoint: null,
  received_bytes: received,
  sent_bytes: 0,
});

describe('reporting', () => {
  it('the applied revision goes out at once, later ones together 20 ms after', async () => {
    const { clock, reporter, reports, times, life, done } = new Desk();
    await clock.advance(500);
    reporter.applied(1);
    await clock.advance(5);
    reporter.applied(2);
    reporter.applied(3);
    await clock.advance(100);
    expect(reports.map((report) => report.applied_revision)).toEqual([1, 3]);
    expect(times).toEqual([500, 520]);
    reporter.applied(3);
    await clock.advance(100);
    expect(reports).toHaveLength(2);
    life.abort();
    await done;
  });

  it('while the coordinator is away attachments are kept, and of activity the latest only', async () => {
    const desk = new Desk();
    desk.statuses = [0, 503, 503];
    desk.reporter.attached([attached(1, 1, 1)]);
    await desk.clock.advance(50);
    desk.reporter.attached([attached(2, 1, 1), attached(1, 1, 5)]);
    desk.reporter.activity([entry('c1', 1)]);
    desk.reporter.activity([entry('c1', 2), entry('c2', 9)]);
    await desk.clock.advance(10_000);
    expect(desk.reports.at(-1)).toEqual({
      applied_revision: 0,
      attachments: [attached(1, 1, 5), attached(2, 1, 1)],
      activity: [entry('c1', 2), entry('c2', 9)],
    });
    expect(desk.reports).toHaveLength(4);
    expect(desk.log.events).toHaveLength(2);
    desk.life.abort();
    await desk.done;
  });

  it('news that came in while a report was under way is not forgotten with it', async () => {
    const desk = new Desk();
    desk.reporter.activity([entry('c1', 1)]);
    await desk.clock.advance(0);
    desk.reporter.activity([entry('c1', 2)]);
    await desk.clock.advance(20);
    expect(desk.reports.map((report) => report.activity)).toEqual([[entry('c1', 1)], [entry('c1', 2)]]);
    desk.life.abort();
    await desk.done;
  });

  it('a reconnected coordinator is told the applied revision again, without waiting out the backoff', async () => {
    const desk = new Desk();
    desk.reporter.applied(4);
    await desk.clock.advance(20);
    desk.reporter.reconnected();
    await desk.clock.advance(20);
    expect(desk.reports.map((report) => report.applied_revision)).toEqual([4, 4]);
    desk.statuses = Array.from({ length: 6 }, () => 0);
    desk.reporter.applied(5);
    await desk.clock.advance(3_200);
    const tried = desk.reports.length;
    desk.statuses = [];
    desk.reporter.reconnected();
    await desk.clock.advance(0);
    expect(desk.reports).toHaveLength(tried + 1);
    desk.life.abort();
    await desk.done;
    expect(desk.clock.sleeping).toBe(0);
  });

  it('a peer with nothing to tell says so every 10 s, counted from its last report', async () => {
    const desk = new Desk();
    await desk.clock.advance(REPORT_ALIVE_MS + 5_000);
    desk.reporter.applied(7);
    await desk.clock.advance(2 * REPORT_ALIVE_MS + 2 * REPORT_EVERY_MS);
    expect(desk.reports.map((report) => report.applied_revision)).toEqual([0, 7, 7, 7]);
    expect(desk.reports.at(-1)).toEqual({ applied_revision: 7, attachments: [], activity: [] });
    expect(desk.times).toEqual([10_000, 15_000, 25_020, 35_040]);
    desk.life.abort();
    await desk.done;
    expect(desk.clock.sleeping).toBe(0);
  });

  it('a report that can never be taken is dropped and said, and does not block the next', async () => {
    const desk = new Desk();
    desk.statuses = [422];
    desk.reporter.activity([entry('gone', 1)]);
    await desk.clock.advance(20);
    desk.reporter.applied(2);
    await desk.clock.advance(20);
    expect(desk.log.events).toEqual(['error the coordinator cannot take a report, which is dropped']);
    expect(desk.reports.at(-1)).toEqual({ applied_revision: 2, attachments: [], activity: [] });
    desk.life.abort();
    await desk.done;
  });

  it('no report has more entries than the API takes, and the rest follows', async () => {
    const desk = new Desk();
    desk.reporter.attached(Array.from({ length: 10_001 }, (_, n) => attached(n, 1, 1)));
    await desk.clock.advance(40);
    expect(desk.reports.map((report) => report.attachments.length)).toEqual([10_000, 1]);
    desk.life.abort();
    await desk.done;
  });

  it('a handshake that never was is null, and an endpoint that is none too', () => {
    const handshake = {
      key: keyOf(1).publicKey(),
      lastHandshakeSeconds: 0,
      endpoint: '(none)',
      receivedBytes: 1,
      sentBytes: 2,
    };
    expect(activityOf('c1', handshake)).toEqual({ ...entry('c1', 1), sent_bytes: 2 });
    expect(
      activityOf('c1', { ...handshake, lastHandshakeSeconds: 1_700_000_000, endpoint: '[2001:db8::1]:5' }),
    ).toEqual({
      client: 'c1',
      last_handshake_at: '2023-11-14T22:13:20.000Z',
      endpoint: '[2001:db8::1]:5',
      received_bytes: 1,
      sent_bytes: 2,
    });
  });
});
