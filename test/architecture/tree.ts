/** The files of this checkout, without what git ignores. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** A file. */
export interface SourceFile {
  /** Path from the checkout's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A line of .gitignore as a pattern for one name; ours name a file or folder, with `*` at most. */
function ignorePattern(line: string): RegExp {
  const name = line.replace(/\/$/, '').replaceAll('.', '\\.').replaceAll('*', '.*');
  return new RegExp(`^${name}$`);
}

function walk(directory: string, ignored: readonly RegExp[]): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true })
    .filter(({ name }) => !ignored.some((pattern) => pattern.test(name)))
    .flatMap((entry) => {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) return walk(path, ignored);
      return entry.isFile() ? [path] : [];
    });
}

/** Every file that is tracked, or would be if it were added. */
export function allFiles(): readonly SourceFile[] {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n').filter(Boolean).map(ignorePattern);
  return walk('', [/^\.git$/, ...ignored]).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The files of code. */
export function codeFiles(): readonly SourceFile[] {
  return allFiles().filter(({ path }) => /\.(?:ts|mjs)$/.test(path));
}

/** Says whether a file exists for tests only: a test, or what tests share. */
export function isForTests(path: string): boolean {
  return /^test\/|\/testing\/|\.(?:test|fixture|contract)\.ts$/.test(path);
}

/** The folder of the house that a file is in; for a file at the root, its name. */
export function folderOf(path: string): string {
  return path.split('/')[0] ?? path;
}
