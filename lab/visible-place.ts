/** What every host of a lab uses of the machine's files, and where it could not see them. */
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSystemError } from '../host/files.ts';
import { LabError } from './start.ts';

/** Directories that a host has to itself, with nothing of the machine's shining through (`host-steps.ts`). */
const HIDDEN = ['/run', '/proc', '/sys', '/var/lib/tunnelmesh', '/etc/tunnelmesh', '/etc/wireguard'];

/** A file or directory, which need not be there yet. */
export interface Place {
  /** What it is, in words. */
  readonly what: string;
  /** Absolute. */
  readonly path: string;
}

/** The directory of a host's own in which the path lies, if it does. */
export function hiddenBelow(path: string): string | undefined {
  return HIDDEN.find((directory) => path === directory || path.startsWith(`${directory}/`));
}

/** The path without symbolic links, as far as it exists. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') || path === '/') throw error;
    return resolved(dirname(path));
  }
}

/** @throws LabError at the first place that a host could not see, by its own path or by where links lead */
export async function requireVisible(places: readonly Place[]): Promise<void> {
  for (const { what, path } of places) {
    const directory = hiddenBelow(path) ?? hiddenBelow(await resolved(path));
    if (directory === undefined) continue;
    throw new LabError(
      `${what} is in ${path}, where no host of a lab can see it; allowed: a place outside ${directory}`,
    );
  }
}
