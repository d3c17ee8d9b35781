/** The problems that a parser reports, as lines for people. */
import { ProblemsError, renderProblem } from '../../mesh/problem.ts';

/** Runs the parser and gives its problems; none when it accepts. Anything else that is thrown goes on. */
export function problemsIn(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ProblemsError) return error.problems.map(renderProblem);
    throw error;
  }
}
