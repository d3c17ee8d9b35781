import { describe, expect, it } from '@jest/globals';
import { parsePingLog, parsePingSummary } from './ping-log.ts';

const LOG = `PING 172.30.0.1 (172.30.0.1) 56(84) bytes of data.
[1790000000.020000] 64 bytes from 172.30.0.1: icmp_seq=1 ttl=64 time=0.634 ms
[1790000000.060000] no answer yet for icmp_seq=2
[1790000000.061000] 64 bytes from 172.30.0.1: icmp_seq=3 ttl=64 time=1.2 ms
[1790000000.062000] 64 bytes from 172.30.0.1: icmp_seq=3 ttl=64 time=1.9 ms (DUP!)
[1790000000.080000] From 172.30.100.1 icmp_seq=4 Destination Host Unreachable
[1790000000.100000] no answer yet for icmp_seq=5
[1790000000.12`;

describe('a ping log', () => {
  it('counts as lost what nobody answered before the last answer, and nothing after it', () => {
    const { answers, lost } = parsePingLog(LOG);
    expect(lost).toBe(1);
    expect(answers).toEqual([
      { sequence: 1, at: 1790000000020, roundTripMs: 0.634 },
      { sequence: 3, at: 1790000000061, roundTripMs: 1.2 },
    ]);
  });

  it('an answer that came late is not lost', () => {
    const late = `${LOG.slice(0, LOG.lastIndexOf('\n'))}\n[1790000000.130000] 64 bytes from 172.30.0.1: icmp_seq=2 ttl=64 time=70 ms\n`;
    expect(parsePingLog(late).lost).toBe(0);
  });

  it('an empty log has neither answers nor losses', () => {
    expect(parsePingLog('')).toEqual({ answers: [], lost: 0 });
  });
});

describe('a ping summary', () => {
  it('gives counts and the mean', () => {
    const text = `\n--- 172.30.0.1 ping statistics ---
10 packets transmitted, 9 received, 10% packet loss, time 203ms
rtt min/avg/max/mdev = 0.634/1.723/2.813/1.089 ms\n`;
    expect(parsePingSummary(text)).toEqual({ sent: 10, received: 9, averageMs: 1.723 });
  });

  it('has no mean where nothing came back, and is none where ping never began', () => {
    expect(parsePingSummary('3 packets transmitted, 0 received, 100% packet loss, time 40ms\n')).toEqual({
      sent: 3,
      received: 0,
      averageMs: null,
    });
    expect(parsePingSummary('ping: connect: Network is unreachable\n')).toBeUndefined();
  });
});
