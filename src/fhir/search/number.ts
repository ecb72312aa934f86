/**
 * Number parameters, and the implicit range of a number as it is written: `100` means 99.5 to 100.5, `100.00` 99.995 to 100.005.
 * https://hl7.org/fhir/R4/search.html#number
 */
import { fault } from '../model/outcome.ts';
import { Decimal, isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { or, type Bound, type Expression } from './expression.ts';
import { splitPrefix, type Prefix } from './prefix.ts';

/** The end of a range that is open: no number lies beyond it, and every database can keep it. */
export const UNBOUND = Number.MAX_VALUE;

/** The number of a JSON value; undefined when it is none, or too large for a double. */
export function numberOf(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'number' ? value : value instanceof Decimal ? value.valueOf() : undefined;
  return Number.isFinite(number) ? number : undefined;
}

/** A number in other units. */
export function scaled(value: number, factor: number): number {
  if (factor === 1) return value;
  const product = value * factor;
  return Number.isFinite(product) ? tidy(product) : Math.sign(product) * UNBOUND;
}

/** The ends of a Range of quantities, each times a factor. */
export function rangeEnds(
  { low, high }: JsonObject,
  factor = 1,
): readonly [low: number, high: number] | undefined {
  const [from, to] = [low, high].map((end) => (isObject(end) ? numberOf(end['value']) : undefined));
  if (from === undefined && to === undefined) return undefined;
  return [
    from === undefined ? -UNBOUND : scaled(from, factor),
    to === undefined ? UNBOUND : scaled(to, factor),
  ];
}

export function indexNumber(param: string, { value, type }: PathNode, add: Add): void {
  const number = numberOf(value);
  const ends: readonly [number, number] | undefined =
    number !== undefined
      ? [number, number]
      : type === 'Range' && isObject(value)
        ? rangeEnds(value)
        : undefined;
  if (ends) addEnds(param, '', ends, add);
}

/** Before the unit of a value that is a stretch of numbers, not a point. */
const WIDE = '~';

/**
 * Points stand apart from stretches (Range, a comparator), which are rare: of a point both ends are one, so that every bound on it is one on the low end, by
 * which stores keep their order.
 */
export function addEnds(param: string, key: string, [low, high]: readonly [number, number], add: Add): void {
  add({ kind: 'range', param, key: low === high ? key : WIDE + key, low, high });
}

/** Whether a key is that of stretches. */
export const isWide = (key: string): boolean => key.startsWith(WIDE);

/** A number of a query: `from` (inclusive) to `to` (exclusive) is its implicit range. */
export interface WrittenNumber {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

const NUMBER = /^([-+]?)(\d{1,200})(?:\.(\d{1,200}))?(?:[eE]([-+]?\d{1,3}))?$/;

/** Throws FhirError `value` naming the parameter. */
export function parseNumber(text: string, param: string): WrittenNumber {
  // A "+" that was not escaped in the URL arrives as a space.
  const written = text.replace(/^ /, '+');
  const [, sign, whole, fraction = '', exponent] = NUMBER.exec(written) ?? [];
  const value = Number(written);
  if (whole === undefined || !Number.isFinite(value)) {
    throw fault(
      'value',
      `"${text.slice(0, 60)}" of ${param} is not a number: write 100, 100.00 or 1e2`,
      param,
    );
  }
  // Half of the last digit. With an exponent, half of a tenth of it: the specification has 1e2 mean 95 to 105.
  const finer = exponent === undefined ? 1 : 2;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`) * 10n ** BigInt(finer);
  const power = Number(exponent ?? 0) - fraction.length - finer;
  return { value, from: Number(`${digits - 5n}e${power}`), to: Number(`${digits + 5n}e${power}`) };
}

export function numberExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value, param);
  return pointExpression(param, '', prefix, parseNumber(rest, param));
}

/** What each prefix asks of a stored number. Only `eq`, `ne` and `ap` look at the precision of the search value. */
export function pointExpression(
  param: string,
  key: string,
  prefix: Prefix,
  number: WrittenNumber,
): Expression {
  return or(onLowEnd(boundsOf(param, key, prefix, number)), boundsOf(param, WIDE + key, prefix, number));
}

function onLowEnd(expression: Expression): Expression {
  if (expression.op === 'or') return or(...expression.of.map(onLowEnd));
  if (expression.op !== 'range') return expression;
  return { ...expression, bounds: expression.bounds.map((one) => ({ ...one, end: 'low' })) };
}

function boundsOf(param: string, key: string, prefix: Prefix, number: WrittenNumber): Expression {
  const { value, from, to } = number;
  const make = (...bounds: Bound[]): Expression => ({ op: 'range', param, key, bounds });
  const low = (is: Bound['is'], at: number): Bound => ({ end: 'low', is, value: at });
  const high = (is: Bound['is'], at: number): Bound => ({ end: 'high', is, value: at });
  switch (prefix) {
    case 'eq':
      return make(low('>=', from), high('<', to));
    case 'ne':
      return or(make(low('<', from)), make(high('>=', to)));
    case 'gt':
      return make(high('>', value));
    case 'sa':
      return make(low('>', value));
    case 'ge':
      return make(high('>=', value));
    case 'lt':
      return make(low('<', value));
    case 'eb':
      return make(high('<', value));
    case 'le':
      return make(low('<=', value));
    case 'ap': {
      const tenth = Math.abs(value) / 10;
      return make(
        low('<=', Math.max(to, tidy(value + tenth))),
        high('>=', Math.min(from, tidy(value - tenth))),
      );
    }
  }
}

/** Rounds away the last bits of a computed number, so that 5.4 less a tenth is 4.86. */
export const tidy = (value: number): number => Number(value.toPrecision(15));
