/** What every subcommand gets and gives. */
import type { Command } from 'commander';
import type { Surroundings } from './surroundings.ts';

/** Options that stand anywhere on the command line, in commander's spelling. */
export interface GlobalOptions {
  readonly context?: string;
  readonly json?: boolean;
}

/** What a subcommand's file exports. */
export interface CommandModule {
  /** Adds arguments, options, examples and the action to the command that the table made. */
  readonly define: (command: Command, surroundings: Surroundings) => void;
}

/** Prints what a command has to say: the data as JSON where `--json` asks for it, else the text for people. */
export function print({ stdout }: Surroundings, { json }: GlobalOptions, data: unknown, text: string): void {
  stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : text);
}
