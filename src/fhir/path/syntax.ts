/**
 * The syntax of the part of FHIRPath that search parameters are written in: paths, unions, `where`, `as`, `is`, `ofType`, comparisons of literals.
 * https://hl7.org/fhirpath/N1/#grammar
 */

export type Path =
  /** `$this`: what the expression is evaluated on */
  | { readonly kind: 'this' }
  | { readonly kind: 'child'; readonly of: Path; readonly name: string }
  | { readonly kind: 'call'; readonly of: Path; readonly name: string; readonly args: readonly Path[] }
  | { readonly kind: 'index'; readonly of: Path; readonly at: number }
  | {
      readonly kind: 'type';
      readonly of: Path;
      readonly operator: 'as' | 'is' | 'ofType';
      readonly type: string;
    }
  | {
      readonly kind: 'binary';
      readonly operator: '|' | '=' | '!=' | 'and' | 'or';
      readonly left: Path;
      readonly right: Path;
    }
  | { readonly kind: 'literal'; readonly value: string | boolean | number };

const TOKEN =
  /\s*(?:([A-Za-z_]\w*|\$this)|`([^`\\]+)`|'((?:[^'\\]|\\.)*)'|(\d+(?:\.\d+)?)|(!=|[|=.()[\],]))/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

interface Token {
  readonly text: string;
  readonly kind: 'name' | 'quoted' | 'string' | 'number' | 'sign';
}

/** Binding power of the infix operators; `.`, `[` and calls bind closer than all of them. */
const POWER: Readonly<Record<string, number>> = { or: 1, and: 2, '=': 3, '!=': 3, '|': 4, as: 5, is: 5 };

/** Deepest nesting of parentheses and arguments that is read here. */
const MOST_DEPTH = 50;

/** The syntax tree of an expression, or undefined when it uses more of FHIRPath than is known here (or is not FHIRPath). */
export function parsePath(expression: string): Path | undefined {
  const tokens = tokenize(expression);
  if (!tokens) return undefined;
  try {
    const reader = { tokens, at: 0, depth: 0 };
    const path = infix(reader, 0);
    return reader.at === tokens.length ? path : undefined;
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
}

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const found = TOKEN.exec(trimmed);
    if (!found) return undefined;
    const [, name, quoted, string, number, sign] = found;
    if (name !== undefined) tokens.push({ text: name, kind: 'name' });
    else if (quoted !== undefined) tokens.push({ text: quoted, kind: 'quoted' });
    else if (string !== undefined) tokens.push({ text: unescape(string), kind: 'string' });
    else tokens.push(number === undefined ? { text: sign!, kind: 'sign' } : { text: number, kind: 'number' });
  }
  return tokens;
}

function unescape(text: string): string {
  return text.replace(ESCAPE, (_whole, code: string | undefined, letter: string) =>
    code === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(parseInt(code, 16)),
  );
}

const peek = (reader: Reader): Token | undefined => reader.tokens[reader.at];

function take(reader: Reader, text: string): boolean {
  const token = peek(reader);
  if (token?.text !== text || token.kind === 'string' || token.kind === 'quoted') return false;
  reader.at++;
  return true;
}

function need(reader: Reader, text: string): void {
  if (!take(reader, text)) throw new Unknown();
}

function name(reader: Reader): string {
  const token = reader.tokens[reader.at++];
  if (token?.kind !== 'name' && token?.kind !== 'quoted') throw new Unknown();
  if (token.kind === 'name' && token.text.startsWith('$')) throw new Unknown();
  return token.text;
}

function infix(reader: Reader, power: number): Path {
  if (++reader.depth > MOST_DEPTH) throw new Unknown();
  let left = postfix(reader);
  for (;;) {
    const token = peek(reader);
    const own = token?.kind === 'name' || token?.kind === 'sign' ? POWER[token.text] : undefined;
    if (own === undefined || own <= power) break;
    reader.at++;
    const operator = token!.text;
    if (operator === 'as' || operator === 'is')
      left = { kind: 'type', of: left, operator, type: typeName(reader) };
    else left = { kind: 'binary', operator: operator as '|', left, right: infix(reader, own) };
  }
  reader.depth--;
  return left;
}

/** `Patient` or `FHIR.Patient`; the types of FHIRPath itself (`System.String`) are left to the other engine. */
function typeName(reader: Reader): string {
  const first = name(reader);
  if (first === 'System') throw new Unknown();
  return first === 'FHIR' && take(reader, '.') ? name(reader) : first;
}

function postfix(reader: Reader): Path {
  let path = primary(reader);
  for (;;) {
    if (take(reader, '.')) path = step(reader, path);
    else if (take(reader, '[')) path = index(reader, path);
    else return path;
  }
}

function index(reader: Reader, of: Path): Path {
  const token = reader.tokens[reader.at++];
  if (token?.kind !== 'number' || token.text.includes('.')) throw new Unknown();
  need(reader, ']');
  return { kind: 'index', of, at: Number(token.text) };
}

function primary(reader: Reader): Path {
  const token = peek(reader);
  if (!token) throw new Unknown();
  if (take(reader, '(')) {
    const inner = infix(reader, 0);
    need(reader, ')');
    return inner;
  }
  if (token.kind === 'string' || token.kind === 'number') {
    reader.at++;
    return { kind: 'literal', value: token.kind === 'string' ? token.text : Number(token.text) };
  }
  if (take(reader, 'true')) return { kind: 'literal', value: true };
  if (take(reader, 'false')) return { kind: 'literal', value: false };
  if (take(reader, '$this')) return { kind: 'this' };
  return step(reader, { kind: 'this' });
}

const TYPE_CALLS: ReadonlySet<string> = new Set(['as', 'is', 'ofType']);

function step(reader: Reader, of: Path): Path {
  const own = name(reader);
  if (!take(reader, '(')) return { kind: 'child', of, name: own };
  if (TYPE_CALLS.has(own)) {
    const type = typeName(reader);
    need(reader, ')');
    return { kind: 'type', of, operator: own as 'as', type };
  }
  const args: Path[] = [];
  while (!take(reader, ')')) {
    if (args.length > 0) need(reader, ',');
    args.push(infix(reader, 0));
  }
  return { kind: 'call', of, name: own, args };
}
