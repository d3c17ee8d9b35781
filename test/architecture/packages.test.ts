import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './tree.ts';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly overrides?: Record<string, string>;
}

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('the packages', () => {
  it('are pinned to one version each', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides };
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    expect(loose).toEqual([]);
  });

  it('are locked by their contents, wherever they are fetched from', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    const loose = locked.filter(([, { integrity, inBundle }]) => integrity === undefined && inBundle !== true);
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  it('are locked for every platform, or `npm ci` would refuse the lockfile', () => {
    const missing = locked.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
    );
    expect(missing).toEqual([]);
  });
});

/** Says whether a package that the one at `path` asks for is there: in its own node_modules, or in one further out. */
function isLocked(path: string, name: string): boolean {
  const folders = path.split('/node_modules/').map((_, index, parts) => parts.slice(0, parts.length - index));
  return [...folders.map((parts) => `${parts.join('/node_modules/')}/`), ''].some(
    (folder) => lock.packages[`${folder}node_modules/${name}`] !== undefined,
  );
}
