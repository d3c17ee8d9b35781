import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { labelArbitrary } from '../test/property/value-arbitrary.ts';
import { foldName, isLabel, RESERVED_LABELS } from './name.ts';

describe('names', () => {
  it.each([
    ['iPhone', 'iphone'],
    ['Work-Laptop', 'work-laptop'],
    ["Zoë's phone", 'zoes-phone'],
    ['Zoë’s phone', 'zoes-phone'],
    ['  My   Files!  ', 'my-files'],
    ['Ångström №7', 'angstrom-no7'],
    ['a_b.c', 'a-b-c'],
    ['10', '10'],
    ['Web -- 1', 'web-1'],
  ])('"%s" folds to "%s"', (displayName, label) => {
    expect(foldName(displayName)).toBe(label);
  });

  it.each(['', '---', '雨', 'This', 'PANEL', ' localhost ', 'a'.repeat(64)])('"%s" folds to nothing', (displayName) => {
    expect(foldName(displayName)).toBeUndefined();
  });

  it('whatever is folded is a label that is not reserved', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (displayName) => {
        const label = foldName(displayName);
        return label === undefined || (isLabel(label) && !RESERVED_LABELS.includes(label));
      }),
    );
  });

  it('a label is its own fold, also one with hyphens in a row', () => {
    fc.assert(
      fc.property(labelArbitrary, (label) => {
        expect(foldName(label)).toBe(label);
      }),
    );
    expect(foldName('xn--zo-mia')).toBe('xn--zo-mia');
  });

  it.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a b', 'é', 'a\n', 'a'.repeat(64)])('"%s" is no label', (text) => {
    expect(isLabel(text)).toBe(false);
  });
});
