/**
 * Dates and times of partial precision: parsed, compared in three values, moved by calendar durations, and their boundaries.
 * https://hl7.org/fhirpath/N1/#date-time, https://hl7.org/fhirpath/N1/#datetime-arithmetic, https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time
 */

/** `fields`: year, month, day, hour, minute, millisecond of the minute, as many as are known. A time begins with the hour. */
export interface Temporal {
  readonly isTime: boolean;
  readonly fields: readonly number[];
  /** digits of the fraction of a second; -1 when not even the second is known */
  readonly fraction: number;
  /** minutes east of UTC; undefined when not said */
  readonly zone?: number;
}

const DATE =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?(Z|[+-]\d\d:\d\d)?)?)?)?)?$/;
const TIME = /^(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?$/;

/** Undefined for what is not a date or dateTime of FHIR, a partial one included. */
export function parseDateTime(text: string): Temporal | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const fields = numbers([year, month, day, hour, minute]);
  if (!isDay(fields) || !isClock(fields.slice(3), second)) return undefined;
  return withSeconds(false, fields, second, fraction, zone);
}

export function parseTime(text: string): Temporal | undefined {
  const found = TIME.exec(text);
  if (!found) return undefined;
  const [, hour, minute, second, fraction] = found;
  const fields = numbers([hour, minute]);
  return isClock(fields, second) ? withSeconds(true, fields, second, fraction, undefined) : undefined;
}

const numbers = (parts: readonly (string | undefined)[]): number[] =>
  parts.filter((part) => part !== undefined).map(Number);

function isDay([year, month = 1, day = 1]: readonly number[]): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year!, month);
}

function isClock([hour = 0, minute = 0]: readonly number[], second = '0'): boolean {
  return hour <= 23 && minute <= 59 && Number(second) <= 60;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function withSeconds(
  isTime: boolean,
  fields: readonly number[],
  second: string | undefined,
  fraction: string | undefined,
  zone: string | undefined,
): Temporal {
  const minutes = zone === undefined ? undefined : minutesOf(zone);
  if (second === undefined) return { isTime, fields, fraction: -1, zone: minutes };
  const milliseconds = Number(`${second}.${fraction ?? 0}`) * 1000;
  return { isTime, fields: [...fields, milliseconds], fraction: fraction?.length ?? 0, zone: minutes };
}

function minutesOf(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** Number of fields of a day, and of a whole instant. */
const DAY = 3;
const WHOLE = 6;

/** Moves an instant to UTC. One of no time, or of no time zone, stays as it is. */
export function utcFields(one: Temporal): readonly number[] {
  if (one.zone === undefined || one.zone === 0 || one.fields.length <= DAY) return one.fields;
  const [year, month, day, hour = 0, minute = 0, rest] = one.fields;
  const moved = fromMinutes(toMinutes([year!, month!, day!, hour, minute]) - one.zone);
  return rest === undefined ? moved.slice(0, one.fields.length) : [...moved, rest];
}

const MINUTE = 60_000;

function toMinutes([year = 0, month = 1, day = 1, hour = 0, minute = 0]: readonly number[]): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / MINUTE + hour * 60 + minute;
}

function fromMinutes(minutes: number): number[] {
  const date = new Date(minutes * MINUTE);
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
}

/** How far local times can be from UTC. */
const MOST_ZONE = 14 * 60;

/**
 * Negative, zero or positive; undefined when the precision does not tell, or when a time without a zone is too near to one with a zone. Seconds and their
 * fractions are one precision.
 */
export function compareTemporal(a: Temporal, b: Temporal): number | undefined {
  if (isZoneUnclear(a, b)) return compareApart(a, b);
  const [left, right] = [utcFields(a), utcFields(b)];
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length === right.length ? 0 : undefined;
}

const hasTime = (one: Temporal): boolean => !one.isTime && one.fields.length > DAY;

function isZoneUnclear(a: Temporal, b: Temporal): boolean {
  return hasTime(a) && hasTime(b) && (a.zone === undefined) !== (b.zone === undefined);
}

/** Only if they are further apart than any time zone could bring them together. */
function compareApart(a: Temporal, b: Temporal): number | undefined {
  const [left, right] = [toMinutes(utcFields(a)), toMinutes(utcFields(b))];
  return Math.abs(left - right) > MOST_ZONE + 60 ? left - right : undefined;
}

/** `~`: the same precision and the same values. */
export function equivalentTemporal(a: Temporal, b: Temporal): boolean {
  return a.isTime === b.isTime && a.fields.length === b.fields.length && compareTemporal(a, b) === 0;
}

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

/** The text as FHIR writes it. `fraction`: digits of the second. */
export function temporalText({ isTime, fields, fraction, zone }: Temporal): string {
  const [year, month, day] = isTime ? [] : fields;
  const [hour, minute, rest] = isTime ? fields : fields.slice(DAY);
  const date = [
    year === undefined ? '' : pad(year, 4),
    ...[month, day].map((one) => (one === undefined ? '' : pad(one))),
  ];
  const clock = [hour, minute].filter((one) => one !== undefined).map((one) => pad(one));
  if (rest !== undefined) clock.push(secondText(rest, fraction));
  const before = date.filter((part) => part !== '').join('-');
  if (clock.length === 0) return before;
  return `${isTime ? '' : `${before}T`}${clock.join(':')}${zoneText(zone)}`;
}

function secondText(milliseconds: number, fraction: number): string {
  const text = (milliseconds / 1000).toFixed(Math.max(fraction, 0));
  return text.padStart(fraction > 0 ? fraction + 3 : 2, '0');
}

function zoneText(zone: number | undefined): string {
  if (zone === undefined) return '';
  if (zone === 0) return 'Z';
  return `${zone < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(zone) / 60))}:${pad(Math.abs(zone) % 60)}`;
}

/** Calendar durations: the field they move, and how many of it. */
export type CalendarUnit = 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';

const MILLISECONDS: Readonly<Record<string, number>> = {
  week: 7 * 86_400_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
};

/**
 * A date moved by a duration; undefined beyond the years 1 to 9999. What is finer than the date is first turned to its precision, without a fraction; the
 * last day of a month stays in its month.
 */
export function moveTemporal(one: Temporal, amount: number, unit: CalendarUnit): Temporal | undefined {
  if (one.isTime) return moveTime(one, amount, unit);
  const isMonths = unit === 'year' || unit === 'month';
  const count = unit === 'second' || unit === 'millisecond' ? amount : Math.trunc(amount);
  if (one.fields.length < DAY) return moveMonths(one, monthsOf(count, unit, one.fields.length));
  if (isMonths) return moveMonths(one, unit === 'year' ? count * 12 : count);
  return moveMilliseconds(one, count * MILLISECONDS[unit]!);
}

/** Of a year or a month: in months, a year of 365 days, a month of 30. */
function monthsOf(count: number, unit: CalendarUnit, precision: number): number {
  if (unit === 'year') return count * 12;
  const months = unit === 'month' ? count : Math.trunc((count * MILLISECONDS[unit]!) / (30 * 86_400_000));
  if (precision === 2) return months;
  const years = unit === 'month' ? count / 12 : (count * MILLISECONDS[unit]!) / (365 * 86_400_000);
  return Math.trunc(years) * 12;
}

function moveMonths(one: Temporal, months: number): Temporal | undefined {
  const [year = 1, month = 1, day, ...rest] = one.fields;
  const total = year * 12 + (month - 1) + months;
  const [newYear, newMonth] = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
  if (newYear < 1 || newYear > 9999) return undefined;
  if (one.fields.length === 1) return { ...one, fields: [newYear] };
  if (day === undefined) return { ...one, fields: [newYear, newMonth] };
  return { ...one, fields: [newYear, newMonth, Math.min(day, daysOf(newYear, newMonth)), ...rest] };
}

function moveMilliseconds(one: Temporal, milliseconds: number): Temporal | undefined {
  const precision = one.fields.length;
  const step = [86_400_000, 3_600_000, 60_000, 1][precision - DAY]!;
  const [rest = 0] = one.fields.slice(5);
  const before = toMinutes(one.fields) * MINUTE + rest;
  const at = before + Math.trunc(milliseconds / step) * step;
  const moved = fromMinutes(Math.floor(at / MINUTE));
  if (!(moved[0]! >= 1 && moved[0]! <= 9999)) return undefined;
  const fields = [...moved, at - Math.floor(at / MINUTE) * MINUTE].slice(0, precision);
  return { ...one, fields, fraction: fractionAfter(one, milliseconds) };
}

/** Milliseconds that were added show, though the date had only seconds. */
function fractionAfter({ fraction }: Temporal, milliseconds: number): number {
  return fraction >= 0 && milliseconds % 1000 !== 0 ? Math.max(fraction, 3) : fraction;
}

const DAY_MS = 86_400_000;

/** Goes round at midnight. */
function moveTime(one: Temporal, amount: number, unit: CalendarUnit): Temporal | undefined {
  const size = MILLISECONDS[unit];
  if (size === undefined) return undefined;
  const count = unit === 'second' || unit === 'millisecond' ? amount : Math.trunc(amount);
  const step = [3_600_000, 60_000, 1][one.fields.length - 1]!;
  const [hour = 0, minute = 0, rest = 0] = one.fields;
  const before = hour * 3_600_000 + minute * MINUTE + rest;
  const at = (((before + Math.trunc((count * size) / step) * step) % DAY_MS) + DAY_MS) % DAY_MS;
  const fields = [Math.floor(at / 3_600_000), Math.floor(at / MINUTE) % 60, at % MINUTE].slice(
    0,
    one.fields.length,
  );
  return { ...one, fields, fraction: fractionAfter(one, count * size) };
}

/** Digits that a precision has when it is written: year 4, month 6, day 8, hour 10 (time 2), minute 12 (4), millisecond 17 (9). */
export function precisionOf({ isTime, fields, fraction }: Temporal): number {
  const digits = isTime ? [0, 2, 4, 6] : [0, 4, 6, 8, 10, 12, 14];
  return digits[fields.length]! + Math.max(fraction, 0);
}

/** The earliest or latest moment that a value can mean, to a precision in digits; undefined when that is none. */
export function boundaryOf(one: Temporal, end: 'low' | 'high', precision: number): Temporal | undefined {
  const digits = one.isTime ? [2, 4, 6, 9] : [4, 6, 8, 10, 12, 14, 17];
  const at = digits.indexOf(precision);
  if (at < 0) return undefined;
  const wanted = Math.min(at + 1, one.isTime ? 3 : WHOLE);
  const fields = [...one.fields.slice(0, wanted)];
  while (fields.length < wanted) fields.push(fill(one.isTime, fields, end));
  const second = one.isTime ? 2 : 5;
  if (fields.length > second && one.fields.length > second) fields[second] = within(one, end);
  const fraction = fields.length <= second ? -1 : precision === digits.at(-1) ? 3 : 0;
  const zone = !one.isTime && wanted > DAY ? (one.zone ?? (end === 'low' ? MOST_ZONE : -12 * 60)) : undefined;
  return { isTime: one.isTime, fields, fraction, zone };
}

/** The first or last value of the next field. */
function fill(isTime: boolean, fields: readonly number[], end: 'low' | 'high'): number {
  const place = fields.length + (isTime ? DAY : 0);
  if (end === 'low') return place === 1 || place === 2 ? 1 : 0;
  const last = [9999, 12, place === 2 ? daysOf(fields[0]!, fields[1]!) : 0, 23, 59, 59_999];
  return last[place]!;
}

/** A second, or a part of one, reaches to the next of its kind. */
function within({ fields, fraction }: Temporal, end: 'low' | 'high'): number {
  const value = fields.at(-1)!;
  return end === 'low' ? value : value + Math.max(0, 10 ** (3 - fraction) - 1);
}
