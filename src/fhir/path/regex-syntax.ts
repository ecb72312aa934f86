/** The syntax of regular expressions as invariants use it, and how JavaScript writes it. https://tc39.es/ecma262/#sec-patterns */
import { fault, type FhirError } from '../model/outcome.ts';

export type Regex =
  | { readonly kind: 'empty' }
  /** one character: the source of its class for JavaScript, and whether it fits */
  | { readonly kind: 'character'; readonly source: string; readonly fits: RegExp }
  | { readonly kind: 'assertion'; readonly source: '^' | '$' | '\\b' | '\\B' }
  | { readonly kind: 'look'; readonly sign: '=' | '!' | '<=' | '<!'; readonly of: Regex }
  | { readonly kind: 'group'; readonly captures: boolean; readonly of: Regex }
  | { readonly kind: 'sequence'; readonly parts: readonly Regex[] }
  | { readonly kind: 'choice'; readonly parts: readonly Regex[] }
  | {
      readonly kind: 'repeat';
      readonly of: Regex;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

const MOST_REPEAT = 1000;
const MOST_DEPTH = 50;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

/** Throws FhirError `invalid`. */
export function parseRegex(text: string): Regex {
  const reader: Reader = { text, at: 0, depth: 0 };
  const regex = choice(reader);
  if (reader.at < text.length) throw wrong(reader, 'a ")" has no "("');
  return regex;
}

function wrong({ text, at }: Reader, what: string): FhirError {
  return fault(
    'invalid',
    `"${text.slice(0, 100)}" is not a regular expression that is taken here: ${what} (character ${at + 1})`,
  );
}

function take(reader: Reader, text: string): boolean {
  if (!reader.text.startsWith(text, reader.at)) return false;
  reader.at += text.length;
  return true;
}

function choice(reader: Reader): Regex {
  if (++reader.depth > MOST_DEPTH) throw wrong(reader, `it nests deeper than ${MOST_DEPTH} levels`);
  const parts = [sequence(reader)];
  while (take(reader, '|')) parts.push(sequence(reader));
  reader.depth--;
  return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
}

function sequence(reader: Reader): Regex {
  const parts: Regex[] = [];
  while (reader.at < reader.text.length && !/[|)]/.test(reader.text[reader.at]!)) {
    parts.push(quantified(reader, atom(reader)));
  }
  return parts.length === 0
    ? { kind: 'empty' }
    : parts.length === 1
      ? parts[0]!
      : { kind: 'sequence', parts };
}

const QUANTIFIER = /([*+?])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/y;

function quantified(reader: Reader, of: Regex): Regex {
  QUANTIFIER.lastIndex = reader.at;
  const found = QUANTIFIER.exec(reader.text);
  if (!found) return of;
  if (of.kind === 'assertion' || of.kind === 'look') throw wrong(reader, 'there is nothing to repeat');
  reader.at = QUANTIFIER.lastIndex;
  const [, sign, least, comma, most] = found;
  const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
  const max = sign === undefined ? limit(least!, comma, most) : sign === '?' ? 1 : Infinity;
  if (max < min || min > MOST_REPEAT || (max !== Infinity && max > MOST_REPEAT))
    throw wrong(reader, `a repetition must be at most ${MOST_REPEAT}`);
  const lazy = take(reader, '?');
  if (take(reader, '+')) throw wrong(reader, 'possessive quantifiers are not taken');
  return { kind: 'repeat', of, min, max, lazy };
}

function limit(least: string, comma: string | undefined, most: string | undefined): number {
  if (comma === undefined) return Number(least);
  return most === undefined ? Infinity : Number(most);
}

function atom(reader: Reader): Regex {
  const sign = reader.text[reader.at]!;
  if (sign === '(') return group(reader);
  if (sign === '[') return characterClass(reader);
  if (sign === '\\') return escape(reader);
  if (/[*+?]/.test(sign)) throw wrong(reader, `"${sign}" has nothing to repeat`);
  if (sign === '^' || sign === '$') {
    reader.at++;
    return { kind: 'assertion', source: sign };
  }
  const letter = String.fromCodePoint(reader.text.codePointAt(reader.at)!);
  reader.at += letter.length;
  return character(letter === '.' ? '[^]' : literal(letter));
}

/** A character as JavaScript takes it in every place. */
function literal(letter: string): string {
  return /^[A-Za-z0-9]$/.test(letter) ? letter : `\\u{${letter.codePointAt(0)!.toString(16)}}`;
}

const character = (source: string): Regex => ({
  kind: 'character',
  source,
  fits: new RegExp(`^${source}$`, 'su'),
});

const LOOKS = ['=', '!', '<=', '<!'] as const;

function group(reader: Reader): Regex {
  reader.at++;
  const sign = LOOKS.find((one) => take(reader, `?${one}`));
  const named =
    sign === undefined ? /^\?P?<[A-Za-z]\w*>/.exec(reader.text.slice(reader.at, reader.at + 70)) : null;
  if (named) reader.at += named[0].length;
  const captures = sign === undefined && (named !== null || !take(reader, '?:'));
  if (captures && !named && reader.text[reader.at] === '?')
    throw wrong(reader, 'this kind of group is not taken');
  const of = choice(reader);
  if (!take(reader, ')')) throw wrong(reader, 'a "(" has no ")"');
  return sign === undefined ? { kind: 'group', captures, of } : { kind: 'look', sign, of };
}

const CLASS_LETTERS = /^[dDwWsS]$/;
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' };

/** The source of what an escape means inside or outside of a class. */
function escaped(reader: Reader): string {
  const { text } = reader;
  const letter = String.fromCodePoint(text.codePointAt(reader.at + 1) ?? 0);
  reader.at += 1 + letter.length;
  if (reader.at > text.length) throw wrong(reader, 'it ends in a backslash');
  if (CLASS_LETTERS.test(letter)) return `\\${letter}`;
  if (CONTROLS[letter] !== undefined) return literal(CONTROLS[letter]);
  if (letter === 'p' || letter === 'P') return property(reader, letter);
  if (letter === 'u' || letter === 'x') return coded(reader, letter);
  if (/[0-9A-Za-z]/.test(letter)) throw wrong(reader, `the escape \\${letter} is not taken`);
  return literal(letter);
}

function property(reader: Reader, letter: string): string {
  const [whole] =
    /^\{[A-Za-z_]{1,40}(?:=[A-Za-z_]{1,40})?\}/.exec(reader.text.slice(reader.at, reader.at + 90)) ?? [];
  if (whole === undefined) throw wrong(reader, `\\${letter} needs a property in braces`);
  reader.at += whole.length;
  try {
    return new RegExp(`\\${letter}${whole}`, 'u').source;
  } catch {
    throw wrong(reader, `there is no property ${whole}`);
  }
}

function coded(reader: Reader, letter: string): string {
  const digits = letter === 'u' ? 4 : 2;
  const code = reader.text.slice(reader.at, reader.at + digits);
  if (!/^[0-9a-fA-F]+$/.test(code) || code.length < digits)
    throw wrong(reader, `\\${letter} needs ${digits} digits`);
  reader.at += digits;
  return literal(String.fromCharCode(parseInt(code, 16)));
}

function escape(reader: Reader): Regex {
  const letter = reader.text[reader.at + 1];
  if (letter !== 'b' && letter !== 'B') return character(escaped(reader));
  reader.at += 2;
  return { kind: 'assertion', source: `\\${letter}` };
}

function characterClass(reader: Reader): Regex {
  reader.at++;
  const negated = take(reader, '^');
  let source = '';
  for (let first = true; first || reader.text[reader.at] !== ']'; first = false) {
    if (reader.at >= reader.text.length) throw wrong(reader, 'a "[" has no "]"');
    if (first && reader.text[reader.at] === ']') break;
    source += classPart(reader);
  }
  reader.at++;
  return character(source === '' ? (negated ? '[^]' : '[]') : `[${negated ? '^' : ''}${source}]`);
}

function classPart(reader: Reader): string {
  const low = classLetter(reader);
  const isRange =
    reader.text[reader.at] === '-' && !/^-(?:\]|$)/.test(reader.text.slice(reader.at, reader.at + 2));
  if (!isRange || /^\\[dDwWsSpP]/.test(low)) return low;
  reader.at++;
  const high = classLetter(reader);
  if (/^\\[dDwWsSpP]/.test(high)) return `${low}${literal('-')}${high}`;
  try {
    return new RegExp(`[${low}-${high}]`, 'u').source.slice(1, -1);
  } catch {
    throw wrong(reader, 'the range runs backwards');
  }
}

function classLetter(reader: Reader): string {
  if (reader.text[reader.at] === '\\') {
    if (reader.text[reader.at + 1] !== 'b') return escaped(reader);
    reader.at += 2;
    return literal('\b');
  }
  const letter = String.fromCodePoint(reader.text.codePointAt(reader.at) ?? 0);
  reader.at += letter.length;
  return literal(letter);
}

/** The pattern for JavaScript with the flags `su`. */
export function sourceOf(regex: Regex): string {
  switch (regex.kind) {
    case 'empty':
      return '';
    case 'character':
    case 'assertion':
      return regex.source;
    case 'look':
      return `(?${regex.sign}${sourceOf(regex.of)})`;
    case 'group':
      return `(${regex.captures ? '' : '?:'}${sourceOf(regex.of)})`;
    case 'sequence':
      return regex.parts
        .map((part) => (part.kind === 'choice' ? `(?:${sourceOf(part)})` : sourceOf(part)))
        .join('');
    case 'choice':
      return regex.parts.map(sourceOf).join('|');
    case 'repeat': {
      const { of, min, max, lazy } = regex;
      return `${sourceOf(of)}{${min},${max === Infinity ? '' : max}}${lazy ? '?' : ''}`;
    }
  }
}
