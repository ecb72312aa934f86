/**
 * Decimal arithmetic without floating point: a number is `digits * 10^-scale`, and keeps the zeros it was written with.
 * https://hl7.org/fhirpath/N1/#decimal, https://hl7.org/fhirpath/N1/#math
 */
import { keepNumber } from '../model/json.ts';
import type { Decimal } from '../model/tree.ts';

export type JsonNumber = number | Decimal;

export interface Exact {
  readonly digits: bigint;
  /** number of decimal places, never negative */
  readonly scale: number;
}

/** Most digits of a result, and most of them behind the point; more is an overflow, which FHIRPath makes nothing of. */
const MOST_DIGITS = 400;
/** Significant digits of a quotient that does not end. */
const QUOTIENT_DIGITS = 28;
const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Undefined for a text that is no number, or one beyond reason. */
export function parseExact(text: string): Exact | undefined {
  const found = NUMBER.exec(text);
  if (!found || text.length > MOST_DIGITS) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`);
  if (Math.abs(scale) > MOST_DIGITS) return undefined;
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

export function exactOf(value: JsonNumber): Exact {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { digits: BigInt(value), scale: 0 };
  return parseExact(String(value)) ?? { digits: 0n, scale: 0 };
}

export function textOf({ digits, scale }: Exact): string {
  if (scale === 0) return String(digits);
  const negative = digits < 0n;
  const text = String(negative ? -digits : digits).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** As JSON: a `Decimal` where the text would not survive. Undefined for an overflow. */
export function numberFrom(exact: Exact): JsonNumber | undefined {
  const text = textOf(exact);
  return text.length > MOST_DIGITS ? undefined : keepNumber(text);
}

const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);

/** The same number with at least so many places. */
function widen({ digits, scale }: Exact, to: number): bigint {
  return to > scale ? digits * powerOfTen(to - scale) : digits;
}

const wider = (a: Exact, b: Exact): number => Math.max(a.scale, b.scale);

export function add(a: Exact, b: Exact): Exact {
  const scale = wider(a, b);
  return { digits: widen(a, scale) + widen(b, scale), scale };
}

export const negate = ({ digits, scale }: Exact): Exact => ({ digits: -digits, scale });
export const subtract = (a: Exact, b: Exact): Exact => add(a, negate(b));
export const multiply = (a: Exact, b: Exact): Exact => ({
  digits: a.digits * b.digits,
  scale: a.scale + b.scale,
});

/** Negative, zero or positive as a is less than, equal to or more than b. */
export function compareExact(a: Exact, b: Exact): number {
  const scale = wider(a, b);
  const [left, right] = [widen(a, scale), widen(b, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares without big integers where it can: numbers of JavaScript that kept their text order as their texts do. */
export function compareNumbers(a: JsonNumber, b: JsonNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  return compareExact(exactOf(a), exactOf(b));
}

/** Undefined when b is zero. A quotient that does not end has 28 significant digits. */
export function divide(a: Exact, b: Exact): Exact | undefined {
  if (b.digits === 0n) return undefined;
  const length = (digits: bigint): number => String(digits < 0n ? -digits : digits).length;
  const extra = Math.max(0, QUOTIENT_DIGITS + length(b.digits) - length(a.digits), b.scale - a.scale);
  const scaled = a.digits * powerOfTen(extra);
  const scale = a.scale + extra - b.scale;
  const rest = scaled % b.digits;
  if (rest === 0n) return trim({ digits: scaled / b.digits, scale });
  // One digit more than is wanted, then rounded.
  const quotient = { digits: (scaled * 10n) / b.digits, scale: scale + 1 };
  return trim(round(quotient, Math.max(0, quotient.scale - (length(quotient.digits) - QUOTIENT_DIGITS))));
}

/** Without the zeros at the end of the fraction. */
export function trim({ digits, scale }: Exact): Exact {
  let [left, places] = [digits, scale];
  while (places > 0 && left % 10n === 0n) [left, places] = [left / 10n, places - 1];
  return { digits: left, scale: places };
}

/** The quotient without its fraction, towards zero; undefined when b is zero. */
export function divideWhole(a: Exact, b: Exact): bigint | undefined {
  const scale = wider(a, b);
  const divisor = widen(b, scale);
  return divisor === 0n ? undefined : widen(a, scale) / divisor;
}

/** What is left of a after `divideWhole`, with the sign of a. */
export function modulo(a: Exact, b: Exact): Exact | undefined {
  const scale = wider(a, b);
  const divisor = widen(b, scale);
  return divisor === 0n ? undefined : { digits: widen(a, scale) % divisor, scale };
}

/** Half away from zero. A number with fewer places stays as it is. */
export function round(exact: Exact, places: number): Exact {
  if (places >= exact.scale) return exact;
  const unit = powerOfTen(exact.scale - places);
  const half = exact.digits < 0n ? -unit / 2n : unit / 2n;
  return { digits: (exact.digits + half) / unit, scale: places };
}

/** The next number with so many places below (or the number itself), with exactly these places. */
export function floor(exact: Exact, places = 0): Exact {
  if (places >= exact.scale) return { digits: widen(exact, places), scale: places };
  const unit = powerOfTen(exact.scale - places);
  const whole = exact.digits / unit;
  return { digits: exact.digits < 0n && exact.digits % unit !== 0n ? whole - 1n : whole, scale: places };
}

export const ceiling = (exact: Exact, places = 0): Exact => negate(floor(negate(exact), places));

/** Whole powers; a negative exponent makes the reciprocal. Undefined for what has no answer or too many digits. */
export function power(a: Exact, exponent: number): Exact | undefined {
  const length = String(a.digits).length;
  if (!Number.isInteger(exponent) || Math.abs(exponent) * Math.max(length, a.scale) > MOST_DIGITS * 4)
    return undefined;
  const whole = Math.abs(exponent);
  const result = { digits: a.digits ** BigInt(whole), scale: a.scale * whole };
  return exponent < 0 ? divide({ digits: 1n, scale: 0 }, result) : result;
}

/** The square root with 28 significant digits, ends of zeros left out; undefined below zero. */
export function squareRoot({ digits, scale }: Exact): Exact | undefined {
  if (digits < 0n) return undefined;
  const places = QUOTIENT_DIGITS + (scale % 2);
  const root = integerRoot(digits * powerOfTen(2 * places - (scale % 2)));
  const exact = { digits: root, scale: places + (scale - (scale % 2)) / 2 };
  return trim(round(exact, Math.max(0, exact.scale - Math.max(0, String(root).length - QUOTIENT_DIGITS))));
}

/** The largest whole number whose square is not above n. Newton's method. */
function integerRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 10n ** BigInt(Math.ceil(String(n).length / 2));
  for (;;) {
    const next = (root + n / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
