/**
 * What can be wrong with something a person or a program handed us.
 *
 * A {@link Problem} names one place, what stood there and what may stand there. Documents (mesh file, configuration
 * files, request bodies) are checked to the end and report all of their problems at once in a {@link ProblemsError};
 * a request that is well formed but cannot be granted is a {@link MeshError}.
 */

/** One refused value: where it stands, what was given, and what is allowed there. */
export interface Problem {
  /** Dotted path inside the document, such as `nodes.wg-us.wg_port`; empty for the document itself. */
  readonly path: string;
  /** The value as it was given; `undefined` where something is missing. */
  readonly given: unknown;
  /** What is allowed, as the end of the sentence "allowed: …". */
  readonly allowed: string;
}

const GIVEN_MAX_CHARACTERS = 120;

/** The given value as it is quoted in a message: JSON, cut to one short line, never a dump of a whole document. */
export function quoteGiven(given: unknown): string {
  if (given === undefined) return 'missing';
  const spelled = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
  const text = (JSON.stringify(given, spelled) as string | undefined) ?? typeof given;
  return text.length > GIVEN_MAX_CHARACTERS ? `${text.slice(0, GIVEN_MAX_CHARACTERS)}…` : text;
}

/** One line for a person: `nodes.wg-us.wg_port: 70000; allowed: a port, 1-65535`. */
export function renderProblem(problem: Problem): string {
  const where = problem.path === '' ? '' : `${problem.path}: `;
  return `${where}${quoteGiven(problem.given)}; allowed: ${problem.allowed}`;
}

/** A document that cannot be used. Its message holds one line for each problem, all of them. */
export class ProblemsError extends Error {
  override readonly name = 'ProblemsError';
  readonly source: string;
  readonly problems: readonly Problem[];

  /**
   * @param source - what was read, as the person knows it: a file's path or "request body"
   * @param problems - at least one
   */
  constructor(source: string, problems: readonly Problem[]) {
    super(
      [
        `${source}: ${String(problems.length)} problem${problems.length === 1 ? '' : 's'}`,
        ...problems.map((p) => `  ${renderProblem(p)}`),
      ].join('\n'),
    );
    this.source = source;
    this.problems = problems;
  }
}

/** Why a well-formed request was not granted. The coordinator maps each to one HTTP status, exhaustively. */
export type Refusal =
  'unauthorized' | 'forbidden' | 'not-found' | 'conflict' | 'invalid' | 'exhausted' | 'too-many' | 'unavailable';

/** A request refused for a reason of the mesh's own. The message is one sentence for a person. */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}
