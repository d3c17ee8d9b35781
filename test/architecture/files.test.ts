import { describe, expect, it } from '@jest/globals';
import { undocumentedExports } from './exports.ts';
import { EMPTY_NAMES, MAX_LINES, MAX_TEST_LINES } from './house.ts';
import { allFiles, codeFiles, isForTests } from './tree.ts';

const code = codeFiles();

describe('every file of code', () => {
  it('is short enough to hold one idea', () => {
    const long = code
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (isForTests(path) ? MAX_TEST_LINES : MAX_LINES));
    expect(long).toEqual([]);
  });

  it('has a name that says what is inside, and so has its folder', () => {
    const empty = code.filter(({ path }) =>
      path
        .split('/')
        .some((part) => part.startsWith('index.') || EMPTY_NAMES.some((name) => part.split(/[-.]/).includes(name))),
    );
    expect(empty.map(({ path }) => path)).toEqual([]);
  });

  it('says of everything it exports what it promises', () => {
    const silent = code
      .filter(({ path }) => !isForTests(path) && !path.endsWith('.config.mjs'))
      .flatMap((file) => undocumentedExports(file).map((name) => `${file.path}: ${name}`));
    expect(silent).toEqual([]);
  });
});

describe('every file', () => {
  it('ends its lines, the last one too, with a line feed alone', () => {
    const odd = allFiles().filter(({ text }) => text.includes('\r') || (text !== '' && !text.endsWith('\n')));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('names neither the machine that it was written on nor where its packages came from', () => {
    // In pieces, or this file would name them.
    const hosts = [['registry', 'npmjs', 'org'].join('.'), ['registry', 'yarnpkg', 'com'].join('.'), registryHost()];
    const paths = new RegExp(['(?<![\\w.-])', 'work', '(?:main|shared|wt)\\b'].join('/'));
    const telling = allFiles().filter(({ text }) => paths.test(text) || hosts.some((host) => text.includes(host)));
    expect(telling.map(({ path }) => path)).toEqual([]);
  });
});

/** The registry that npm uses on this machine, where npm runs the tests; else none, a name that nothing contains. */
function registryHost(): string {
  const url = process.env['npm_config_registry'];
  return url === undefined ? '\0' : new URL(url).host;
}

describe('the search for undocumented exports', () => {
  const find = (text: string): readonly string[] => undocumentedExports({ path: 'x.ts', text });

  it.each([
    ['export const a = 1, b = 2;', 'a, b'],
    ['export function f(): void {}', 'f'],
    ['// A remark.\nexport class C {}', 'C'],
    ['/** Of another. */\nconst x = 1;\nexport interface I { a: 1 }', 'I'],
    ['export type T = 1;', 'T'],
  ])('finds the one in %j', (text, name) => {
    expect(find(text)).toEqual([name]);
  });

  it('asks no comment of the type of a schema', () => {
    expect(find('/** Says so. */\nexport const s = z.string();\nexport type S = z.infer<typeof s>;\n')).toEqual([]);
  });

  it('is content with a doc comment right before the declaration', () => {
    expect(find('/** Says so. */\nexport const a = 1;\nconst hidden = 2;\n')).toEqual([]);
  });
});
