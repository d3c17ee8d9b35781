/** Configuration files as their parsers in `mesh/` want them: one YAML document, read with a bound, its mistakes as problems. */
import { open } from 'node:fs/promises';
import { parseDocument as parseYamlDocument } from 'yaml';
import { type Problem, ProblemsError } from '../mesh/problem.ts';
import { expandPath } from './home.ts';
import type { Surroundings } from './surroundings.ts';

/** Largest configuration file, in bytes. */
const MAX_BYTES = 256 * 1024;

/** Most aliases (`*name`) that are followed: a few bytes of nested ones would fill the memory. */
const MAX_ALIASES = 100;

/**
 * What the YAML file (1.2 core schema) says.
 * @throws ProblemsError when it is not YAML, with line and column of each mistake
 */
export async function readConfiguration(path: string, surroundings: Surroundings): Promise<unknown> {
  const file = await open(expandPath(path, surroundings), 'r');
  let text: string;
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES)
      throw new ProblemsError(path, [
        { path: '', given: `${String(size)} bytes`, allowed: `${String(MAX_BYTES)} at most` },
      ]);
    text = await file.readFile('utf8');
  } finally {
    await file.close();
  }
  const document = parseYamlDocument(text, { prettyErrors: true });
  // The message quotes the source below its first line, and the source may hold a token.
  const problems = document.errors.map(({ message, linePos, code }): Problem => {
    const at = linePos?.[0];
    return {
      path: at ? `line ${String(at.line)}, column ${String(at.col)}` : '',
      given: code,
      allowed: `YAML (${message.split('\n', 1)[0]?.replace(/ at line .*$/, '') ?? ''})`,
    };
  });
  if (problems.length > 0) throw new ProblemsError(path, problems);
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}
