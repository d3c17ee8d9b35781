/** What `ping -n -D -O` prints (iputils ping(8)): a line with a time stamp for every answer and for every one that is missing. */

/** One answer. */
export interface PingAnswer {
  /** icmp_seq, from 1; after 65535 it starts again, which no log here lives to see. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly roundTripMs: number;
}

/** A log, read as far as it goes. */
export interface PingLog {
  /** In order of arrival, without duplicates. */
  readonly answers: readonly PingAnswer[];
  /** Pings without an answer before the last one that has one: lost, not merely late. */
  readonly lost: number;
}

const ANSWER = /^\[([0-9]+\.[0-9]+)\] [0-9]+ bytes from [^:]+: icmp_seq=([0-9]+) .*time=([0-9.]+) ms(?! \(DUP!\))/;

/** Reads a log that may still be growing: an unfinished last line counts for nothing. */
export function parsePingLog(text: string): PingLog {
  const answers = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line): PingAnswer[] => {
      const match = ANSWER.exec(line);
      if (!match) return [];
      return [{ at: Number(match[1]) * 1000, sequence: Number(match[2]), roundTripMs: Number(match[3]) }];
    });
  const last = Math.max(0, ...answers.map(({ sequence }) => sequence));
  return { answers, lost: last - new Set(answers.map(({ sequence }) => sequence)).size };
}

/** The summary that `ping -q` ends with. */
export interface PingSummary {
  readonly sent: number;
  readonly received: number;
  /** Mean round trip in milliseconds; `null` when nothing came back. */
  readonly averageMs: number | null;
}

/** Reads the summary, or `undefined` where there is none. */
export function parsePingSummary(text: string): PingSummary | undefined {
  const counts = /^([0-9]+) packets transmitted, ([0-9]+) received/m.exec(text);
  if (!counts) return undefined;
  const average = /^rtt min\/avg\/max\/mdev = [0-9.]+\/([0-9.]+)\//m.exec(text);
  return { sent: Number(counts[1]), received: Number(counts[2]), averageMs: average ? Number(average[1]) : null };
}
