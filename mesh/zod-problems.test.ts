import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { problemsIn } from '../test/property/problems-in.ts';
import { ProblemsError } from './problem.ts';
import { labelSchema, portSchema } from './schema.ts';
import { keysAt, parseDocument } from './zod-problems.ts';

const schema = z.strictObject({
  low: z.number(),
  high: z.number(),
  kind: z.enum(['a', 'b']).optional(),
  port: portSchema.default(1),
  nodes: z.record(labelSchema, z.strictObject({ tags: z.array(z.string()).max(2).default([]) })).prefault({}),
  list: z
    .array(z.strictObject({ name: z.string().nullable() }))
    .max(3)
    .default([]),
  folded: z
    .strictObject({ x: z.int().min(0) })
    .optional()
    .transform((value) => value ?? null),
  api_token: z.string().max(4).optional(),
});

const RIGHT = { low: 1, high: 2 };

function problems(document: unknown): readonly string[] {
  return problemsIn(() =>
    parseDocument(schema, document, 'x', ({ low = 0, high = Infinity }) =>
      low <= high ? [] : [{ path: 'high', given: high, allowed: 'at least low' }],
    ),
  );
}

describe("a document's problems", () => {
  it.each<[unknown, string]>([
    [{ ...RIGHT, low: 'x' }, 'low: "x"; allowed: a number'],
    [{ high: 2 }, 'low: missing; allowed: a number'],
    [{ ...RIGHT, kind: 'c' }, 'kind: "c"; allowed: one of "a", "b"'],
    [{ ...RIGHT, port: 70000 }, 'port: 70000; allowed: a port, 1-65535'],
    [{ ...RIGHT, port: 1.5 }, 'port: 1.5; allowed: a port, 1-65535'],
    [{ ...RIGHT, port: '1' }, 'port: "1"; allowed: a port, 1-65535'],
    [
      { ...RIGHT, nodes: { A: {} } },
      'nodes.A: "A"; allowed: a DNS label: 1 to 63 of a-z, 0-9 and -, no - at either end',
    ],
    [{ ...RIGHT, nodes: { a: 5 } }, 'nodes.a: 5; allowed: a map of keys to values'],
    [{ ...RIGHT, nodes: { a: { tags: 'x' } } }, 'nodes.a.tags: "x"; allowed: a list'],
    [{ ...RIGHT, nodes: { a: { tags: ['1', '2', '3'] } } }, 'nodes.a.tags: ["1","2","3"]; allowed: at most 2 entries'],
    [
      { ...RIGHT, nodes: { a: { tgas: [] } } },
      'nodes.a.tgas: []; allowed: no such key; did you mean "tags"? (known: tags)',
    ],
    [{ ...RIGHT, list: [{ nmae: 1 }] }, 'list.0.nmae: 1; allowed: no such key; did you mean "name"? (known: name)'],
    [{ ...RIGHT, folded: { x: -1 } }, 'folded.x: -1; allowed: at least 0'],
    [{ ...RIGHT, folded: { y: 0, x: 0 } }, 'folded.y: 0; allowed: no such key; did you mean "x"? (known: x)'],
    [{ ...RIGHT, api_token: 'secret' }, 'api_token: "(not shown)"; allowed: at most 4 characters'],
    [{ ...RIGHT, nodes: { tokyo: { tags: 1 } } }, 'nodes.tokyo.tags: 1; allowed: a list'],
    [{ low: 3, high: 2 }, 'high: 2; allowed: at least low'],
    [5, '"(not shown)"; allowed: a map of keys to values'],
    [undefined, 'missing; allowed: a map of keys to values'],
  ])('%j', (document, problem) => {
    expect(problems(document)).toContain(problem);
  });

  it('rules between values are checked on what is left when single values are refused', () => {
    expect(problems({ low: 3, high: 2, port: 0, nodes: { A: {}, b: { tags: [1] } } })).toEqual([
      'port: 0; allowed: a port, 1-65535',
      'nodes.A: "A"; allowed: a DNS label: 1 to 63 of a-z, 0-9 and -, no - at either end',
      'nodes.b.tags.0: 1; allowed: text',
      'high: 2; allowed: at least low',
    ]);
  });

  it('rules do not speak of a value that is refused by itself, or missing', () => {
    expect(problems({ low: 3, high: 'x' })).toEqual(['high: "x"; allowed: a number']);
    expect(problems({ low: 3 })).toEqual(['high: missing; allowed: a number']);
  });

  it('a document without problems comes out in the type of its schema', () => {
    expect(parseDocument(schema, RIGHT, 'x')).toEqual({ ...RIGHT, port: 1, nodes: {}, list: [], folded: null });
  });

  it('whatever is given is either accepted or refused with at least one problem', () => {
    const value = fc.anything();
    const document = fc.record(
      { low: value, high: value, kind: value, port: value, nodes: value, list: value, folded: value, other: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(document, value), (given) => {
        try {
          parseDocument(schema, given, 'x');
        } catch (error) {
          if (!(error instanceof ProblemsError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a value nested without end is refused and not quoted', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(problems({ ...RIGHT, other: deep, port: deep })).toHaveLength(2);
  });
});

describe('the keys that a schema knows at a path', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['nodes', 'any'], ['tags']],
    [['list', '0'], ['name']],
    [['folded'], ['x']],
    [['low'], []],
    [['no', 'such'], []],
  ])('%j are %j', (path, keys) => {
    expect(keysAt(schema, path)).toEqual(keys);
  });
});
