/** Tokens as they reach a command: from a file, from the environment, and only if need be from the command line. */
import { EXIT, Failure, wrongArguments } from './failure.ts';
import { readGivenFile } from './given-file.ts';
import type { Surroundings } from './surroundings.ts';

/** What stands for standard input where a file is asked for. */
const STANDARD_INPUT = '-';

/** Largest token file, in bytes. */
const MAX_TOKEN_FILE_BYTES = 4096;

/** The options of every command that takes a token. */
export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/**
 * The token in the file, or on standard input when the file is `-`. Warns about a file that others can read.
 * @throws Failure when the file holds no token
 */
async function readTokenFile(path: string, surroundings: Surroundings): Promise<string> {
  let text: string;
  if (path === STANDARD_INPUT) {
    text = await surroundings.readInput();
  } else {
    const file = await readGivenFile(path, MAX_TOKEN_FILE_BYTES, surroundings);
    if (file.open) surroundings.stderr.write(`tunnelmesh: warning: others can read ${path}; \`chmod 600\` it\n`);
    text = file.text;
  }
  const token = text.trim();
  if (token === '') throw new Failure(EXIT.wrongInput, `${path} holds no token`);
  return token;
}

/** The token from wherever it was given: `--token-file`, `--token`, TUNNELMESH_TOKEN, in this order; or `undefined`. */
export async function givenToken(options: TokenOptions, surroundings: Surroundings): Promise<string | undefined> {
  if (options.token !== undefined && options.tokenFile !== undefined)
    throw wrongArguments({
      path: '--token-file',
      given: options.tokenFile,
      allowed: 'only one of --token-file and --token',
    });
  if (options.tokenFile !== undefined) return readTokenFile(options.tokenFile, surroundings);
  if (options.token !== undefined) return options.token;
  const fromEnvironment = surroundings.env['TUNNELMESH_TOKEN'];
  return fromEnvironment === '' ? undefined : fromEnvironment;
}
