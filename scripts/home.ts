/** Where the program keeps a person's things: contexts, keys and, unless configured, a peer's data. */
import { isAbsolute, join, resolve } from 'node:path';
import type { Surroundings } from './surroundings.ts';

/** `~/.tunnelmesh`, or what TUNNELMESH_HOME says. Absolute. */
export function tunnelmeshHome({ env, home, directory }: Surroundings): string {
  const given = env['TUNNELMESH_HOME'];
  return given === undefined || given === '' ? join(home, '.tunnelmesh') : resolve(directory, given);
}

/** The path that a person wrote: `~/` is their home, anything relative starts at the working directory. */
export function expandPath(path: string, { home, directory }: Surroundings): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(directory, path);
}
