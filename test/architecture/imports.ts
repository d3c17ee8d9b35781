/** Who imports what, types included. */
import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './tree.ts';

/** The imports of one file. */
export interface Imports {
  readonly path: string;
  /** Files of this repository, as paths from its root. */
  readonly files: readonly string[];
  /** Packages by name, without the path inside. */
  readonly packages: readonly string[];
  /** Modules of Node, with `node:`. */
  readonly builtins: readonly string[];
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Reads the imports of a file: `import`, `export … from`, `import()`, `import type` and `require()`. */
export function importsOf({ path, text }: SourceFile): Imports {
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map((one) => one.fileName);
  const isOurs = (specifier: string): boolean => specifier.startsWith('.');
  const isNode = (specifier: string): boolean => specifier.startsWith('node:');
  return {
    path,
    files: specifiers.filter(isOurs).map((specifier) => posix.join(posix.dirname(path), specifier)),
    packages: specifiers.filter((specifier) => !isOurs(specifier) && !isNode(specifier)).map(packageOf),
    builtins: specifiers.filter(isNode),
  };
}

/** The first circle of imports, as the files along it, or `undefined` when there is none. */
export function findCycle(all: readonly Imports[]): readonly string[] | undefined {
  const next = new Map(all.map((one) => [one.path, one.files]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const imported of next.get(path) ?? []) {
      const cycle = visit(imported, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of all) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
