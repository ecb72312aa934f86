/**
 * Number parameters, and the implicit range of a number as it is written: `100` means 99.5 to 100.5, `100.00` 99.995 to 100.005.
 * https://hl7.org/fhir/R4/search.html#number
 */
import { fault } from '../model/outcome.ts';
import { Decimal, isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { or, type Bound, type Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';
import { splitPrefix, type Prefix } from './prefix.ts';

export const numberOf = (value: JsonValue | undefined): number | undefined =>
  typeof value === 'number' ? value : value instanceof Decimal ? value.valueOf() : undefined;

export function indexNumber(
  param: string,
  { value, type }: PathNode,
  add: (value: IndexValue) => void,
): void {
  const number = numberOf(value);
  if (number !== undefined && Number.isFinite(number))
    add({ kind: 'range', param, key: '', low: number, high: number });
  if (type === 'Range' && isObject(value)) {
    const [low, high] = [value['low'], value['high']].map((end) =>
      isObject(end) ? numberOf(end['value']) : undefined,
    );
    if (low !== undefined || high !== undefined) {
      add({ kind: 'range', param, key: '', low: low ?? -Number.MAX_VALUE, high: high ?? Number.MAX_VALUE });
    }
  }
}

export interface WrittenNumber {
  readonly value: number;
  /** half of the last digit that was written */
  readonly half: number;
}

const NUMBER = /^[-+]?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d{1,3}))?$/;

/** Throws FhirError `value` naming the parameter. */
export function parseNumber(text: string, param: string): WrittenNumber {
  const found = NUMBER.exec(text.trim());
  const value = Number(text);
  if (!found || !Number.isFinite(value))
    throw fault('value', `"${text.slice(0, 60)}" is not a number: write 100, 100.00 or 1e2`, param);
  const [, , fraction = '', exponent = '0'] = found;
  // An exponent says how many digits are meant: 1e2 has one, 1.00e2 three.
  const last = Number(exponent) - fraction.length;
  return { value, half: 0.5 * 10 ** last };
}

export function numberExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value);
  return pointExpression(param, '', prefix, parseNumber(rest, param));
}

/** What each prefix asks of a stored number. Only `eq`, `ne` and `ap` look at the precision of the search value. */
export function pointExpression(
  param: string,
  key: string,
  prefix: Prefix,
  { value, half }: WrittenNumber,
): Expression {
  const make = (...bounds: Bound[]): Expression => ({ op: 'range', param, key, bounds });
  const low = (is: Bound['is'], at: number): Bound => ({ end: 'low', is, value: at });
  const high = (is: Bound['is'], at: number): Bound => ({ end: 'high', is, value: at });
  switch (prefix) {
    case 'eq':
      return make(low('>=', lift(value - half)), high('<', lift(value + half)));
    case 'ne':
      return or(make(low('<', lift(value - half))), make(high('>=', lift(value + half))));
    case 'gt':
    case 'sa':
      return make(prefix === 'gt' ? high('>', value) : low('>', value));
    case 'ge':
      return make(high('>=', value));
    case 'lt':
    case 'eb':
      return make(prefix === 'lt' ? low('<', value) : high('<', value));
    case 'le':
      return make(low('<=', value));
    case 'ap': {
      const margin = Math.max(Math.abs(value) / 10, half);
      return make(low('<=', lift(value + margin)), high('>=', lift(value - margin)));
    }
  }
}

/** Rounds away the last bits of a computed bound, so that 5.35 - 0.05 is 5.3. */
const lift = (value: number): number => Number(value.toPrecision(14));
