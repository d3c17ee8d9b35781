/**
 * Contexts: for each mesh that a person works with, where its coordinator is and who they are there. One file each,
 * `contexts/NAME.json`, 0600, since an operator's holds the token; `context` names the current one.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isSystemError, readFileIfThere, SECRET_FILE_MODE, syncDirectory, writeFileAtomic } from '../host/files.ts';
import { nearest } from '../mesh/nearest.ts';
import { quoteGiven } from '../mesh/problem.ts';
import { labelSchema } from '../mesh/schema.ts';
import { parseDocument } from '../mesh/zod-problems.ts';
import { EXIT, Failure, wrongArguments } from './failure.ts';

const contextSchema = z.strictObject({
  /** `https://host:port` of the coordinator. */
  server: z.string(),
  /** The mesh CA in PEM; null in a peer's context, whose data directory has it. */
  ca: z.string().nullable(),
  /** The operator's token; null where it comes from TUNNELMESH_TOKEN or there is none. */
  token: z.string().nullable(),
  /** The peer of this machine that `join` made the context for. */
  peer: z.strictObject({ name: labelSchema, data_dir: z.string() }).nullable(),
});

/** One mesh, as a person on this machine meets it. */
export type Context = z.infer<typeof contextSchema>;

/** A context and its name. */
export interface NamedContext {
  readonly name: string;
  readonly context: Context;
}

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** What a context may be called: it is a file's name. */
export const CONTEXT_NAME_ALLOWED = '1 to 63 of A-Z, a-z, 0-9, _ and -, the first a letter or digit';

/** Says whether the text can be a context's name. */
export function isContextName(text: string): boolean {
  return NAME_PATTERN.test(text);
}

/** The contexts in one home. */
export class ContextStore {
  readonly #directory: string;
  readonly #currentFile: string;

  /** @param home - see `tunnelmeshHome` */
  constructor(home: string) {
    this.#directory = join(home, 'contexts');
    this.#currentFile = join(home, 'context');
  }

  /** Names of all contexts, sorted. */
  async names(): Promise<readonly string[]> {
    let files: string[];
    try {
      files = await readdir(this.#directory);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
    return files
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .filter(isContextName)
      .sort();
  }

  /** The context of this name, or `undefined`. @throws ProblemsError when its file is damaged or the name is none */
  async find(name: string): Promise<Context | undefined> {
    const file = this.#file(name);
    const text = await readFileIfThere(file);
    if (text === undefined) return undefined;
    return parseDocument(contextSchema, parseJson(text, file), file);
  }

  /** The context of this name. @throws Failure when there is none, with the nearest name */
  async get(name: string): Promise<NamedContext> {
    const context = await this.find(name);
    if (context) return { name, context };
    const suggestion = nearest(name, await this.names());
    throw new Failure(
      EXIT.wrongInput,
      `there is no context ${quoteGiven(name)}${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}; \`tunnelmesh context list\` shows all`,
    );
  }

  /** Writes the context, replacing one of the same name. The first one becomes the current one. */
  async put(name: string, context: Context): Promise<void> {
    await writeFileAtomic(this.#file(name), `${JSON.stringify(context, null, 2)}\n`, SECRET_FILE_MODE);
    if ((await this.current()) === undefined) await this.use(name);
  }

  /** Name of the current context, or `undefined`. It may have been deleted by hand. */
  async current(): Promise<string | undefined> {
    const name = (await readFileIfThere(this.#currentFile))?.trim();
    return name !== undefined && isContextName(name) ? name : undefined;
  }

  /** Makes the context the current one. @throws Failure when there is none of this name */
  async use(name: string): Promise<void> {
    await this.get(name);
    await writeFileAtomic(this.#currentFile, `${name}\n`, SECRET_FILE_MODE);
  }

  /** Deletes the context, and with it the choice of it. @throws Failure when there is none of this name */
  async delete(name: string): Promise<void> {
    await this.get(name);
    if ((await this.current()) === name) await rm(this.#currentFile, { force: true });
    await rm(this.#file(name));
    await syncDirectory(this.#directory);
  }

  #file(name: string): string {
    if (!isContextName(name)) throw wrongArguments({ path: 'context', given: name, allowed: CONTEXT_NAME_ALLOWED });
    return join(this.#directory, `${name}.json`);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(EXIT.wrongInput, `${file} is not JSON any more; delete it and create the context again`);
  }
}
