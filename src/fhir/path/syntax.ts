/** The syntax tree of FHIRPath and its parser, with the precedences of the standard. https://hl7.org/fhirpath/N1/#operator-precedence */
import { keepNumber } from '../model/json.ts';
import { fault } from '../model/outcome.ts';
import type { JsonValue } from '../model/tree.ts';
import { broken, tokenize, type Token } from './tokens.ts';

/** `at` is the place in the text. */
export type Path =
  /** `$this`, or what a path begins with when nothing is written */
  | { readonly kind: 'this'; readonly implicit: boolean }
  | { readonly kind: 'child'; readonly of: Path; readonly name: string; readonly at: number }
  | Call
  | { readonly kind: 'index'; readonly of: Path; readonly index: Path }
  | TypeTest
  | Binary
  | { readonly kind: 'polarity'; readonly sign: '+' | '-'; readonly of: Path }
  | { readonly kind: 'literal'; readonly value: JsonValue; readonly type: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | { readonly kind: 'loop'; readonly name: '$index' | '$total' };

export interface Call {
  readonly kind: 'call';
  readonly of: Path;
  readonly name: string;
  readonly args: readonly Path[];
  readonly at: number;
}

export interface TypeTest {
  readonly kind: 'type';
  readonly of: Path;
  readonly operator: 'as' | 'is' | 'ofType';
  readonly type: TypeName;
  readonly at: number;
}

export interface Binary {
  readonly kind: 'binary';
  readonly operator: Operator;
  readonly left: Path;
  readonly right: Path;
  readonly at: number;
}

/** `Patient`, `FHIR.Patient`, `System.String` */
export interface TypeName {
  readonly namespace?: string;
  readonly name: string;
}

/** Binding power of the infix operators; polarity binds closer, then `.`, `[` and calls. */
const POWER = {
  implies: 1,
  or: 2,
  xor: 2,
  and: 3,
  in: 4,
  contains: 4,
  '=': 5,
  '~': 5,
  '!=': 5,
  '!~': 5,
  '<': 6,
  '>': 6,
  '<=': 6,
  '>=': 6,
  '|': 7,
  is: 8,
  as: 8,
  '+': 9,
  '-': 9,
  '&': 9,
  '*': 10,
  '/': 10,
  div: 10,
  mod: 10,
} as const;
const POLARITY = 11;

export type Operator = Exclude<keyof typeof POWER, 'is' | 'as'>;

/** Deepest nesting of parentheses, brackets and arguments. */
const MOST_NESTED = 100;
/** Most steps and operators of an expression: their nesting is the depth of the evaluation. */
const MOST_PARTS = 2000;

interface Reader {
  readonly text: string;
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
  parts: number;
}

/** Throws FhirError `invalid` with line and column for what is not FHIRPath. */
export function parsePath(text: string): Path {
  const reader: Reader = { text, tokens: tokenize(text), at: 0, depth: 0, parts: 0 };
  const path = infix(reader, 0);
  if (peek(reader).kind !== 'end') throw unexpected(reader, 'an operator or the end');
  return path;
}

const peek = (reader: Reader): Token => reader.tokens[reader.at]!;

function unexpected(reader: Reader, wanted: string): Error {
  const { kind, text, at } = peek(reader);
  const found = kind === 'end' ? 'the end of the expression' : JSON.stringify(text);
  return broken(reader.text, at, `expected ${wanted}, found ${found}`);
}

function isSign(reader: Reader, text: string): boolean {
  const token = peek(reader);
  return token.kind === 'sign' && token.text === text;
}

function take(reader: Reader, text: string): boolean {
  if (!isSign(reader, text)) return false;
  reader.at++;
  return true;
}

function need(reader: Reader, text: string): void {
  if (!take(reader, text)) throw unexpected(reader, `"${text}"`);
}

/** Any word is a name where a name must stand: `expansion.contains`, `text.div`. */
function name(reader: Reader): string {
  const { kind, text } = peek(reader);
  if ((kind !== 'name' && kind !== 'quoted') || (kind === 'name' && text.startsWith('$')))
    throw unexpected(reader, 'a name');
  reader.at++;
  return text;
}

function count(reader: Reader): void {
  if (++reader.parts > MOST_PARTS)
    throw fault('invalid', `The FHIRPath expression has more than ${MOST_PARTS} steps and operators`);
}

function infix(reader: Reader, power: number): Path {
  if (++reader.depth > MOST_NESTED)
    throw fault('invalid', `The FHIRPath expression nests deeper than ${MOST_NESTED} levels`);
  let left = prefix(reader);
  for (;;) {
    const token = peek(reader);
    const own = token.kind === 'name' || token.kind === 'sign' ? powerOf(token.text) : undefined;
    if (own === undefined || own <= power) break;
    reader.at++;
    count(reader);
    const { text: operator, at } = token;
    if (operator === 'as' || operator === 'is')
      left = { kind: 'type', of: left, operator, type: typeName(reader), at };
    else left = { kind: 'binary', operator: operator as Operator, left, right: infix(reader, own), at };
  }
  reader.depth--;
  return left;
}

const powerOf = (text: string): number | undefined =>
  Object.hasOwn(POWER, text) ? POWER[text as keyof typeof POWER] : undefined;

function prefix(reader: Reader): Path {
  const sign = (['+', '-'] as const).find((one) => isSign(reader, one));
  if (sign === undefined) return postfix(reader);
  reader.at++;
  return { kind: 'polarity', sign, of: infix(reader, POLARITY) };
}

function typeName(reader: Reader): TypeName {
  const first = name(reader);
  return take(reader, '.') ? { namespace: first, name: name(reader) } : { name: first };
}

function postfix(reader: Reader): Path {
  let path = primary(reader);
  for (;;) {
    if (take(reader, '.')) path = step(reader, path);
    else if (take(reader, '[')) {
      path = { kind: 'index', of: path, index: infix(reader, 0) };
      need(reader, ']');
    } else return path;
    count(reader);
  }
}

function primary(reader: Reader): Path {
  const token = peek(reader);
  if (token.kind === 'sign') return bracket(reader);
  const special = token.kind === 'name' ? WORDS[token.text] : undefined;
  if (special) {
    reader.at++;
    return special;
  }
  if (token.kind === 'name' || token.kind === 'quoted') return step(reader, { kind: 'this', implicit: true });
  if (token.kind === 'end') throw unexpected(reader, 'a value or a path');
  reader.at++;
  if (token.kind === 'variable') return { kind: 'variable', name: token.text, at: token.at };
  if (token.kind === 'string') return { kind: 'literal', value: token.text, type: 'System.String' };
  return token.kind === 'date' ? temporal(token.text) : number(reader, token);
}

const WORDS: Readonly<Record<string, Path>> = {
  true: { kind: 'literal', value: true, type: 'System.Boolean' },
  false: { kind: 'literal', value: false, type: 'System.Boolean' },
  $this: { kind: 'this', implicit: false },
  $index: { kind: 'loop', name: '$index' },
  $total: { kind: 'loop', name: '$total' },
};

function bracket(reader: Reader): Path {
  if (take(reader, '{')) {
    need(reader, '}');
    return { kind: 'empty' };
  }
  if (!take(reader, '(')) throw unexpected(reader, 'a value or a path');
  const inner = infix(reader, 0);
  need(reader, ')');
  return inner;
}

/** `2015T` is a DateTime that says only the year, which FHIR writes `2015`. */
function temporal(text: string): Path {
  if (text.startsWith('T')) return { kind: 'literal', value: text.slice(1), type: 'System.Time' };
  const type = text.includes('T') ? 'System.DateTime' : 'System.Date';
  return { kind: 'literal', value: text.replace(/T$/, ''), type };
}

const UNITS = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/;

function number(reader: Reader, { text, at }: Token): Path {
  const value = keepNumber(text.replace(/^0+(?=\d)/, ''));
  if (value === undefined) throw broken(reader.text, at, 'the number is beyond reason');
  const next = peek(reader);
  const isUnit = next.kind === 'string' || (next.kind === 'name' && UNITS.test(next.text));
  if (!isUnit) {
    const isInteger = typeof value === 'number' && !text.includes('.') && Math.abs(value) < 2 ** 31;
    return { kind: 'literal', value, type: isInteger ? 'System.Integer' : 'System.Decimal' };
  }
  reader.at++;
  return { kind: 'literal', value: quantityLiteral(value, next), type: 'System.Quantity' };
}

function quantityLiteral(value: JsonValue, { kind, text }: Token): JsonValue {
  if (kind === 'name' || UNITS.test(text)) return { value, unit: text.replace(/s$/, '') };
  return { value, unit: text, system: 'http://unitsofmeasure.org', code: text };
}

const TYPE_CALLS: ReadonlySet<string> = new Set(['as', 'is', 'ofType']);

function step(reader: Reader, of: Path): Path {
  if (peek(reader).kind === 'name' && Object.hasOwn(LOOPS, peek(reader).text)) return loop(reader);
  const { at } = peek(reader);
  const own = name(reader);
  if (!take(reader, '(')) return { kind: 'child', of, name: own, at };
  if (TYPE_CALLS.has(own)) {
    const type = typeName(reader);
    need(reader, ')');
    return { kind: 'type', of, operator: own as TypeTest['operator'], type, at };
  }
  const args: Path[] = [];
  while (!take(reader, ')')) {
    if (args.length > 0) need(reader, ',');
    args.push(infix(reader, 0));
  }
  return { kind: 'call', of, name: own, args, at };
}

const LOOPS: Readonly<Record<string, true>> = { $this: true, $index: true, $total: true };

/** The grammar allows `name.$this`; it means the focus, whatever stands before it. */
function loop(reader: Reader): Path {
  const { text } = peek(reader);
  reader.at++;
  return WORDS[text]!;
}
