/**
 * What a command can see and touch besides its arguments, handed in so that a transcript test runs the very program
 * that a person does.
 */
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { type Clock, systemClock } from '../host/clock.ts';
import { isSystemError } from '../host/files.ts';
import type { RandomBytes } from '../mesh/key.ts';

/** One of the two outputs. */
export interface Output {
  /** Never throws: what nobody reads any more is dropped, and the command goes on to its own end. */
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Characters in a line, for help texts. */
  readonly columns: number;
}

/** See the file's comment. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, absolute. */
  readonly directory: string;
  /** The person's home directory, absolute. */
  readonly home: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, read to its end. */
  readonly readInput: () => Promise<string>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Aborted at the first Ctrl-C or SIGTERM; the reason is the signal's name. Long work ends then, and cleans up. */
  readonly stop: AbortSignal;
}

/** Whether to use colour: only on a terminal, and not where NO_COLOR says no (https://no-color.org). */
export function mayColour(surroundings: Surroundings): boolean {
  return surroundings.stdout.isTerminal && !surroundings.env['NO_COLOR'] && surroundings.env['TERM'] !== 'dumb';
}

/** Help is no easier to read in longer lines. */
const MAX_COLUMNS = 110;

/** Width of help that goes into a file or a pipe. */
const DEFAULT_COLUMNS = 100;

/** Largest standard input that is read, in bytes. */
const MAX_INPUT_BYTES = 1024 * 1024;

async function readStandardInput(): Promise<string> {
  const bytes = await buffer(process.stdin);
  if (bytes.length > MAX_INPUT_BYTES) throw new Error('standard input holds more than 1 MiB');
  return bytes.toString('utf8');
}

function output(stream: NodeJS.WriteStream): Output {
  let open = true;
  stream.on('error', (error) => {
    // `tunnelmesh client list | head -1` closes the pipe: that is no error, and no reason to leave work half done.
    if (!isSystemError(error, 'EPIPE')) throw error;
    open = false;
  });
  return {
    write(text): void {
      if (open) stream.write(text);
    },
    isTerminal: (stream.isTTY as boolean | undefined) === true,
    columns: stream.isTTY ? Math.min(stream.columns, MAX_COLUMNS) : DEFAULT_COLUMNS,
  };
}

/** This process's own surroundings. Installs the signal handlers; a second Ctrl-C ends the process at once. */
export function processSurroundings(): Surroundings {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // 128 + 2, what shells report for a process that SIGINT ended.
      if (stopping.signal.aborted && signal === 'SIGINT') process.exit(130);
      stopping.abort(signal);
    });
  return {
    env: process.env,
    directory: process.cwd(),
    home: homedir(),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    readInput: readStandardInput,
    clock: systemClock,
    random: randomBytes,
    stop: stopping.signal,
  };
}
