/**
 * Commands of the set-up, which runs before any dependency is there. (The product's own processes start in
 * host/run.ts; nothing else of this repository starts one.)
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';

/** Signals that ask a program to end. */
const ENDING = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** How long a program that ran out of time may take to clean up before it is killed, in milliseconds. */
const GRACE_MS = 20_000;

/** How often to look whether npm is still there, in milliseconds. */
const ORPHAN_CHECK_MS = 500;

/** Directories of system administration commands; an ordinary user's PATH on Debian lacks them. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Why a step of the set-up cannot go on, in words for the person in front of it; never shown with a stack trace. */
export class SetupError extends Error {}

/**
 * Says why the set-up failed, in one line on standard error, and sets the exit code. What is neither ours nor the system's
 * refusal is a fault of the set-up itself and thrown on.
 * @param {unknown} error
 */
export function fail(error) {
  const isRefusal = error instanceof SetupError || (error instanceof Error && 'syscall' in error);
  if (!isRefusal) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/**
 * The search path of commands, with the directories of system administration behind it.
 * @returns {string[]}
 */
export function searchPath() {
  const own = (process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin')
    .split(':')
    .filter((directory) => directory !== '');
  return [...new Set([...own, ...SYSTEM_DIRECTORIES])];
}

/**
 * Runs a command quietly.
 * @param {readonly [string, ...string[]]} argv
 * @param {{ env?: Record<string, string>, timeoutMs?: number }} [options] - half a minute unless said otherwise
 * @returns {{ code: number | null, output: string }} code is null when it could not start or ran out of time
 */
export function probe(argv, options = {}) {
  const [file, ...args] = argv;
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 30_000,
    env: { ...process.env, LC_ALL: 'C', PATH: searchPath().join(':'), ...options.env },
  });
  // Both are null, whatever their types say, when the program could not start.
  return { code: status, output: [stdout, stderr].join('') };
}

/**
 * Runs a program in the foreground and waits for its end, whatever signals arrive meanwhile: each is passed on once.
 *
 * A Ctrl-C is sent by the terminal to every program of the foreground group, and by npm to its child again. A program
 * `inOwnSession` is out of the terminal's reach and so hears of it once. It also gets a channel (`process.channel`) that
 * closes when this process is killed, so that it can clean up after all. A SIGTERM to npm ends npm and the shell it
 * started us by, and is not passed on: when our parent is gone, the program is asked to end in its place.
 *
 * @param {readonly [string, ...string[]]} argv
 * @param {{ env?: Record<string, string>, timeoutMs?: number, inOwnSession?: boolean }} [options]
 * @returns {Promise<{ code: number, interrupted: boolean, timedOut: boolean }>} code is 128 + the signal's number when a
 *   signal ended it; interrupted when this process was asked to end meanwhile
 */
export function runForeground(argv, options = {}) {
  const [file, ...args] = argv;
  const own = options.inOwnSession ?? false;
  const child = spawn(file, args, {
    stdio: own ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    detached: own,
    env: { ...process.env, PATH: searchPath().join(':'), ...options.env },
  });
  /** @type {Set<string>} */
  const passedOn = new Set();
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    if (passedOn.has(signal)) return;
    passedOn.add(signal);
    child.kill(signal);
  };
  for (const signal of ENDING) process.on(signal, passOn);
  const parent = process.ppid;
  const orphanCheck = setInterval(() => {
    if (process.env['npm_lifecycle_event'] !== undefined && process.ppid !== parent) passOn('SIGTERM');
  }, ORPHAN_CHECK_MS);
  let timedOut = false;
  const timers =
    options.timeoutMs === undefined
      ? []
      : [
          setTimeout(() => {
            timedOut = true;
            child.kill('SIGTERM');
          }, options.timeoutMs),
          setTimeout(() => child.kill('SIGKILL'), options.timeoutMs + GRACE_MS),
        ];
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearInterval(orphanCheck);
      for (const timer of timers) clearTimeout(timer);
      for (const signal of ENDING) process.off(signal, passOn);
    };
    child.once('error', (error) => {
      settle();
      reject(new SetupError(`\`${argv.join(' ')}\` could not be started: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve({
        code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        interrupted: passedOn.size > 0,
        timedOut,
      });
    });
  });
}
