/**
 * The syntax of the part of FHIRPath that search parameters are written in: paths, unions, `where`, `as`, `is`, `ofType`, comparisons of literals.
 * https://hl7.org/fhirpath/N1/#grammar
 */

export type Path =
  | { readonly kind: 'root' }
  | { readonly kind: 'child'; readonly of: Path; readonly name: string }
  | { readonly kind: 'call'; readonly of: Path; readonly name: string; readonly args: readonly Path[] }
  | { readonly kind: 'index'; readonly of: Path; readonly at: number }
  | { readonly kind: 'type'; readonly of: Path; readonly operator: 'as' | 'is'; readonly type: string }
  | {
      readonly kind: 'binary';
      readonly operator: '|' | '=' | '!=' | 'and' | 'or';
      readonly left: Path;
      readonly right: Path;
    }
  | { readonly kind: 'literal'; readonly value: string | boolean | number };

const TOKEN = /\s*(?:([A-Za-z_]\w*)|`([^`]+)`|('(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|(!=|[|=.()[\],]))/y;

interface Token {
  readonly text: string;
  readonly kind: 'name' | 'string' | 'number' | 'sign';
}

/** Binding power of the infix operators; `.`, `[` and calls bind closer than all of them. */
const POWER: Readonly<Record<string, number>> = { or: 1, and: 2, '=': 3, '!=': 3, '|': 4, as: 5, is: 5 };

/** The syntax tree of an expression, or undefined when it uses more of FHIRPath than is known here. */
export function parsePath(expression: string): Path | undefined {
  const tokens = tokenize(expression);
  if (!tokens) return undefined;
  try {
    const reader = { tokens, at: 0 };
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
}

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const found = TOKEN.exec(trimmed);
    if (!found) return undefined;
    const [, name, quoted, string, number, sign] = found;
    if (name !== undefined || quoted !== undefined) tokens.push({ text: name ?? quoted!, kind: 'name' });
    else if (string !== undefined)
      tokens.push({ text: string.slice(1, -1).replace(/\\(.)/g, '$1'), kind: 'string' });
    else tokens.push(number === undefined ? { text: sign!, kind: 'sign' } : { text: number, kind: 'number' });
  }
  return tokens;
}

const peek = (reader: Reader): Token | undefined => reader.tokens[reader.at];

function take(reader: Reader, text: string): boolean {
  const token = peek(reader);
  if (token?.text !== text || token.kind === 'string') return false;
  reader.at++;
  return true;
}

function need(reader: Reader, text: string): void {
  if (!take(reader, text)) throw new Unknown();
}

function name(reader: Reader): string {
  const token = reader.tokens[reader.at++];
  if (token?.kind !== 'name') throw new Unknown();
  return token.text;
}

function infix(reader: Reader, power: number): Path {
  let left = postfix(reader);
  for (;;) {
    const token = peek(reader);
    const own = token && token.kind !== 'string' ? POWER[token.text] : undefined;
    if (own === undefined || own <= power) return left;
    reader.at++;
    const operator = token!.text;
    if (operator === 'as' || operator === 'is')
      left = { kind: 'type', of: left, operator, type: typeName(reader) };
    else left = { kind: 'binary', operator: operator as '|', left, right: infix(reader, own) };
  }
}

/** `Patient`, `FHIR.Patient` */
function typeName(reader: Reader): string {
  let text = name(reader);
  while (take(reader, '.')) text = name(reader);
  return text;
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
  if (token?.kind !== 'number') throw new Unknown();
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
  if (token.kind === 'sign') throw new Unknown();
  if (token.kind === 'string' || token.kind === 'number') {
    reader.at++;
    return { kind: 'literal', value: token.kind === 'string' ? token.text : Number(token.text) };
  }
  if (take(reader, 'true')) return { kind: 'literal', value: true };
  if (take(reader, 'false')) return { kind: 'literal', value: false };
  return step(reader, { kind: 'root' });
}

function step(reader: Reader, of: Path): Path {
  const own = name(reader);
  if (!take(reader, '(')) return { kind: 'child', of, name: own };
  if ((own === 'as' || own === 'is' || own === 'ofType') && peek(reader)?.kind === 'name') {
    const type = typeName(reader);
    need(reader, ')');
    return { kind: 'type', of, operator: own === 'is' ? 'is' : 'as', type };
  }
  const args: Path[] = [];
  while (!take(reader, ')')) {
    if (args.length > 0) need(reader, ',');
    args.push(infix(reader, 0));
  }
  return { kind: 'call', of, name: own, args };
}
