/** zod's issues as {@link Problem}s: every refused value with its path, the value itself and what is allowed. */
import type { z } from 'zod';
import { nearest } from './nearest.ts';
import { type Problem, ProblemsError } from './problem.ts';

/** Deepest place that is looked up to quote what was given; documents here are never deeper. */
function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    document,
  );
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: unknown,
  knownKeys: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  const path = issue.path.map(String).join('.');
  if (issue.code !== 'unrecognized_keys')
    return [{ path, given: valueAt(document, issue.path), allowed: issue.message }];
  const known = knownKeys(issue.path);
  return issue.keys.map((key) => {
    const suggestion = nearest(key, known);
    return {
      path: path === '' ? key : `${path}.${key}`,
      given: valueAt(document, [...issue.path, key]),
      allowed: `no such key${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}${known.length > 0 ? ` (known: ${known.join(', ')})` : ''}`,
    };
  });
}

/** Keys of the strict object that the schema has at this path, as far as plain objects, records, and optionals lead. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const definition = schema._zod.def as {
    type: string;
    innerType?: z.core.$ZodType;
    shape?: Record<string, z.core.$ZodType>;
    valueType?: z.core.$ZodType;
    element?: z.core.$ZodType;
  };
  if (definition.innerType) return keysAt(definition.innerType, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(definition.shape ?? {});
  const next = definition.shape?.[String(key)] ?? definition.valueType ?? definition.element;
  return next ? keysAt(next, rest) : [];
}

/**
 * The document in the schema's type.
 * @param source - what was read, as the person knows it
 * @throws ProblemsError with every problem at once
 */
export function parseDocument<T extends z.ZodType>(schema: T, document: unknown, source: string): z.infer<T> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw new ProblemsError(
    source,
    result.error.issues.flatMap((issue) => problemsOf(issue, document, (path) => keysAt(schema, path))),
  );
}
