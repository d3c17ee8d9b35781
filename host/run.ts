/**
 * The one place where processes are started: argument arrays, no shell, `LC_ALL=C`, a timeout on everything that is
 * expected to end. Everybody else takes a {@link Run} or a {@link Start}, so that unit tests can hand in a strict fake.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { execa } from 'execa';

/** How long a command may take unless its caller says otherwise, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 15_000;

/** Most output that is kept of one command, in characters; a dump of a million WireGuard peers fits. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/** How much of a failed command's output is quoted. */
const QUOTED_OUTPUT = 500;

/** What a command may be given besides its arguments. */
export interface RunOptions {
  /** Text for its standard input; secrets go this way, never as arguments. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Exit codes besides 0 that are no failure. */
  readonly okExitCodes?: readonly number[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command that ended left. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @throws CommandError unless it ends with an exit code that is allowed */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;

/** Why a command failed: not installed, not permitted to start, out of time, killed, or its own exit code. */
export type CommandFailure = 'missing' | 'unstartable' | 'timeout' | 'signal' | 'exit';

/** A command that failed, with what it printed. Arguments are quoted, so they must never hold a secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly argv: readonly string[];
  readonly failure: CommandFailure;
  readonly exitCode: number | undefined;
  readonly output: string;

  constructor(
    argv: readonly string[],
    failure: CommandFailure,
    detail: string,
    exitCode: number | undefined,
    output: string,
  ) {
    super(`\`${renderArgv(argv)}\` ${detail}${output === '' ? '' : `: ${output.slice(0, QUOTED_OUTPUT)}`}`);
    this.argv = argv;
    this.failure = failure;
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** The command as one could paste it into a POSIX shell. */
export function renderArgv(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** Runs commands for real. */
export const run: Run = async (argv, options = {}) => {
  const [file, ...args] = argv;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const result = await execa(file, args, {
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
    env: { LC_ALL: 'C', ...options.env },
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const output = (result.stderr || result.stdout).trim();
  if (result.timedOut)
    throw new CommandError(argv, 'timeout', `did not end within ${String(timeoutMs / 1000)} s`, undefined, output);
  if (result.isTerminated)
    throw new CommandError(argv, 'signal', `was ended by ${result.signal ?? 'a signal'}`, undefined, output);
  if (result.exitCode === undefined) {
    const missing = result.code === 'ENOENT';
    throw new CommandError(
      argv,
      missing ? 'missing' : 'unstartable',
      missing ? 'is not installed' : `could not be started (${result.code ?? 'unknown'})`,
      undefined,
      '',
    );
  }
  if (result.exitCode !== 0 && !options.okExitCodes?.includes(result.exitCode)) {
    throw new CommandError(argv, 'exit', `failed with exit code ${String(result.exitCode)}`, result.exitCode, output);
  }
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
};

/** Where a long-running process's output goes, and whether it outlives us. */
export interface StartOptions {
  /** File descriptor for both outputs, or `ignore`, or `inherit`. */
  readonly output: number | 'ignore' | 'inherit';
  /** In a session of its own, so that it survives this process. */
  readonly detached?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that is expected to go on. */
export interface Process {
  /** `undefined` when it could not be started; `ended` then says why. */
  readonly pid: number | undefined;
  /** Settles when it ends: how, in a few words. Never rejects. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a process that is expected to go on. */
export type Start = (argv: readonly [string, ...string[]], options: StartOptions) => Process;

/** Starts processes for real. */
export const start: Start = (argv, options) => {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: options.detached ?? false,
    stdio: ['ignore', options.output, options.output],
    env: { ...process.env, LC_ALL: 'C', ...options.env },
  });
  if (options.detached) child.unref();
  return {
    pid: child.pid,
    ended: new Promise((resolve) => {
      child.once('error', (error) => {
        resolve(`could not be started (${error.message})`);
      });
      child.once('exit', (code, signal) => {
        resolve(code === null ? `ended by ${String(signal)}` : `exit code ${String(code)}`);
      });
    }),
    kill(signal): void {
      child.kill(signal);
    },
  };
};

/** Runs a command in our place: our terminal or pipes, our directory. Settles with the exit code that a shell would give. */
export type Attach = (argv: readonly [string, ...string[]], env: Readonly<Record<string, string>>) => Promise<number>;

/** Attaches commands for real. A signal from the terminal reaches the command too, so that its end is what ends us. */
export const attach: Attach = (argv, env) => {
  const [file, ...args] = argv;
  const leaveToCommand = (): void => undefined;
  for (const signal of TERMINAL_SIGNALS) process.on(signal, leaveToCommand);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', (error) => {
      reject(new CommandError(argv, 'unstartable', `could not be started (${error.message})`, undefined, ''));
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  }).finally(() => {
    for (const signal of TERMINAL_SIGNALS) process.off(signal, leaveToCommand);
  });
};

/** What Ctrl-C and Ctrl-\\ send to every process of the terminal's foreground. */
const TERMINAL_SIGNALS = ['SIGINT', 'SIGQUIT'] as const;
