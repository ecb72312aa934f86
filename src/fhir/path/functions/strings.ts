/** Functions on strings. https://hl7.org/fhirpath/N1/#string-manipulation, https://build.fhir.org/ig/HL7/FHIRPath/#additional-string-functions */
import { ofString, type Callable, type Callables } from '../callable.ts';
import { integerOf, made, misfit, stringOf, text, type Nodes } from '../nodes.ts';
import { compilePattern } from '../regex.ts';
import { spend, type Run } from '../run.ts';

const string = (nodes: Nodes | undefined): string => stringOf(nodes ?? []) ?? '';

/** A truth about a string and another one. */
const about = (judge: (value: string, other: string) => boolean): Callable =>
  ofString([1, 1], (value, [other]) => judge(value, string(other)));

const spender =
  (run: Run): ((steps: number) => void) =>
  (steps) =>
    spend(run, steps);

const matching = (whole: boolean): Callable =>
  ofString([1, 1], (value, [pattern], run) =>
    compilePattern(string(pattern), whole).test(value, spender(run)),
  );

/** Most characters of a string that a function makes. */
const MOST_LENGTH = 20_000_000;

function bounded(length: number): void {
  if (length > MOST_LENGTH) throw misfit(`the string would be longer than ${MOST_LENGTH} characters`);
}

function replace(value: string, pattern: string, by: string): string {
  bounded(value.length + (pattern === '' ? value.length + 1 : value.length / pattern.length) * by.length);
  return value.replaceAll(pattern, () => by);
}

const CODINGS: Readonly<Record<string, BufferEncoding>> = {
  hex: 'hex',
  base64: 'base64',
  urlbase64: 'base64url',
};

function encode(value: string, format: string): string | undefined {
  const coding = CODINGS[format];
  if (coding === undefined) return undefined;
  const encoded = Buffer.from(value, 'utf8').toString(coding);
  return format === 'urlbase64' ? encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=') : encoded;
}

function decode(value: string, format: string): string | undefined {
  const coding = CODINGS[format];
  return coding === undefined ? undefined : Buffer.from(value, coding).toString('utf8');
}

const HTML: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
];

function escape(value: string, target: string): string | undefined {
  if (target === 'json') return JSON.stringify(value).slice(1, -1);
  if (target !== 'html') return undefined;
  return HTML.reduce((result, [sign, entity]) => result.replaceAll(sign, entity), value);
}

function unescape(value: string, target: string): string | undefined {
  if (target === 'html')
    return HTML.toReversed().reduce((result, [sign, entity]) => result.replaceAll(entity, sign), value);
  if (target !== 'json') return undefined;
  try {
    return JSON.parse(`"${value.replace(/\\.|"/g, (found) => (found === '"' ? '\\"' : found))}"`) as string;
  } catch {
    return undefined;
  }
}

function substring(value: string, start: number, length: number | undefined): string | undefined {
  if (start < 0 || start >= value.length) return undefined;
  return value.slice(start, length === undefined ? undefined : start + Math.max(0, length));
}

export const STRINGS: Callables = {
  indexOf: ofString([1, 1], (value, [other]) => value.indexOf(string(other))),
  lastIndexOf: ofString([1, 1], (value, [other]) => value.lastIndexOf(string(other))),
  substring: {
    arity: [1, 2],
    ofNothing: true,
    make: (args) => {
      const [from, count] = args.map((one) => one.step());
      return (input, focus, run) => {
        const value = stringOf(input);
        const start = integerOf(from!(focus, run));
        if (value === undefined || start === undefined) return [];
        const result = substring(value, start, count && integerOf(count(focus, run)));
        return result === undefined ? [] : text(result);
      };
    },
  },
  startsWith: about((value, other) => value.startsWith(other)),
  endsWith: about((value, other) => value.endsWith(other)),
  contains: about((value, other) => value.includes(other)),
  upper: ofString([0, 0], (value) => value.toUpperCase()),
  lower: ofString([0, 0], (value) => value.toLowerCase()),
  replace: ofString([2, 2], (value, [pattern, by]) => replace(value, string(pattern), string(by))),
  matches: matching(false),
  matchesFull: matching(true),
  replaceMatches: ofString([2, 2], (value, [pattern, by], run) => {
    if (string(pattern) === '') return value;
    bounded(value.length * (1 + string(by).length));
    return compilePattern(string(pattern), false).replace(value, string(by), spender(run));
  }),
  length: ofString([0, 0], (value) => value.length),
  toChars: ofString([0, 0], (value, _args, run) => {
    spend(run, value.length);
    return [...value].map((letter) => made(letter, 'System.String'));
  }),
  trim: ofString([0, 0], (value) => value.trim()),
  split: ofString([1, 1], (value, [separator], run) => {
    spend(run, value.length);
    return value.split(string(separator)).map((part) => made(part, 'System.String'));
  }),
  join: {
    arity: [0, 1],
    ofNothing: true,
    make: ([separator]) => {
      const step = separator?.step();
      return (input, focus, run) => {
        const parts = input.filter(({ value }) => value !== null).map((node) => string([node]));
        const joined = parts.join(step ? string(step(focus, run)) : '');
        spend(run, parts.length + (joined.length >> 4));
        return parts.length === 0 ? [] : text(joined);
      };
    },
  },
  encode: ofString([1, 1], (value, [format]) => encode(value, string(format))),
  decode: ofString([1, 1], (value, [format]) => decode(value, string(format))),
  escape: ofString([1, 1], (value, [target]) => escape(value, string(target))),
  unescape: ofString([1, 1], (value, [target]) => unescape(value, string(target))),
};
