/** YAML 1.2 files as plain documents, with what is wrong in them as {@link Problem}s that never quote a line: it may hold a token. */
import { LineCounter, parseDocument, stringify } from 'yaml';
import { checkTextSize } from './document.ts';
import { ProblemsError } from './problem.ts';

const ALLOWED = 'YAML 1.2, one document, every key once';

/** What the parser says of a place in the text. */
interface Fault {
  readonly pos: readonly [number, number];
  readonly message: string;
}

/** The parser's own words, cut before anything it quotes. */
function withoutQuotes(message: string): string {
  return message.split(/: | at line /, 1).join('');
}

/**
 * The document that the text spells. An empty text is an empty document.
 * @param source - the file's path
 * @throws ProblemsError with every syntax error as `line:column`
 */
export function parseYaml(text: string, source: string): unknown {
  checkTextSize(text, source);
  const lines = new LineCounter();
  const place = ({ pos: [start], message }: Fault): { path: string; given: string } => {
    const { line, col } = lines.linePos(start);
    return { path: `${String(line)}:${String(col)}`, given: withoutQuotes(message) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0)
      throw new ProblemsError(
        source,
        faults.map((fault) => ({ ...place(fault), allowed: ALLOWED })),
      );
    return (document.toJS() as unknown) ?? {};
  } catch (error) {
    if (error instanceof ProblemsError) throw error;
    // Too many aliases (ReferenceError) or nested too deeply for the stack (RangeError).
    const given = error instanceof Error ? withoutQuotes(error.message) : 'unreadable';
    throw new ProblemsError(source, [{ path: '', given, allowed: ALLOWED }]);
  }
}

/** The document as text, no line folded: folding would split tokens that Terraform puts in later. */
export function renderYaml(document: unknown): string {
  return stringify(document, { lineWidth: 0 });
}
