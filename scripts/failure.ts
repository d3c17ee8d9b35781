/**
 * How a command ends: its exit code, which scripts may rely on, and what it says on standard error. Never a stack
 * trace, unless TUNNELMESH_DEBUG asks for one.
 */
import { CommanderError } from 'commander';
import { type Problem, ProblemsError, quoteGiven } from '../mesh/problem.ts';

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** Understood and refused, or tried and failed. */
  failed: 1,
  /** The command line, a file or a value in it is wrong; nothing was done. */
  wrongInput: 2,
  /** The coordinator or the daemon could not be reached. */
  unreachable: 3,
  /** Ended by Ctrl-C, 128 + SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM, 128 + SIGTERM; daemons end with 0. */
  terminated: 143,
} as const;

/** A command that cannot go on, for a reason that is no bug. The message is for a person: what is wrong, what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;
  readonly problems: readonly Problem[];
  /** Status of the coordinator's answer, where it was the coordinator that refused. */
  readonly status: number | undefined;

  constructor(exitCode: number, message: string, problems: readonly Problem[] = [], status?: number) {
    super(message);
    this.exitCode = exitCode;
    this.problems = problems;
    this.status = status;
  }
}

/** A command that has said all there is to say; only its exit code remains. */
export class Ended extends Error {
  override readonly name = 'Ended';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('');
    this.exitCode = exitCode;
  }
}

/** The refusal of one or several values of the command line. */
export function wrongArguments(...problems: readonly Problem[]): ProblemsError {
  return new ProblemsError('command line', problems);
}

/** How a command ended that did not end well. */
export interface Ending {
  readonly exitCode: number;
  readonly title: string;
  readonly detail: string;
  readonly problems: readonly Problem[];
  readonly status: number | undefined;
}

const TITLES: Readonly<Record<number, string>> = {
  [EXIT.failed]: 'Failed',
  [EXIT.wrongInput]: 'Wrong input',
  [EXIT.unreachable]: 'Unreachable',
  [EXIT.interrupted]: 'Interrupted',
};

/** Errors of the other folders whose message is one sentence for a person; by name, so that none of them gets loaded. */
const EXPECTED_ERRORS: Readonly<Record<string, number>> = {
  MeshError: EXIT.failed,
  CommandError: EXIT.failed,
  JoinError: EXIT.failed,
  IdentityError: EXIT.failed,
  PeerError: EXIT.failed,
  LabError: EXIT.failed,
  ControlError: EXIT.unreachable,
};

/** What the system's own errors mean, in words. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EADDRINUSE: 'something else listens there already',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/** A system error in words; `undefined` for any other. Known by its shape, since errors of other realms are no `Error` here. */
function sentenceOf(error: object): string | undefined {
  const { code, path, address, port } = error as { code?: unknown; path?: string; address?: string; port?: number };
  const meaning = typeof code === 'string' ? SYSTEM_ERRORS[code] : undefined;
  if (meaning === undefined) return undefined;
  const where = path ?? (port === undefined ? undefined : `${address ?? ''}:${String(port)}`);
  return `${where === undefined ? '' : `${where}: `}${meaning}`;
}

function ending(exitCode: number, detail: string, problems: readonly Problem[] = [], status?: number): Ending {
  return { exitCode, title: TITLES[exitCode] ?? 'Failed', detail, problems, status };
}

/** What the error means for the person and for the exit code; `undefined` when it only ends a help or version text. */
export function endingOf(error: unknown): Ending | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    return ending(EXIT.wrongInput, error.message.replace(/^error: /, '').replace(/\n/g, ' '));
  }
  if (error instanceof ProblemsError) return ending(EXIT.wrongInput, error.message, error.problems);
  if (error instanceof Failure) return ending(error.exitCode, error.message, error.problems, error.status);
  if (typeof error !== 'object' || error === null) return ending(EXIT.failed, `${String(error)} (unexpected)`);
  const { name, message } = error as { name?: unknown; message?: unknown };
  const expected = typeof name === 'string' ? EXPECTED_ERRORS[name] : undefined;
  if (expected !== undefined) return ending(expected, String(message));
  const sentence = sentenceOf(error);
  if (sentence !== undefined) return ending(EXIT.failed, sentence);
  return ending(EXIT.failed, `${String(message)} (unexpected; TUNNELMESH_DEBUG=1 shows where)`);
}

/** The ending as `--json` prints it on standard error: an RFC 9457 problem document with the exit code added. */
export function problemDocumentOf({ exitCode, title, detail, problems, status }: Ending): Record<string, unknown> {
  return {
    type: 'about:blank',
    title,
    ...(status === undefined ? {} : { status }),
    detail: problems.length > 0 ? (detail.split('\n', 1)[0] ?? '') : detail,
    exit_code: exitCode,
    ...(problems.length > 0
      ? { problems: problems.map(({ path, given, allowed }) => ({ path, given: quoteGiven(given), allowed })) }
      : {}),
  };
}
