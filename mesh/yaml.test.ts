import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { problemsIn } from '../test/property/problems-in.ts';
import { parseYaml, renderYaml } from './yaml.ts';

function problems(text: string): readonly string[] {
  return problemsIn(() => parseYaml(text, 'mesh.yaml'));
}

describe('YAML documents', () => {
  it('what is rendered parses to the same document, and no line is folded', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('a '.repeat(99)));
    const documents = fc.dictionary(
      fc.string(),
      fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar)),
    );
    fc.assert(
      fc.property(documents, (document) => {
        expect(parseYaml(renderYaml(document), 'x')).toEqual(document);
      }),
    );
    expect(
      renderYaml({ token: 'ab '.repeat(100) })
        .trim()
        .split('\n'),
    ).toHaveLength(1);
  });

  it('a key is text, also one that looks like a number', () => {
    expect(parseYaml('007: x\ntrue: y\n', 'x')).toEqual({ '007': 'x', true: 'y' });
  });

  it('an empty file is an empty document', () => {
    expect([parseYaml('', 'x'), parseYaml('# nothing\n', 'x')]).toEqual([{}, {}]);
  });

  it.each([
    ['name: a\nname: b\n', '2:1'],
    ['a:\n  b: 1\n c: 2\n', '3:1'],
    ['a: [1, 2\n', '2:1'],
    ['a: "x\n', '2:1'],
    ['a: 1\n---\nb: 2\n', '2:1'],
    ['a: !secret x\n', '1:4'],
    ['? [a]\n: x\n', '1:3'],
  ])('%j is refused with its line and column', (text, place) => {
    expect(problems(text)[0]?.split(': ')[0]).toBe(place);
  });

  it('every syntax error of a file is reported', () => {
    expect(problems('a: 1\na: 2\nb: 1\nb: 2\n')).toHaveLength(2);
  });

  it('no syntax error repeats what the file says', () => {
    const secret = 'hunter2';
    for (const text of [
      `t: ${secret}\n t: 1`,
      `- ${secret}\na: b`,
      `"${secret}`,
      `*${secret}`,
      `!${secret} x`,
      `t: ]${secret}`,
    ]) {
      expect(problems(text)).not.toHaveLength(0);
      expect(problems(text).join()).not.toContain(secret);
    }
  });

  it('a file that would grow without bound is refused', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${Array.from(
      'bcdefg',
      (key, index) =>
        `${key}: &${key} [${Array(8)
          .fill(`*${'abcdef'.charAt(index)}`)
          .join(', ')}]\n`,
    ).join('')}`;
    expect(problems(bomb)).toHaveLength(1);
    expect(problems('['.repeat(100_000))).not.toHaveLength(0);
    expect(problems('#'.repeat(1024 * 1024 + 1))).toEqual(['"1048577 bytes"; allowed: at most 1048576 bytes']);
  });
});
