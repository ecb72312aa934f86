/**
 * Reads an expression of the Expression Constraint Language 2.2 into a tree. https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language
 * What is not understood is refused at its place, never passed over.
 */
export type Operator = '<' | '<<' | '<!' | '<<!' | '>' | '>>' | '>!' | '>>!' | '!!>' | '!!<';
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Ecl =
  | { readonly kind: 'concept'; readonly code: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'members'; readonly of: Ecl }
  | { readonly kind: 'hierarchy'; readonly operator: Operator; readonly of: Ecl }
  | { readonly kind: 'and' | 'or' | 'minus'; readonly parts: readonly Ecl[] }
  | { readonly kind: 'refined'; readonly of: Ecl; readonly by: Refinement }
  | { readonly kind: 'dotted'; readonly of: Ecl; readonly attribute: Ecl }
  | { readonly kind: 'filtered'; readonly of: Ecl; readonly filters: readonly ConceptFilter[] };

export type Refinement =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Refinement[] }
  | { readonly kind: 'group'; readonly cardinality: Cardinality | undefined; readonly of: Refinement }
  | Attribute;

export interface Attribute {
  readonly kind: 'attribute';
  readonly cardinality: Cardinality | undefined;
  readonly isReverse: boolean;
  readonly name: Ecl;
  readonly comparison: Comparison;
  readonly value: Ecl | { readonly kind: 'literal'; readonly value: number | string | boolean };
}

export interface Cardinality {
  readonly min: number;
  readonly max: number;
}

export type ConceptFilter =
  | {
      readonly kind: 'term';
      readonly isNot: boolean;
      readonly isWild: boolean;
      readonly terms: readonly string[];
    }
  | {
      readonly kind: 'property';
      readonly isNot: boolean;
      readonly property: string;
      readonly values: readonly string[];
    };

export class EclError extends Error {}

/** Expressions are short; a hostile one is refused before its nesting costs anything. */
const MOST_TEXT = 20_000;
const MOST_DEPTH = 60;

export function parseEcl(text: string): Ecl {
  if (text.length > MOST_TEXT) throw new EclError(`the expression is longer than ${MOST_TEXT} characters`);
  const reader = readerOf(text);
  const tree = expression(reader);
  reader.space();
  if (!reader.atEnd()) throw reader.error('the end');
  return tree;
}

interface Reader {
  depth: number;
  space(): void;
  atEnd(): boolean;
  /** the match of a sticky expression, which is read over */
  take(pattern: RegExp): RegExpExecArray | undefined;
  sees(pattern: RegExp): boolean;
  error(wanted: string): EclError;
}

function readerOf(text: string): Reader {
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const reader: Reader = {
    depth: 0,
    space() {
      at += match(/(?:\s|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*/y)![0].length;
    },
    atEnd: () => at >= text.length,
    take(pattern) {
      reader.space();
      const found = match(pattern);
      if (!found) return undefined;
      at += found[0].length;
      return found;
    },
    sees(pattern) {
      reader.space();
      return match(pattern) !== null;
    },
    error: (wanted) =>
      new EclError(
        `at character ${at + 1} of the expression: ${wanted} is expected, not "${text.slice(at, at + 20)}"`,
      ),
  };
  return reader;
}

function deeper<T>(reader: Reader, read: (reader: Reader) => T): T {
  if (++reader.depth > MOST_DEPTH)
    throw new EclError(`the expression is nested deeper than ${MOST_DEPTH} times`);
  const tree = read(reader);
  reader.depth--;
  return tree;
}

function expect(reader: Reader, pattern: RegExp, wanted: string): RegExpExecArray {
  const found = reader.take(pattern);
  if (!found) throw reader.error(wanted);
  return found;
}

const AND = /and\b|,/iy;
const OR = /or\b/iy;
const MINUS = /minus\b/iy;

/** Mixed AND and OR need brackets, as the language says. */
function expression(reader: Reader): Ecl {
  const first = refined(reader);
  for (const [kind, pattern] of [
    ['and', AND],
    ['or', OR],
  ] as const) {
    if (!reader.sees(pattern)) continue;
    const parts = [first];
    while (reader.take(pattern)) parts.push(refined(reader));
    return { kind, parts };
  }
  if (reader.take(MINUS)) return { kind: 'minus', parts: [first, refined(reader)] };
  let dotted = first;
  while (reader.take(/\./y)) dotted = { kind: 'dotted', of: dotted, attribute: sub(reader) };
  return dotted;
}

function refined(reader: Reader): Ecl {
  const of = sub(reader);
  return reader.take(/:/y) ? { kind: 'refined', of, by: refinement(reader) } : of;
}

const OPERATOR = /<<!|<!|<<|<|>>!|>!|>>|>|!!>|!!</y;

function sub(reader: Reader): Ecl {
  const operator = reader.take(OPERATOR)?.[0] as Operator | undefined;
  const isMembers = reader.take(/\^/y) !== undefined;
  let of = focus(reader);
  if (isMembers) of = { kind: 'members', of };
  if (operator) of = { kind: 'hierarchy', operator, of };
  while (reader.take(/\{\{/y)) {
    of = { kind: 'filtered', of, filters: filters(reader) };
    expect(reader, /\}\}/y, '}}');
  }
  return of;
}

function focus(reader: Reader): Ecl {
  if (reader.take(/\(/y)) {
    const inner = deeper(reader, expression);
    expect(reader, /\)/y, 'a closing bracket');
    return inner;
  }
  if (reader.take(/\*/y)) return { kind: 'any' };
  const [code] = expect(reader, /\d{5,18}(?!\d)/y, 'a concept, * or an opening bracket');
  reader.take(/\|[^|]*\|/y);
  return { kind: 'concept', code };
}

function refinement(reader: Reader): Refinement {
  const first = group(reader);
  for (const [kind, pattern] of [
    ['and', AND],
    ['or', OR],
  ] as const) {
    if (!reader.sees(pattern)) continue;
    const parts = [first];
    while (reader.take(pattern)) parts.push(group(reader));
    return { kind, parts };
  }
  return first;
}

function group(reader: Reader): Refinement {
  const cardinality = cardinalityOf(reader);
  if (reader.take(/\{(?!\{)/y)) {
    const of = deeper(reader, refinement);
    expect(reader, /\}/y, 'a closing brace');
    return { kind: 'group', cardinality, of };
  }
  if (cardinality === undefined && reader.sees(/\(/y)) {
    reader.take(/\(/y);
    const inner = deeper(reader, refinement);
    expect(reader, /\)/y, 'a closing bracket');
    return inner;
  }
  return attribute(reader, cardinality);
}

function cardinalityOf(reader: Reader): Cardinality | undefined {
  const found = reader.take(/\[\s*(\d{1,6})\s*(?:\.\.|to)\s*(\d{1,6}|\*|many)\s*\]/iy);
  return found && { min: Number(found[1]), max: /\d/.test(found[2]!) ? Number(found[2]) : Infinity };
}

function attribute(reader: Reader, cardinality: Cardinality | undefined): Attribute {
  const isReverse = reader.take(/R\b/y) !== undefined;
  const name = sub(reader);
  const comparison = expect(reader, /!=|<>|<=|>=|=|<|>/y, 'a comparison')[0].replace(
    '<>',
    '!=',
  ) as Comparison;
  const literal = reader.take(/#(-?\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|(true|false)\b/iy);
  if (literal) {
    const [, number, text, flag] = literal;
    const value =
      number !== undefined
        ? Number(number)
        : (text?.replace(/\\(.)/g, '$1') ?? flag!.toLowerCase() === 'true');
    return { kind: 'attribute', cardinality, isReverse, name, comparison, value: { kind: 'literal', value } };
  }
  if (comparison !== '=' && comparison !== '!=') throw reader.error('a number');
  return { kind: 'attribute', cardinality, isReverse, name, comparison, value: sub(reader) };
}

/** `term = "…"`, `active = 1`, `definitionStatus = defined`, `moduleId = …`, `effectiveTime = "…"` */
function filters(reader: Reader): ConceptFilter[] {
  reader.take(/[cd]\b/iy);
  const found: ConceptFilter[] = [];
  do found.push(conceptFilter(reader));
  while (reader.take(AND));
  return found;
}

function conceptFilter(reader: Reader): ConceptFilter {
  const [name] = expect(
    reader,
    /term|active|definitionStatusId|definitionStatus|moduleId|effectiveTime/iy,
    'a filter that is known: term, active, definitionStatus, moduleId or effectiveTime',
  );
  const isNot = expect(reader, /!=|=/y, '= or !=')[0] === '!=';
  const isTerm = name.toLowerCase() === 'term';
  const isWild = isTerm && reader.take(/wild\s*:/iy) !== undefined;
  if (isTerm) reader.take(/match\s*:/iy);
  const one = (): string => {
    const [text] = expect(reader, /"(?:[^"\\]|\\.)*"|[\w]+/y, 'a value');
    reader.take(/\|[^|]*\|/y);
    return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  };
  const values: string[] = [];
  if (reader.take(/\(/y)) {
    while (!reader.take(/\)/y)) values.push(one());
  } else values.push(one());
  if (isTerm) return { kind: 'term', isNot, isWild, terms: values };
  return { kind: 'property', isNot, ...propertyOf(name.toLowerCase(), values) };
}

function propertyOf(
  name: string,
  values: readonly string[],
): { property: string; values: readonly string[] } {
  if (name === 'active')
    return { property: 'active', values: values.map((one) => String(one === '1' || one === 'true')) };
  if (name.startsWith('definitionstatus')) {
    const isDefined = (one: string): boolean => one === 'defined' || one === '900000000000073002';
    return { property: 'sufficientlyDefined', values: values.map((one) => String(isDefined(one))) };
  }
  return { property: name === 'moduleid' ? 'moduleId' : 'effectiveTime', values };
}
