/** How often one source may ask: a bucket of tokens each, refilled steadily. */
import { MeshError } from '../mesh/problem.ts';

/** How much a source may do at once, and how fast that comes back. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Most sources that are remembered; beyond, the one that was quiet longest is forgotten. */
const MAX_SOURCES = 10_000;

/** See the file's comment. Times are monotonic milliseconds. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /**
   * Counts one request.
   * @throws MeshError when the source has asked too often
   */
  spend(source: string, now: number): void {
    const { burst, perSecond } = this.#rate;
    const key = sourceKey(source);
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    const quietest = this.#buckets.size > MAX_SOURCES ? this.#buckets.keys().next().value : undefined;
    if (quietest !== undefined) this.#buckets.delete(quietest);
    if (tokens < 1) throw new MeshError('too-many', `too many requests from ${source}; try again in a moment`);
  }
}

/** One key for each IPv4 address and each IPv6 /64, which is what one subscriber has. */
function sourceKey(source: string): string {
  if (!source.includes(':')) return source;
  const [head = '', tail] = source.split('::');
  const groups = head.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? '').split(':')].slice(0, 4).join(':');
}
