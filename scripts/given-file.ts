/** Files that a person names on the command line. */
import { open } from 'node:fs/promises';
import { endingOf, EXIT, Failure } from './failure.ts';
import { expandPath } from './home.ts';
import type { Surroundings } from './surroundings.ts';

/** A file's text, and whether anybody but its owner can read it. */
export interface GivenFile {
  readonly text: string;
  readonly open: boolean;
}

/**
 * Reads the file whole.
 * @throws Failure (wrong input) when it cannot be read or is larger than `maxBytes`
 */
export async function readGivenFile(path: string, maxBytes: number, surroundings: Surroundings): Promise<GivenFile> {
  let file;
  try {
    file = await open(expandPath(path, surroundings), 'r');
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Failure(EXIT.wrongInput, `${path}: it is a directory`);
    const { mode, size } = stats;
    if (size > maxBytes)
      throw new Failure(EXIT.wrongInput, `${path}: ${String(size)} bytes; allowed: ${String(maxBytes)} at most`);
    return { text: await file.readFile('utf8'), open: (mode & 0o077) !== 0 };
  } catch (error) {
    const ending = endingOf(error);
    throw ending ? new Failure(EXIT.wrongInput, ending.detail) : error;
  } finally {
    await file?.close();
  }
}
