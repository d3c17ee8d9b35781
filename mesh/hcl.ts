/**
 * HCL attributes (`mesh.tfvars`) as plain documents. The grammar is Terraform's own, by way of hcl2json; it is
 * loaded on first use, because it is 4 MB of WebAssembly that most programs here never need.
 */
import type * as hcl2json from '@cdktf/hcl2json';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { checkTextSize } from './document.ts';
import { type Problem, ProblemsError } from './problem.ts';

const ALLOWED = 'HCL attributes with literal values, every key once';

/** A string's `${` and `%{` that are not escaped as `$${` and `%%{`: an expression, which nothing here evaluates. */
const EXPRESSION = /(?<!\$)\$\{|(?<!%)%\{/;

/** hcl2json's diagnostics: `[mesh.tfvars:2,1-2: Summary; Detail.]`. */
const DIAGNOSTIC = /:(\d+),(\d+)-[\d,]+: ([^;]+)/;

/** A node of hcl2json's syntax tree, as far as it is of interest: an object's children are its keys and values in turn. */
interface SyntaxNode {
  readonly type: string;
  readonly children: readonly SyntaxNode[];
  readonly range: Readonly<Record<'start' | 'end', { line: number; column: number; byte: number }>>;
}

/** Keys that stand twice in one object; the evaluated document would silently hold the last one. */
function repeatedKeys(node: SyntaxNode, bytes: Uint8Array): readonly Problem[] {
  const repeated: Problem[] = [];
  if (node.type === 'object') {
    const seen = new Set<string>();
    for (const { range } of node.children.filter((_, index) => index % 2 === 0)) {
      const key = new TextDecoder().decode(bytes.subarray(range.start.byte, range.end.byte)).replaceAll('"', '');
      // The tree's lines count from 0, and the wrapper below adds one before the first; its columns count from 1.
      const path = `${String(range.start.line)}:${String(range.start.column)}`;
      if (seen.has(key)) repeated.push({ path, given: key, allowed: ALLOWED });
      seen.add(key);
    }
  }
  return [...repeated, ...node.children.flatMap((child) => repeatedKeys(child, bytes))];
}

/** The value with its template escapes undone, and every expression in it as a problem. */
function literal(value: unknown, path: string, problems: Problem[]): unknown {
  if (typeof value === 'string') {
    if (EXPRESSION.test(value)) problems.push({ path, given: value, allowed: 'a literal value, no expression' });
    return value.replace(/\$\$\{/g, '${').replace(/%%\{/g, '%{');
  }
  if (Array.isArray(value)) return value.map((entry, index) => literal(entry, `${path}.${String(index)}`, problems));
  if (typeof value !== 'object' || value === null) return value;
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literal(inner, below(key), problems)]));
}

type Hcl2json = Pick<typeof hcl2json, 'parse' | 'getExpressionAst'>;

/** The library, loaded when it is needed. It is CommonJS: Node and the bundle give it as `default`, tsx by its names alone. */
async function loadHcl2json(): Promise<Hcl2json> {
  const { default: whole, ...named } = await import('@cdktf/hcl2json');
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the types know Node's way alone
  return whole ?? named;
}

/**
 * The document that the text spells. An empty text is an empty document.
 * @param source - the file's path
 * @throws ProblemsError for syntax errors and repeated keys as `line:column`, for expressions by their path
 */
export async function parseHcl(text: string, source: string): Promise<unknown> {
  checkTextSize(text, source);
  const hcl = await loadHcl2json();
  let evaluated: unknown;
  try {
    evaluated = await hcl.parse(source, text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, line, column, summary] = DIAGNOSTIC.exec(message) ?? [];
    const path = line === undefined ? '' : `${line}:${String(column)}`;
    throw new ProblemsError(source, [{ path, given: summary ?? message, allowed: ALLOWED }]);
  }
  const problems: Problem[] = [];
  const document = literal(evaluated, '', problems);
  const wrapped = `{\n${text}\n}`;
  // Blocks (`nodes { … }`) are no expression; the document's own schema refuses them.
  const tree = await hcl.getExpressionAst(source, wrapped).catch(() => null);
  if (tree) problems.unshift(...repeatedKeys(tree, utf8ToBytes(wrapped)));
  if (problems.length > 0) throw new ProblemsError(source, problems);
  return document;
}

/** A quoted template without interpolation (HCL native syntax, "Template Expressions"). */
function renderText(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[$%](?=\{)/g, '$&$&');
  return `"${escaped}"`;
}

function renderValue(value: unknown, indent: string): string {
  if (typeof value === 'string') return renderText(value);
  if (Array.isArray(value)) return `[${value.map((entry) => renderValue(entry, indent)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = Object.entries(value).map(
    ([key, entry]) => `${indent}  ${renderText(key)} = ${renderValue(entry, `${indent}  `)}\n`,
  );
  return inner.length === 0 ? '{}' : `{\n${inner.join('')}${indent}}`;
}

/**
 * The document as HCL attributes; the inverse of {@link parseHcl}.
 * @param document - numbers, booleans, text, null, lists and maps; its own keys are HCL identifiers
 */
export function renderHcl(document: Readonly<Record<string, unknown>>): string {
  return Object.entries(document)
    .map(([key, value]) => `${key} = ${renderValue(value, '')}\n`)
    .join('');
}
