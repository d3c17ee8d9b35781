/**
 * A runner that writes down what it is asked to run and answers only what it was told to expect: any other command fails
 * the test.
 */
import { CommandError, renderArgv, type Run } from '../../host/run.ts';

/** What a command answers: its output, or the exit code and output of a failure. */
export type Answer = string | { readonly exitCode: number; readonly output: string };

/** See the file's comment. */
export class Transcript {
  /** Commands in order, as one would type them; standard input follows, each line after `< `. */
  readonly lines: string[] = [];
  readonly #answers: Map<string | RegExp, Answer>;

  /** @param answers - by the whole command line, or by a pattern of it */
  constructor(answers: readonly (readonly [string | RegExp, Answer])[]) {
    this.#answers = new Map(answers);
  }

  /** Changes what a command answers from now on. */
  answer(command: string | RegExp, answer: Answer): void {
    this.#answers.set(command, answer);
  }

  readonly run: Run = (argv, options = {}) => {
    const line = renderArgv(argv);
    this.lines.push(
      line,
      ...(options.input ?? '')
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => `< ${text}`),
    );
    const found = [...this.#answers].find(([expected]) =>
      typeof expected === 'string' ? expected === line : expected.test(line),
    )?.[1];
    if (found === undefined) return Promise.reject(new Error(`an unexpected command was run: ${line}`));
    if (typeof found === 'string') return Promise.resolve({ exitCode: 0, stdout: found, stderr: '' });
    if (options.okExitCodes?.includes(found.exitCode))
      return Promise.resolve({ exitCode: found.exitCode, stdout: '', stderr: found.output });
    return Promise.reject(new CommandError(argv, 'exit', 'failed', found.exitCode, found.output));
  };
}
