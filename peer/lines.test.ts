import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from './lines.ts';

describe('line splitter', () => {
  it('however the bytes are cut, the same lines come out', () => {
    const text = fc.array(fc.string({ unit: 'binary' }).map((line) => line.replaceAll('\n', '')));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
        const splitter = new LineSplitter(10_000);
        const seen: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          seen.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(seen).toEqual(bytes.toString('utf8').split('\n').slice(0, -1));
      }),
    );
  });

  it('a line longer than allowed is refused before it is whole', () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(Buffer.from('four\n'))).toEqual(['four']);
    splitter.push(Buffer.from('fou'));
    expect(() => splitter.push(Buffer.from('rs'))).toThrow('a line of more than 4 bytes');
  });
});
