import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base64 } from './base64.ts';
import { hex } from './hex.ts';

describe('base64', () => {
  // RFC 4648 §10.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('RFC 4648 §10: "%s" is "%s"', (text, encoded) => {
    expect(base64.encode(new TextEncoder().encode(text))).toBe(encoded);
    expect(base64.decode(encoded)).toEqual(new TextEncoder().encode(text));
  });

  it('bytes survive the way to their text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(base64.decode(base64.encode(bytes))).toEqual(bytes);
      }),
    );
  });

  it('whatever is accepted is exactly what would be written', () => {
    const text = fc.string({ unit: fc.constantFrom('A', 'Z', 'g', '+', '/', '=', '-', '_', ' ', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(text, (given) => {
        const bytes = base64.decode(given);
        return bytes === undefined || base64.encode(bytes) === given;
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Z', ' Zg==', 'Zg==\n', 'Zm9v-_8='])('"%s" is refused', (text) => {
    expect(base64.decode(text)).toBeUndefined();
  });
});

describe('hexadecimal', () => {
  it('bytes survive the way to their text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        expect(hex.decode(hex.encode(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['', 'a', 'abc', 'AB', '0x', 'g0', 'ab ', 'ab\n'])('"%s" is refused', (text) => {
    expect(hex.decode(text)).toBeUndefined();
  });
});
