/**
 * Transcripts of the command: plain text in which a person can see what the program says. A line begins with
 *
 * - `#`  a comment
 * - `$ ` a command: `tunnelmesh …`, or one of `cat`, `ls`, `mode` (permission bits), `write FILE TEXT…`
 * - `% ` NAME=value for the environment from here on (an empty value unsets)
 * - `< ` a file that the following `| ` lines make
 * - `! ` a line that the last command must have written to standard error
 * - `? ` its exit code, where that is not 0
 * - `& ` what else is done at this moment, in the words of the rig (`rig.ts`)
 *
 * and anything else is a line of its standard output. `…` stands for any text inside a line, and a line of nothing but
 * `…` for any number of lines.
 */

/** A command, what stands before it, and what must come of it. */
export interface Step {
  /** Line of the transcript, from 1. */
  readonly line: number;
  readonly words: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly files: readonly (readonly [name: string, text: string])[];
  readonly deeds: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Words of a command as a shell would split them: blanks outside of quotes part them. */
export function splitWords(command: string): readonly string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}

interface Draft {
  line: number;
  words: readonly string[];
  environment: [string, string][];
  files: [string, string][];
  deeds: string[];
  stdout: string[];
  stderr: string[];
  exitCode: number;
}

/** The transcript's steps. @throws Error at a line that makes no sense where it stands */
export function parseTranscript(text: string): readonly Step[] {
  const steps: Draft[] = [];
  let environment: [string, string][] = [];
  let files: [string, string][] = [];
  let deeds: string[] = [];
  for (const [index, line] of text.replace(/\n$/, '').split('\n').entries()) {
    const rest = line.slice(2);
    const step = steps.at(-1);
    const fail = (why: string): never => {
      throw new Error(`line ${String(index + 1)}: ${why}`);
    };
    if (line.startsWith('#')) continue;
    if (line.startsWith('$ ')) {
      steps.push({
        line: index + 1,
        words: splitWords(rest),
        environment,
        files,
        deeds,
        stdout: [],
        stderr: [],
        exitCode: 0,
      });
      [environment, files, deeds] = [[], [], []];
    } else if (line.startsWith('% ')) {
      const [name = '', ...value] = rest.split('=');
      environment.push([name, value.join('=')]);
    } else if (line.startsWith('< ')) {
      files.push([rest, '']);
    } else if (line.startsWith('| ') || line === '|') {
      const file = files.at(-1) ?? fail('a line of a file without a file');
      file[1] += `${rest}\n`;
    } else if (line.startsWith('& ')) {
      deeds.push(rest);
    } else if (line.startsWith('! ')) {
      (step ?? fail('output before a command')).stderr.push(rest);
    } else if (line.startsWith('? ')) {
      (step ?? fail('an exit code before a command')).exitCode = Number(rest);
    } else if (step) {
      step.stdout.push(line);
    } else if (line !== '') fail('output before a command');
  }
  // Empty lines before the next command only part the two.
  return steps.map(({ stdout, stderr, ...step }) => ({
    ...step,
    stdout: stdout.join('\n').replace(/\n*$/, ''),
    stderr: stderr.join('\n'),
  }));
}

/** The pattern that an expected text stands for. */
export function patternOf(expected: string): RegExp {
  const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = expected
    .split('\n')
    .map((line) => (line === '…' ? '[\\s\\S]*' : line.split('…').map(escape).join('.*')));
  return new RegExp(`^${lines.join('\n')}$`);
}
