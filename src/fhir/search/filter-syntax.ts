/** The grammar of `_filter`: text to a tree. https://hl7.org/fhir/R4/search_filter.html#grammar */
import { fault, type FhirError } from '../model/outcome.ts';

export const FILTER_OPERATORS = [
  ...(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap'] as const),
  ...(['sa', 'eb', 'pr', 'po', 'ss', 'sb', 'in', 're'] as const),
] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** `subject[gender eq male]` of `subject[gender eq male].name` */
export interface FilterStep {
  readonly name: string;
  readonly filter?: Filter;
}

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly [Filter, Filter] }
  | { readonly kind: 'not'; readonly of: Filter }
  | {
      readonly kind: 'test';
      readonly path: readonly FilterStep[];
      readonly operator: FilterOperator;
      readonly value: string;
    };

const MOST_DEPTH = 30;
const MOST_TESTS = 100;
const MOST_STEPS = 8;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  tests: number;
}

/** Throws FhirError `value` naming the place, `too-costly` for what is too deep or too long. */
export function parseFilter(text: string): Filter {
  const reader: Reader = { text, at: 0, depth: 0, tests: 0 };
  const filter = readFilter(reader);
  skipSpace(reader);
  if (reader.at < text.length) throw unexpected(reader, '"and" or "or"');
  return filter;
}

function unexpected({ text, at }: Reader, wanted: string): FhirError {
  const found = text.slice(at, at + 20);
  const what = found === '' ? 'the end' : `"${found}"`;
  return fault(
    'value',
    `_filter has ${what} at character ${at + 1}, where ${wanted} should stand`,
    '_filter',
  );
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at++;
}

/** Takes what the sticky pattern finds here. */
function take(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

/** `and` and `or` bind alike, from left to right. */
function readFilter(reader: Reader): Filter {
  if (++reader.depth > MOST_DEPTH)
    throw fault('too-costly', `_filter nests deeper than ${MOST_DEPTH} levels`, '_filter');
  let left = readTerm(reader);
  for (;;) {
    skipSpace(reader);
    const word = take(reader, /(?:and|or)(?=[\s(])/y);
    if (word === undefined) break;
    left = { kind: word as 'and' | 'or', of: [left, readTerm(reader)] };
  }
  reader.depth--;
  return left;
}

function readTerm(reader: Reader): Filter {
  skipSpace(reader);
  if (take(reader, /not\s*(?=\()/y) !== undefined) return { kind: 'not', of: readEnclosed(reader, '(', ')') };
  if (reader.text[reader.at] === '(') return readEnclosed(reader, '(', ')');
  return readTest(reader);
}

function readEnclosed(reader: Reader, open: string, close: string): Filter {
  if (reader.text[reader.at] !== open) throw unexpected(reader, `"${open}"`);
  reader.at++;
  const inside = readFilter(reader);
  skipSpace(reader);
  if (reader.text[reader.at] !== close) throw unexpected(reader, `"${close}"`);
  reader.at++;
  return inside;
}

function readTest(reader: Reader): Filter {
  if (++reader.tests > MOST_TESTS)
    throw fault('too-costly', `_filter has more than ${MOST_TESTS} comparisons`, '_filter');
  const path: FilterStep[] = [readStep(reader)];
  while (take(reader, /\./y) !== undefined) path.push(readStep(reader));
  if (path.length > MOST_STEPS)
    throw fault('too-costly', `_filter has a path of more than ${MOST_STEPS} steps`, '_filter');
  if (take(reader, /\s+/y) === undefined) throw unexpected(reader, 'a space and an operator');
  const before = reader.at;
  const word = take(reader, /[A-Za-z]+/y) ?? '';
  const operator = FILTER_OPERATORS.find((one) => one === word);
  if (!operator) {
    reader.at = before;
    throw unexpected(reader, `one of ${FILTER_OPERATORS.join(', ')}`);
  }
  if (take(reader, /\s+/y) === undefined) throw unexpected(reader, 'a space and a value');
  return { kind: 'test', path, operator, value: readValue(reader) };
}

function readStep(reader: Reader): FilterStep {
  const name = take(reader, /[A-Za-z_][A-Za-z0-9_-]*(?::[A-Za-z]+)?/y);
  if (name === undefined) throw unexpected(reader, 'a search parameter');
  return reader.text[reader.at] === '[' ? { name, filter: readEnclosed(reader, '[', ']') } : { name };
}

function readValue(reader: Reader): string {
  const quoted = take(reader, /"(?:[^"\\]|\\.)*"/y);
  if (quoted !== undefined) {
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw fault('value', `_filter holds ${quoted.slice(0, 60)}, which is not a JSON string`, '_filter');
    }
  }
  const bare = take(reader, /[^\s()[\]"]+/y);
  if (bare === undefined) throw unexpected(reader, 'a value, or a text in double quotes');
  return bare;
}
