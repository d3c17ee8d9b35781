/** Configuration files as their parsers in `mesh/` want them: the document of a YAML file. */
import { parseYaml } from '../mesh/yaml.ts';
import { readGivenFile } from './given-file.ts';
import type { Surroundings } from './surroundings.ts';

/** Largest configuration file, in bytes. */
const MAX_BYTES = 256 * 1024;

/** What the file says. @throws ProblemsError when it is not YAML, Failure when it cannot be read */
export async function readConfiguration(path: string, surroundings: Surroundings): Promise<unknown> {
  return parseYaml((await readGivenFile(path, MAX_BYTES, surroundings)).text, path);
}
