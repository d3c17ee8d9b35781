/**
 * Terraform's templates, as far as our stacks use them: text, `$${` and `%%{`, and expressions of string literals, lists,
 * references, `join` and `sha256`
 * (https://developer.hashicorp.com/terraform/language/expressions/strings). With it the tests read user data as a droplet would
 * get it, without a terraform binary. Whatever it does not know is an error, never a guess.
 */
import { createHash } from 'node:crypto';

type Value = string | readonly Value[];

/** The value of a reference such as `var.auth_token`; throws for one that is not expected. */
export type Lookup = (reference: string) => string;

const TOKEN_PATTERN = /\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_][A-Za-z0-9_.-]*)|([()[\],]))/y;

/** Reads one expression; `at` moves behind it. */
class ExpressionReader {
  readonly #text: string;
  readonly #lookup: Lookup;
  #at: number;

  constructor(text: string, at: number, lookup: Lookup) {
    this.#text = text;
    this.#at = at;
    this.#lookup = lookup;
  }

  get at(): number {
    return this.#at;
  }

  #next(): { literal?: string; word?: string; mark?: string } {
    TOKEN_PATTERN.lastIndex = this.#at;
    const match = TOKEN_PATTERN.exec(this.#text);
    if (!match) throw new Error(`not an expression that is known here: ${this.#text.slice(this.#at, this.#at + 60)}`);
    this.#at = TOKEN_PATTERN.lastIndex;
    const [, literal, word, mark] = match;
    return { ...(literal && { literal }), ...(word && { word }), ...(mark && { mark }) };
  }

  #list(end: string): Value[] {
    const values: Value[] = [];
    for (;;) {
      values.push(this.value());
      const { mark } = this.#next();
      if (mark === end) return values;
      if (mark !== ',') throw new Error(`expected , or ${end} in ${this.#text}`);
    }
  }

  value(): Value {
    const { literal, word, mark } = this.#next();
    if (literal !== undefined) return evaluateTemplate(JSON.parse(literal) as string, this.#lookup);
    if (mark === '[') return this.#list(']');
    if (word === undefined) throw new Error(`unexpected ${String(mark)} in ${this.#text}`);
    if (this.#text[this.#at] !== '(') return this.#lookup(word);
    this.#at += 1;
    return call(word, this.#list(')'));
  }

  /** Passes the brace that ends the expression. */
  end(): void {
    if (this.#text[this.#at] !== '}') throw new Error(`expected } in ${this.#text.slice(this.#at, this.#at + 60)}`);
    this.#at += 1;
  }
}

function call(name: string, args: readonly Value[]): string {
  const [first, second] = args;
  if (name === 'sha256' && args.length === 1 && typeof first === 'string') {
    return createHash('sha256').update(first).digest('hex');
  }
  if (name === 'join' && args.length === 2 && typeof first === 'string' && Array.isArray(second)) {
    return second.join(first);
  }
  throw new Error(`${name} with these arguments is not known here`);
}

/** The text that Terraform makes of the template. */
export function evaluateTemplate(template: string, lookup: Lookup): string {
  let result = '';
  let at = 0;
  while (at < template.length) {
    const rest = template.slice(at, at + 3);
    if (rest === '$${' || rest === '%%{') {
      result += rest.slice(1);
      at += 3;
    } else if (rest.startsWith('%{')) {
      throw new Error('directives are not known here');
    } else if (rest.startsWith('${')) {
      const reader = new ExpressionReader(template, at + 2, lookup);
      const value = reader.value();
      if (typeof value !== 'string') throw new Error('a list cannot stand in text');
      reader.end();
      result += value;
      at = reader.at;
    } else {
      result += rest.charAt(0);
      at += 1;
    }
  }
  return result;
}
