import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FOLDERS, PACKAGES, PROCESS_STARTERS, PURE, TEST_PACKAGES } from './house.ts';
import { findCycle, importsOf } from './imports.ts';
import { ROOT, codeFiles, folderOf, isForTests } from './tree.ts';

const code = codeFiles().map(importsOf);
const typescript = code.filter(({ path }) => path.endsWith('.ts'));
const setUp = code.filter(({ path }) => /^scripts\/setup\/.*\.mjs$/.test(path));

/** `path imports name` for each of a file's names that is refused. */
function refused(path: string, names: readonly string[], allowed: (name: string) => boolean): string[] {
  return names.filter((name) => !allowed(name)).map((name) => `${path} imports ${name}`);
}

describe('the house', () => {
  it('has a place for every file of TypeScript', () => {
    expect(typescript.filter(({ path }) => FOLDERS[folderOf(path)] === undefined)).toEqual([]);
  });

  it('lets a folder import only the folders that its line names', () => {
    const breaches = typescript.flatMap(({ path, files }) => {
      const folder = folderOf(path);
      const others = isForTests(path) ? ['test'] : [];
      const allowed = [folder, ...(FOLDERS[folder] ?? []), ...others];
      return refused(path, files, (file) => allowed.includes(folderOf(file)));
    });
    expect(breaches).toEqual([]);
  });

  it('lets a folder import only the packages that are given to it', () => {
    const breaches = typescript.flatMap(({ path, packages }) => {
      const folder = folderOf(path);
      const inTests = isForTests(path) ? [...TEST_PACKAGES, ...(folder === 'test' ? Object.keys(PACKAGES) : [])] : [];
      return refused(path, packages, (name) => inTests.includes(name) || (PACKAGES[name] ?? []).includes(folder));
    });
    expect(breaches).toEqual([]);
  });

  it('keeps the machine out of what is pure', () => {
    const breaches = typescript
      .filter(({ path }) => PURE.includes(folderOf(path)) && !isForTests(path))
      .flatMap(({ path, builtins }) => refused(path, builtins, () => false));
    expect(breaches).toEqual([]);
  });

  it('ships nothing that exists for tests only', () => {
    const breaches = typescript
      .filter(({ path }) => !isForTests(path))
      .flatMap(({ path, files }) => refused(path, files, (file) => !isForTests(file)));
    expect(breaches).toEqual([]);
  });

  it('starts processes in one place, and in the set-up', () => {
    const starting = ['node:child_process', 'node:cluster', 'child_process', 'execa'];
    const starters = code.filter(({ builtins, packages }) =>
      [...builtins, ...packages].some((name) => starting.includes(name)),
    );
    expect(starters.map(({ path }) => path)).toEqual(PROCESS_STARTERS);
  });

  it('has no circle of imports', () => {
    expect(findCycle(code)).toBeUndefined();
  });

  it('gives every dependency of the product a place, and nothing else', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(PACKAGES).sort()).toEqual(Object.keys(dependencies).sort());
  });
});

describe('the set-up', () => {
  it('runs before any package is installed: it imports only Node and itself, and what it builds with when it builds', () => {
    const builders: Readonly<Record<string, string>> = {
      'scripts/setup/build.mjs': 'esbuild',
      'scripts/setup/artifact.mjs': 'tar-stream',
    };
    const breaches = setUp.flatMap(({ path, files, packages }) => [
      ...refused(path, files, (file) => file.startsWith('scripts/setup/') && file.endsWith('.mjs')),
      ...refused(path, packages, (name) => builders[path] === name),
    ]);
    expect(breaches).toEqual([]);
    for (const [path, name] of Object.entries(builders))
      expect(readFileSync(join(ROOT, path), 'utf8')).not.toMatch(new RegExp(`^import .* from '${name}'`, 'm'));
  });
});

describe('the search for circles', () => {
  const node = (path: string, ...files: string[]): ReturnType<typeof importsOf> => ({
    path,
    files,
    packages: [],
    builtins: [],
  });

  it('finds none where every path ends', () => {
    expect(findCycle([node('a', 'b', 'c'), node('b', 'c'), node('c')])).toBeUndefined();
  });

  it('gives the files along a circle', () => {
    expect(findCycle([node('a', 'b'), node('b', 'c'), node('c', 'b')])).toEqual(['b', 'c', 'b']);
  });

  it('sees imports of every form', () => {
    const text = [
      `import { a } from './a.ts';`,
      `import type { B } from '../b.ts';`,
      `export { c } from 'zod/mini';`,
      `const d = await import('@noble/curves/ed25519.js');`,
      `import 'node:fs';`,
    ].join('\n');
    expect(importsOf({ path: 'peer/x.ts', text })).toEqual({
      path: 'peer/x.ts',
      files: ['peer/a.ts', 'b.ts'],
      packages: ['zod', '@noble/curves'],
      builtins: ['node:fs'],
    });
  });
});
