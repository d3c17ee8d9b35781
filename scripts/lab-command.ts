/** What the lab's subcommands share: which lab, which program, and saying what goes on. */
import { fileURLToPath } from 'node:url';
import { DEFAULT_STATE_DIRECTORY } from '../lab/state-directory.ts';
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
