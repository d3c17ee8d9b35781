/** zod's issues as {@link Problem}s: every refused value with its path, the value itself and what is allowed. */
import { z } from 'zod';
import { nearest } from './nearest.ts';
import { type Problem, ProblemsError } from './problem.ts';

type Path = readonly PropertyKey[];

/** Rules that a document's values must keep with one another. Values that are missing or refused are not there. */
export type Rules<T> = (value: Partial<T>) => readonly Problem[];

/** What is allowed where a value has the wrong type, for schemas that do not say it themselves. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys to values',
  record: 'a map of names to values',
};

/** What is counted when something is too long. */
const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' };

/** zod's own messages in our words, "what is allowed" instead of "what is wrong". */
const allowedBy: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return TYPES[issue.expected];
  if (issue.code === 'invalid_value') return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'too_big') return `at most ${String(issue.maximum)}${UNITS[issue.origin] ?? ''}`;
  if (issue.code === 'too_small') return `at least ${String(issue.minimum)}${UNITS[issue.origin] ?? ''}`;
  return undefined;
};

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    document,
  );
}

/** Stands in messages for what must not be repeated. */
export const NOT_SHOWN = '(not shown)';

/** Keys whose values are secrets, and what people might type for them. */
const SECRET_KEY = /tok|secret|passw|credential|private|root|verifier/i;

/** How deep a refused value is looked into in order to quote it. */
const SHOWN_DEPTH = 4;

/** The value with every secret in it, and everything too deep to be quoted, replaced. */
function shown(value: unknown, depth = SHOWN_DEPTH): unknown {
  if (!isObject(value)) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.map((entry) => shown(entry, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET_KEY.test(key) ? NOT_SHOWN : shown(inner, depth - 1)]),
  );
}

/** What was given at the path, fit for a message. Text in place of a whole document is not: it may be a botched secret. */
function givenAt(document: unknown, path: Path): unknown {
  const value = valueAt(document, path);
  if (value === undefined) return undefined;
  const key = path.at(-1);
  const secret = key === undefined ? !isObject(value) : SECRET_KEY.test(String(key));
  return secret ? NOT_SHOWN : shown(value);
}

function join(path: Path): string {
  return path.map(String).join('.');
}

function noSuchKey(key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  return `no such key${hint}${known.length > 0 ? ` (known: ${known.join(', ')})` : ''}`;
}

function problemsOf(issue: z.core.$ZodIssue, document: unknown, schema: z.core.$ZodType): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({
      path: join([...path, key]),
      given: givenAt(document, [...path, key]),
      allowed: noSuchKey(key, known),
    }));
  }
  if (issue.code === 'invalid_key')
    return [{ path: join(path), given: path.at(-1), allowed: issue.issues[0]?.message ?? issue.message }];
  return [{ path: join(path), given: givenAt(document, path), allowed: issue.message }];
}

/** Keys of the strict object that the schema has at this path, as far as objects, records, lists and wrappers lead. */
export function keysAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  const definition = schema._zod.def as {
    /** Of optional, nullable, default and prefault. */
    innerType?: z.core.$ZodType;
    /** Of a transform's pipe: what goes in. */
    in?: z.core.$ZodType;
    shape?: Record<string, z.core.$ZodType>;
    valueType?: z.core.$ZodType;
    element?: z.core.$ZodType;
  };
  const wrapped = definition.innerType ?? definition.in;
  if (wrapped) return keysAt(wrapped, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(definition.shape ?? {});
  const next = definition.shape?.[String(key)] ?? definition.valueType ?? definition.element;
  return next ? keysAt(next, rest) : [];
}

/** The document without what stands at these paths. */
function without(document: unknown, paths: readonly Path[]): unknown {
  if (!isObject(document) || paths.length === 0) return document;
  const byKey = new Map<string, Path[]>();
  for (const [first, ...rest] of paths) {
    const key = String(first);
    const known = byKey.get(key);
    if (known) known.push(rest);
    else byKey.set(key, [rest]);
  }
  const kept = Object.entries(document)
    .filter(([key]) => !byKey.get(key)?.some((rest) => rest.length === 0))
    .map(([key, value]): [string, unknown] => [key, without(value, byKey.get(key) ?? [])]);
  return Array.isArray(document) ? kept.map(([, value]) => value) : Object.fromEntries(kept);
}

/** Where the issue's refused values stand. */
function refusedPaths(issue: z.core.$ZodIssue): Path[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
}

/** The rules' problems with what is left of a refused document, if enough is left to be understood. */
function problemsOfTheRest<T extends z.ZodType>(
  schema: T,
  document: unknown,
  issues: readonly z.core.$ZodIssue[],
  rules: Rules<z.infer<T>>,
): readonly Problem[] {
  const refused = issues.flatMap(refusedPaths);
  const loose = schema instanceof z.ZodObject ? schema.partial() : schema;
  const rest = loose.safeParse(without(document, refused));
  if (!rest.success) return [];
  const known = new Set(refused.map(join));
  return rules(rest.data as Partial<z.infer<T>>).filter((problem) => !known.has(problem.path));
}

/**
 * The document in the schema's type.
 * @param source - what was read, as the person knows it
 * @param rules - checked also when single values are refused, on what is left, so that everything is reported at once
 * @throws ProblemsError with every problem at once
 */
export function parseDocument<T extends z.ZodType>(
  schema: T,
  document: unknown,
  source: string,
  rules?: Rules<z.infer<T>>,
): z.infer<T> {
  const result = schema.safeParse(document, { error: allowedBy });
  if (!result.success) {
    const { issues } = result.error;
    throw new ProblemsError(source, [
      ...issues.flatMap((issue) => problemsOf(issue, document, schema)),
      ...(rules ? problemsOfTheRest(schema, document, issues, rules) : []),
    ]);
  }
  const broken = rules?.(result.data) ?? [];
  if (broken.length > 0) throw new ProblemsError(source, broken);
  return result.data;
}
