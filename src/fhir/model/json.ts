/**
 * JSON that keeps what was sent: a parser that holds on to the text of decimals and refuses what other parsers guess at, and its writer.
 * https://hl7.org/fhir/R4/json.html, https://www.rfc-editor.org/rfc/rfc8259
 */
import { fault, type FhirError } from './outcome.ts';
import { Decimal, type JsonObject, type JsonValue } from './tree.ts';

export interface JsonLimits {
  /** deepest nesting of objects and arrays; 100 when absent */
  readonly depth?: number;
}

const MOST_DIGITS = 1000;
/** Objects and arrays of one text: a small text of nothing but brackets would otherwise fill the memory. */
const MOST_CONTAINERS = 4_000_000;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** what a string cannot hold as it stands: escapes need decoding, controls are not allowed */
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\\\u0000-\u001f]/;
const SPACE = /[ \t\n\r]*/y;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  containers: number;
  readonly most: number;
  /** no string of the text needs a second look: there are no escapes, controls or lone surrogates anywhere */
  readonly simple: boolean;
}

/**
 * Parses a whole text. Numbers whose text would not survive become `Decimal`. Throws FhirError `syntax` with line and column for anything that is
 * not JSON, and for duplicate keys, `__proto__`, NUL, lone surrogates, nesting that is too deep and numbers beyond reason.
 */
export function parseJson(text: string, limits: JsonLimits = {}): JsonValue {
  const simple = !SPECIAL.test(text) && text.isWellFormed();
  const reader: Reader = {
    text,
    at: text.charCodeAt(0) === 0xfeff ? 1 : 0,
    depth: 0,
    containers: 0,
    most: limits.depth ?? 100,
    simple,
  };
  const value = parseValue(reader);
  skipSpace(reader);
  if (reader.at < text.length)
    throw broken(reader, reader.at, `${found(reader)} stands after the end of the JSON value: remove it`);
  return value;
}

function parseValue(reader: Reader): JsonValue {
  skipSpace(reader);
  switch (reader.text.charCodeAt(reader.at)) {
    case 0x7b:
      return parseObject(reader);
    case 0x5b:
      return parseArray(reader);
    case 0x22:
      return parseString(reader);
    case 0x74:
      return word(reader, 'true', true);
    case 0x66:
      return word(reader, 'false', false);
    case 0x6e:
      return word(reader, 'null', null);
    default:
      return parseNumber(reader);
  }
}

function skipSpace(reader: Reader): void {
  const code = reader.text.charCodeAt(reader.at);
  if (code > 0x20 || code !== code) return;
  SPACE.lastIndex = reader.at;
  SPACE.test(reader.text);
  reader.at = SPACE.lastIndex;
}

function enter(reader: Reader): void {
  reader.at++;
  if (++reader.containers > MOST_CONTAINERS)
    throw fault(
      'too-large',
      `The JSON text has more than ${MOST_CONTAINERS} objects and arrays: send it in parts`,
    );
  if (++reader.depth > reader.most)
    throw broken(reader, reader.at - 1, `the nesting is deeper than ${reader.most} levels`);
}

function parseObject(reader: Reader): JsonObject {
  enter(reader);
  const object: JsonObject = {};
  skipSpace(reader);
  if (closes(reader, 0x7d)) return object;
  for (;;) {
    skipSpace(reader);
    const start = reader.at;
    if (reader.text.charCodeAt(start) !== 0x22)
      throw broken(reader, start, `expected a property name in double quotes, found ${found(reader)}`);
    const name = parseString(reader);
    if (name === '__proto__') throw broken(reader, start, 'the property name "__proto__" is not allowed');
    if (object[name] !== undefined && Object.hasOwn(object, name))
      throw broken(
        reader,
        start,
        `the property "${name.slice(0, 64)}" stands twice in one object: send it once`,
      );
    skipSpace(reader);
    if (reader.text.charCodeAt(reader.at) !== 0x3a)
      throw broken(reader, reader.at, `expected ":" after "${name.slice(0, 64)}", found ${found(reader)}`);
    reader.at++;
    object[name] = parseValue(reader);
    skipSpace(reader);
    if (closes(reader, 0x7d)) return object;
    comma(reader, '}');
  }
}

function parseArray(reader: Reader): JsonValue[] {
  enter(reader);
  const array: JsonValue[] = [];
  skipSpace(reader);
  if (closes(reader, 0x5d)) return array;
  for (;;) {
    array.push(parseValue(reader));
    skipSpace(reader);
    if (closes(reader, 0x5d)) return array;
    comma(reader, ']');
  }
}

function closes(reader: Reader, code: number): boolean {
  if (reader.text.charCodeAt(reader.at) !== code) return false;
  reader.at++;
  reader.depth--;
  return true;
}

function comma(reader: Reader, close: string): void {
  if (reader.text.charCodeAt(reader.at) !== 0x2c)
    throw broken(reader, reader.at, `expected "," or "${close}", found ${found(reader)}`);
  reader.at++;
}

function word<T extends boolean | null>(reader: Reader, text: string, value: T): T {
  if (!reader.text.startsWith(text, reader.at))
    throw broken(reader, reader.at, `expected a JSON value, found ${found(reader)}`);
  reader.at += text.length;
  return value;
}

function parseString(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  let end = text.indexOf('"', start + 1);
  if (end < 0) throw broken(reader, start, 'the string that begins here does not end');
  let value = text.slice(start + 1, end);
  if (reader.simple) {
    reader.at = end + 1;
    return value;
  }
  if (SPECIAL.test(value)) {
    while (escaped(text, end)) end = text.indexOf('"', end + 1);
    if (end < 0) throw broken(reader, start, 'the string that begins here does not end');
    value = decode(reader, start, end);
  }
  if (!value.isWellFormed())
    throw broken(reader, start, 'the string holds a lone surrogate, half of a character: send both halves');
  reader.at = end + 1;
  return value;
}

/** Whether the quote at `end` is escaped: an odd number of backslashes before it. */
function escaped(text: string, end: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
  return end >= 0 && slashes % 2 === 1;
}

function decode(reader: Reader, start: number, end: number): string {
  let value: string;
  try {
    value = JSON.parse(reader.text.slice(start, end + 1)) as string;
  } catch {
    throw broken(
      reader,
      start,
      'the string holds a control character or an escape that JSON does not have: write \\n, \\t or \\uXXXX',
    );
  }
  if (value.includes('\u0000'))
    throw broken(reader, start, 'the string holds the character NUL (U+0000), which FHIR does not allow');
  return value;
}

function parseNumber(reader: Reader): number | Decimal {
  NUMBER.lastIndex = reader.at;
  const text = NUMBER.exec(reader.text)?.[0];
  if (text === undefined) throw broken(reader, reader.at, `expected a JSON value, found ${found(reader)}`);
  const value = keepNumber(text);
  if (value === undefined)
    throw broken(reader, reader.at, `the number ${text.slice(0, 30)} is beyond reason: ${NUMBER_LIMITS}`);
  reader.at += text.length;
  return value;
}

/** What a number in a text is bound to. */
export const NUMBER_LIMITS = `at most ${MOST_DIGITS} characters, and less than 1e308`;

/** The number that a JSON text means, as a Decimal where the text would not survive; undefined when it is beyond `NUMBER_LIMITS`. */
export function keepNumber(text: string): number | Decimal | undefined {
  const value = Number(text);
  if (String(value) === text) return value;
  const isAbsurd = text.length > MOST_DIGITS || !Number.isFinite(value) || /[eE][+-]?0*[1-9]\d{4}/.test(text);
  return isAbsurd ? undefined : new Decimal(text);
}

/** What stands at the place, and what to do about the mistakes that are made most. */
function found(reader: Reader): string {
  const character = reader.text.charAt(reader.at);
  if (character === '') return 'the end of the text: it is cut off, or a bracket is not closed';
  const hint = HINTS[character];
  return JSON.stringify(character) + (hint === undefined ? '' : ` (${hint})`);
}

const HINTS: Readonly<Record<string, string>> = {
  '}': 'no comma may stand before it',
  ']': 'no comma may stand before it',
  "'": 'strings have double quotes',
  '/': 'JSON has no comments',
};

function broken(reader: Reader, at: number, what: string): FhirError {
  const before = reader.text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const path = pathOf(before);
  const inside = path === '' ? '' : `, in ${path.length > 200 ? `…${path.slice(-200)}` : path}`;
  return fault('syntax', `Not well-formed JSON, line ${line}, column ${column}${inside}: ${what}`);
}

/** A string; or a sign of structure. */
const STRUCTURE = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"|[{}[\],:]/g;

/** Where a text that was read so far ends: `entry[3].resource.name[0]`. */
function pathOf(text: string): string {
  const open: (string | number)[] = [];
  let name = '';
  for (const [sign, string] of text.matchAll(STRUCTURE)) {
    if (string !== undefined) name = string;
    else if (sign === ':') open[open.length - 1] = name;
    else if (sign === '{') open.push('');
    else if (sign === '[') open.push(0);
    else if (sign === ',') open[open.length - 1] = nextOf(open.at(-1)!);
    else open.pop();
  }
  return open.reduce<string>(
    (path, one) =>
      typeof one === 'number' ? `${path}[${one}]` : path && one ? `${path}.${one}` : path + one,
    '',
  );
}

const nextOf = (last: string | number): string | number => (typeof last === 'number' ? last + 1 : '');

/** The compact text of a value; a `Decimal` is written as it came. */
export function stringifyJson(value: JsonValue): string {
  return JSON.stringify(value);
}

function hasDecimal(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Decimal) return true;
  if (Array.isArray(value)) return value.some(hasDecimal);
  for (const name in value) if (hasDecimal(value[name]!)) return true;
  return false;
}

/** The same value with plain numbers for decimals; the same object when there is none inside. */
export function toPlain(value: JsonValue): JsonValue {
  if (!hasDecimal(value)) return value;
  if (value instanceof Decimal) return value.valueOf();
  if (Array.isArray(value)) return value.map(toPlain);
  return Object.fromEntries(Object.entries(value as JsonObject).map(([name, one]) => [name, toPlain(one)]));
}

/** Indents JSON text without touching its literals. */
export function prettyJson(text: string): string {
  return JSON.stringify(parseJson(text, { depth: 200 }), null, 2);
}
