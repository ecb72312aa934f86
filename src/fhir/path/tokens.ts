/** The words of FHIRPath: literals, names, variables and signs, each with its place in the text. https://hl7.org/fhirpath/N1/grammar.html */
import { fault, type FhirError } from '../model/outcome.ts';

export type TokenKind = 'name' | 'quoted' | 'string' | 'number' | 'date' | 'variable' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** decoded: without quotes, `@`, `%` and escapes */
  readonly text: string;
  readonly at: number;
}

/** Longest expression that is read. */
const MOST_LENGTH = 20_000;

const SPACE = /(?:\s+|\/\/[^\n\r]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/)*/y;
const ZONE = '(?:Z|[+-]\\d\\d:\\d\\d)';
const TIME = '\\d\\d(?::\\d\\d(?::\\d\\d(?:\\.\\d+)?)?)?';
const TOKEN = new RegExp(
  [
    `@(?<date>T${TIME}|\\d{4}(?:-\\d\\d(?:-\\d\\d)?)?(?:T(?:${TIME}${ZONE}?)?)?)`,
    '(?<number>\\d+(?:\\.\\d+)?)',
    "'(?<string>(?:[^'\\\\]|\\\\.)*)'",
    '`(?<quoted>(?:[^`\\\\]|\\\\.)*)`',
    '%(?:(?<variable>(?:vs|ext)-[\\w-]+|[A-Za-z_]\\w*)|`(?<variable2>(?:[^`\\\\]|\\\\.)*)`|\'(?<variable3>(?:[^\'\\\\]|\\\\.)*)\'|"(?<variable4>[^"]*)")',
    '(?<name>\\$?[A-Za-z_]\\w*)',
    '(?<sign><=|>=|!=|!~|[-+*/&|=~<>.,()[\\]{}])',
  ].join('|'),
  'ys',
);

/** All tokens, the last one is `end`. Throws FhirError `invalid` with line and column. */
export function tokenize(text: string): Token[] {
  if (text.length > MOST_LENGTH) {
    throw fault('invalid', `The FHIRPath expression is longer than ${MOST_LENGTH} characters`);
  }
  const tokens: Token[] = [];
  for (let at = skip(text, 0); at < text.length; at = skip(text, TOKEN.lastIndex)) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw broken(text, at, `${JSON.stringify(text[at])} does not fit here`);
    tokens.push(tokenOf(found.groups!, at));
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function skip(text: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.test(text);
  return Math.max(SPACE.lastIndex, from);
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>, at: number): Token {
  for (const kind of ['name', 'sign', 'number', 'date'] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text, at };
  }
  for (const kind of ['string', 'quoted'] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text: unescape(text), at };
  }
  const { variable, variable2, variable3, variable4 } = groups;
  return { kind: 'variable', text: variable ?? unescape(variable2 ?? variable3 ?? variable4 ?? ''), at };
}

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  '`': '`',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** An escape that FHIRPath does not have is left as it stands: authors of invariants write `'\d'` in regular expressions. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (whole, code: string | undefined, letter: string) =>
    code === undefined ? (ESCAPES[letter] ?? whole) : String.fromCharCode(parseInt(code, 16)),
  );
}

/** The refusal of an expression, with the place of the fault. */
export function broken(text: string, at: number, what: string): FhirError {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return fault('invalid', `"${shown}" is not a FHIRPath expression: line ${line}, column ${column}: ${what}`);
}
