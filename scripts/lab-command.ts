/** What the lab's subcommands share: which lab, which program, and saying what goes on. */
import { fileURLToPath } from 'node:url';
import { DEFAULT_STATE_DIRECTORY } from '../lab/state-directory.ts';
import { readGivenFile } from './given-file.ts';
import { expandPath } from './home.ts';
import type { Surroundings } from './surroundings.ts';

/** The command that runs this program on the lab's hosts. */
export const PROGRAM = [process.execPath, fileURLToPath(new URL('../bin/tunnelmesh.mjs', import.meta.url))] as const;

/** The option of every subcommand that says which lab is meant. */
export const STATE_OPTION = ['--state <directory>', "the lab's folder", DEFAULT_STATE_DIRECTORY] as const;

/**
 * Says what happens while something long goes on, on standard error so that data stays alone. Once we are told to stop,
 * what still fails is what we take away ourselves, and nobody's business.
 */
export function sayProgress({ stderr, stop }: Surroundings): (line: string) => void {
  return (line) => {
    if (!stop.aborted) stderr.write(`${line}\n`);
  };
}

/** What {@link STATE_OPTION} gives. */
export interface StateOption {
  readonly state: string;
}

/** The lab that the options name. */
export function stateOf({ state }: StateOption, surroundings: Surroundings): { readonly stateDirectory: string } {
  return { stateDirectory: expandPath(state, surroundings) };
}

/** Largest mesh file, in bytes: a thousand nodes with everything that a node can have. */
const MAX_MESH_FILE_BYTES = 4 * 1024 * 1024;

/** The mesh file that a person named. @throws Failure (wrong input) when it cannot be read */
export async function meshFileAt(
  path: string,
  surroundings: Surroundings,
): Promise<{ readonly path: string; readonly text: string }> {
  return { path, text: (await readGivenFile(path, MAX_MESH_FILE_BYTES, surroundings)).text };
}
