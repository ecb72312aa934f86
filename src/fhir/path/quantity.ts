/**
 * Quantities: what a JSON Quantity measures, comparison across units, arithmetic. Calendar months and years are not the fixed durations of UCUM.
 * https://hl7.org/fhirpath/N1/#quantity, https://hl7.org/fhir/R4/fhirpath.html#quantity
 */
import { Decimal, isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import {
  add,
  compareExact,
  divide,
  exactOf,
  multiply,
  negate,
  numberFrom,
  parseExact,
  round,
  trim,
  type Exact,
} from './exact.ts';
import type { CalendarUnit } from './temporal.ts';
import { convertSpecial, unitOf } from './ucum.ts';

export const UCUM = 'http://unitsofmeasure.org';

interface Measure {
  readonly value: Exact;
  /** equal for what can be compared */
  readonly dimension: string;
  readonly factor: Exact;
  /** UCUM code; undefined for calendar units and for units of no known system */
  readonly code?: string;
  readonly isSpecial: boolean;
}

const ONE: Exact = { digits: 1n, scale: 0 };

/** Calendar units that last as long as those of UCUM. */
const DEFINITE: Readonly<Record<string, string>> = {
  week: 'wk',
  day: 'd',
  hour: 'h',
  minute: 'min',
  second: 's',
  millisecond: 'ms',
};
const MONTHS: Readonly<Record<string, bigint>> = { year: 12n, month: 1n };
/** Durations of FHIR in these units are meant by the calendar. https://hl7.org/fhir/R4/fhirpath.html#quantity */
const CALENDAR: Readonly<Record<string, string>> = { a: 'year', mo: 'month' };

/** Undefined for a quantity without a value, or one with a comparator, which is not a single amount. */
function measureOf(quantity: JsonValue, isSystem: boolean): Measure | undefined {
  if (typeof quantity === 'number' || quantity instanceof Decimal)
    return { value: exactOf(quantity), dimension: '', factor: ONE, code: '1', isSpecial: false };
  if (!isObject(quantity)) return undefined;
  const { value, comparator } = quantity;
  if ((typeof value !== 'number' && !(value instanceof Decimal)) || comparator !== undefined)
    return undefined;
  return { value: exactOf(value), ...scaleOf(quantity, isSystem) };
}

function scaleOf({ system, code, unit }: JsonObject, isSystem: boolean): Omit<Measure, 'value'> {
  if (system === UCUM && typeof code === 'string') {
    const calendar = isSystem ? undefined : CALENDAR[code];
    return calendar === undefined ? ucumScale(code) : calendarScale(calendar);
  }
  if (system === undefined && code === undefined && typeof unit === 'string' && isSystem)
    return calendarScale(unit);
  const written = [system, code ?? unit].filter((one) => typeof one === 'string');
  const dimension = written.length === 0 ? '' : `unit:${written.join('|')}`;
  return { dimension, factor: ONE, isSpecial: false };
}

function ucumScale(code: string): Omit<Measure, 'value'> {
  const unit = unitOf(code);
  return unit ?? { dimension: `unit:${UCUM}|${code}`, factor: ONE, code, isSpecial: false };
}

function calendarScale(unit: string): Omit<Measure, 'value'> {
  const months = MONTHS[unit];
  if (months !== undefined)
    return { dimension: 'calendar', factor: { digits: months, scale: 0 }, isSpecial: false };
  return ucumScale(DEFINITE[unit] ?? unit);
}

/** A quantity with whether it is one of FHIRPath itself. */
export interface QuantityValue {
  readonly value: JsonValue;
  readonly isSystem: boolean;
}

type Pair = readonly [Measure, Measure];

function pair(a: QuantityValue, b: QuantityValue): Pair | undefined {
  const [left, right] = [measureOf(a.value, a.isSystem), measureOf(b.value, b.isSystem)];
  return left && right && [left, right];
}

/** Both amounts in one unit; undefined when they measure different things. */
function amounts([a, b]: Pair): readonly [Exact, Exact] | undefined {
  if (a.dimension !== b.dimension) return undefined;
  if ((a.isSpecial || b.isSpecial) && a.code !== b.code) {
    const converted = convertSpecial(b.value, b.code ?? '1', a.code ?? '1');
    return converted && [a.value, converted];
  }
  if (a.isSpecial) return [a.value, b.value];
  return [multiply(a.value, a.factor), multiply(b.value, b.factor)];
}

/** Negative, zero or positive; undefined when they cannot be compared. */
export function compareQuantities(a: QuantityValue, b: QuantityValue): number | undefined {
  const measures = pair(a, b);
  const both = measures && amounts(measures);
  return both && (isNear(...both) ? 0 : compareExact(...both));
}

/** Factors of UCUM are known to 14 digits: a difference beyond the twelfth is none. */
function isNear(a: Exact, b: Exact): boolean {
  const difference = add(a, negate(b));
  const size = (one: Exact): Exact => (one.digits < 0n ? negate(one) : one);
  return compareExact(size(difference), multiply(size(a), { digits: 1n, scale: 12 })) <= 0;
}

/** Compared in the coarser unit, at the precision of the less precise: 4 'g' is about 4040 'mg'. */
function isAbout(left: Measure, right: Measure): boolean {
  const both = amounts([left, right]);
  if (!both || isNear(...both)) return both !== undefined;
  const coarser = compareExact(left.factor, right.factor) >= 0 ? left.factor : right.factor;
  const [a, b] = left.isSpecial ? both : both.map((one) => divide(one, coarser)!);
  const [x, y] = [trim(a), trim(b)];
  const places = Math.min(x.scale, y.scale);
  return compareExact(round(x, places), round(y, places)) === 0;
}

const DAYS: Exact = { digits: 30n * 86_400n, scale: 0 };
const YEAR: Exact = { digits: 365n * 86_400n, scale: 0 };

/** `~`: as equality, but 1 year is about 1 'a'. */
export function equivalentQuantities(a: QuantityValue, b: QuantityValue): boolean {
  const measures = pair(a, b);
  if (!measures) return false;
  const [left, right] = measures;
  if (left.dimension === right.dimension) return isAbout(left, right);
  if (![left, right].some((one) => one.dimension === 'calendar')) return false;
  const [calendar, fixed] = left.dimension === 'calendar' ? [left, right] : [right, left];
  if (fixed.dimension !== 'T1') return false;
  const named = fixed.code === 'a' ? 12n : fixed.code === 'mo' ? 1n : undefined;
  if (named !== undefined)
    return (
      compareExact(
        multiply(calendar.value, calendar.factor),
        multiply(fixed.value, { digits: named, scale: 0 }),
      ) === 0
    );
  const seconds = calendar.factor.digits === 12n ? YEAR : DAYS;
  return isNear(multiply(calendar.value, seconds), multiply(fixed.value, fixed.factor));
}

export function isComparable(a: QuantityValue, b: QuantityValue): boolean {
  const measures = pair(a, b);
  return measures !== undefined && measures[0].dimension === measures[1].dimension;
}

/** The same unit with another value. */
export function withValue(quantity: JsonValue, value: Exact): JsonValue | undefined {
  const number = numberFrom(value);
  if (number === undefined || !isObject(quantity)) return undefined;
  const { unit, system, code } = quantity;
  return {
    value: number,
    ...(unit !== undefined && { unit }),
    ...(code !== undefined && { system: system!, code }),
  };
}

/** a + b, or a - b, in the finer of the two units; undefined for different dimensions. */
export function addQuantities(a: QuantityValue, b: QuantityValue, sign: 1 | -1): JsonValue | undefined {
  const measures = pair(a, b);
  if (measures?.[0].dimension !== measures?.[1].dimension || !measures) return undefined;
  const [left, right] = measures;
  if (left.isSpecial || right.isSpecial)
    return left.code === right.code ? sum(a.value, left, right, sign) : undefined;
  const isFiner = compareExact(left.factor, right.factor) <= 0;
  return sum(isFiner ? a.value : b.value, left, right, sign);
}

function sum(unit: JsonValue, left: Measure, right: Measure, sign: 1 | -1): JsonValue | undefined {
  const least = compareExact(left.factor, right.factor) <= 0 ? left.factor : right.factor;
  const [a, b] = [left, right].map(({ value, factor }) =>
    compareExact(factor, least) === 0 ? value : divide(multiply(value, factor), least)!,
  );
  return withValue(unit, add(a!, sign === 1 ? b! : negate(b!)));
}

/** The unit of a measure as a code of UCUM; undefined when it has none. */
const codeOf = ({ code, dimension }: Measure): string | undefined =>
  code ?? (dimension === '' ? '1' : undefined);

/** a * b or a / b; undefined where a unit is not of UCUM, and for a division by zero. */
export function multiplyQuantities(
  a: QuantityValue,
  b: QuantityValue,
  operator: '*' | '/',
): JsonValue | undefined {
  const measures = pair(a, b);
  const [left, right] = measures?.map(codeOf) ?? [];
  if (!measures || left === undefined || right === undefined) return undefined;
  const [x, y] = measures;
  if (operator === '/' && x.dimension === y.dimension && !x.isSpecial) {
    return quantityOf(divide(multiply(x.value, x.factor), multiply(y.value, y.factor)), '1');
  }
  const value = operator === '*' ? multiply(x.value, y.value) : divide(x.value, y.value);
  return quantityOf(value, combined(left, right, operator));
}

function combined(left: string, right: string, operator: '*' | '/'): string {
  if (right === '1') return left;
  if (left === '1') return operator === '*' ? right : `/${bracket(right)}`;
  if (operator === '*') return right.startsWith('/') ? left + right : `${left}.${right}`;
  return `${left}/${bracket(right)}`;
}

const bracket = (unit: string): string => (/[./]/.test(unit) ? `(${unit})` : unit);

function quantityOf(value: Exact | undefined, code: string): JsonValue | undefined {
  const number = value && numberFrom(value);
  return number === undefined ? undefined : { value: number, unit: code, system: UCUM, code };
}

/** The value and unit of a duration that dates can be moved by: calendar units, and those of UCUM up to the week. Undefined for other units. */
export function durationOf(
  quantity: JsonValue,
): { readonly amount: number; readonly unit: CalendarUnit } | undefined {
  if (!isObject(quantity)) return undefined;
  const { value, unit, system, code } = quantity;
  if (typeof value !== 'number' && !(value instanceof Decimal)) return undefined;
  const amount = Number(value);
  if (system === undefined && typeof unit === 'string' && (unit in MONTHS || unit in DEFINITE))
    return { amount, unit: unit as CalendarUnit };
  const named = system === UCUM && Object.entries(DEFINITE).find(([, one]) => one === code)?.[0];
  return named ? { amount, unit: named as CalendarUnit } : undefined;
}

/** `1 'wk'`, `1 week` */
export function quantityText(quantity: JsonValue): string | undefined {
  if (!isObject(quantity)) return undefined;
  const { value, unit, code, system } = quantity;
  if (value === undefined || isObject(value)) return undefined;
  if (system === undefined && typeof unit === 'string' && (unit in MONTHS || unit in DEFINITE))
    return `${String(value)} ${unit}`;
  const written = code ?? unit;
  return `${String(value)} '${typeof written === 'string' ? written : '1'}'`;
}

const QUANTITY =
  /^([+-]?\d+(?:\.\d+)?)(?:\s*(?:'([^']+)'|(year|month|week|day|hour|minute|second|millisecond)s?))?$/;

/** `4 days`, `10.1 'mg'`, `4`; undefined for other texts. */
export function parseQuantity(text: string): JsonValue | undefined {
  const [, number, code = '1', calendar] = QUANTITY.exec(text) ?? [];
  const value = number === undefined ? undefined : parseExact(number);
  if (!value) return undefined;
  return calendar === undefined ? quantityOf(value, code) : { value: numberFrom(value)!, unit: calendar };
}

export const dimensionless = (value: Exact): JsonValue | undefined => quantityOf(value, '1');
