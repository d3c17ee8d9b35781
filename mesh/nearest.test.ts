import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearest } from './nearest.ts';

const KNOWN = ['coordinator', 'peer', 'wireguard', 'wg_port', 'region'];

describe('the nearest known word', () => {
  it.each([
    ['wiregaurd', 'wireguard'],
    ['WireGuard', 'wireguard'],
    ['wg-port', 'wg_port'],
    ['coordinater', 'coordinator'],
    ['regoin', 'region'],
  ])('to "%s" is "%s"', (word, known) => {
    expect(nearest(word, KNOWN)).toBe(known);
  });

  it.each(['database', 'x', 'w'.repeat(65)])('to "%s" is none', (word) => {
    expect(nearest(word, KNOWN)).toBeUndefined();
  });

  it('to a known word is the word itself', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-z_]{1,20}$/), { minLength: 1, maxLength: 10 });
    fc.assert(fc.property(words, (known) => known.every((word) => nearest(word, known) === word)));
  });

  it('to a word with one letter dropped is found among words that are far apart', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN.filter((word) => word.length > 4)), fc.nat(), (word, position) => {
        const at = position % word.length;
        expect(nearest(word.slice(0, at) + word.slice(at + 1), KNOWN)).toBe(word);
      }),
    );
  });
});
