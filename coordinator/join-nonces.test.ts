import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { JoinNonces, MAX_USED_NONCES, NONCE_LIFETIME_MS } from './join-nonces.ts';

describe('a join nonce', () => {
  it('is good once', () => {
    const nonces = new JoinNonces(randomBytes);
    const nonce = nonces.issue(0.5);
    expect(nonce).toMatch(/^[0-9a-f]{64}$/);
    expect(nonces.use(nonce, 1)).toBe(true);
    expect(nonces.use(nonce, 2)).toBe(false);
  });

  it('is good for a minute', () => {
    const nonces = new JoinNonces(randomBytes);
    const [early, late] = [nonces.issue(0), nonces.issue(0)];
    expect(nonces.use(early, NONCE_LIFETIME_MS - 1)).toBe(true);
    expect(nonces.use(late, NONCE_LIFETIME_MS)).toBe(false);
  });

  it('is good only where it was given out, and not after any change', () => {
    const nonces = new JoinNonces(randomBytes);
    const nonce = nonces.issue(0);
    expect(new JoinNonces(randomBytes).use(nonce, 0)).toBe(false);
    for (const place of [0, 20, 63]) {
      const digit = nonce[place] === '0' ? '1' : '0';
      expect(nonces.use(nonce.slice(0, place) + digit + nonce.slice(place + 1), 0)).toBe(false);
    }
    expect(nonces.use('', 0)).toBe(false);
    expect(nonces.use(nonce, 0)).toBe(true);
  });

  it('is refused beyond a bound on joins, which passes', () => {
    const nonces = new JoinNonces(randomBytes);
    for (let count = 0; count < MAX_USED_NONCES; count += 1) nonces.use(nonces.issue(0), 0);
    expect(() => nonces.use(nonces.issue(0), 0)).toThrow(/machines joined within a minute/);
    expect(nonces.use(nonces.issue(NONCE_LIFETIME_MS), NONCE_LIFETIME_MS)).toBe(true);
  });
});
