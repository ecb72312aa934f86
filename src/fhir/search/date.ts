/**
 * Date parameters: every date is a range of instants as wide as its precision; open ends are open; without a time zone it is UTC.
 * https://hl7.org/fhir/R4/search.html#date
 */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { or, type Bound, type Expression } from './expression.ts';
import { BEGINNING, FOREVER } from './index-value.ts';
import { splitPrefix, type Prefix } from './prefix.ts';

/** Instants in ms, both ends inclusive. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const TIME =
  '([01]\\d|2[0-3]):([0-5]\\d)(?::([0-5]\\d|60)(?:\\.(\\d{1,12}))?)?(Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)?';
const DATE = new RegExp(`^(\\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\\d|3[01])(?:T${TIME})?)?)?$`);
const DAY = 86_400_000;

/** The range of a date, dateTime or instant; undefined when it is not one. */
export function dateRange(text: string): Range | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const y = Number(year);
  if (month === undefined) return until(utc(y, 0, 1), utc(y + 1, 0, 1));
  const m = Number(month) - 1;
  if (day === undefined) return until(utc(y, m, 1), utc(y, m + 1, 1));
  const start = utc(y, m, Number(day));
  if (new Date(start).getUTCDate() !== Number(day)) return undefined;
  if (hour === undefined) return until(start, start + DAY);
  const at = start + (Number(hour) * 60 + Number(minute)) * 60_000 - offset(zone);
  if (second === undefined) return until(at, at + 60_000);
  const low = at + Number(second) * 1000;
  return fraction === undefined ? until(low, low + 1000) : withFraction(low, fraction);
}

const until = (low: number, next: number): Range => ({ low, high: next - 1 });

/** Parts of a second; what is finer than a millisecond is one. */
function withFraction(second: number, fraction: string): Range {
  const low = second + Number(fraction.padEnd(3, '0').slice(0, 3));
  return until(low, low + 10 ** Math.max(0, 3 - fraction.length));
}

function utc(year: number, month: number, day: number): number {
  if (year >= 100) return Date.UTC(year, month, day);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getTime();
}

function offset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone[0] === '-' ? -minutes : minutes) * 60_000;
}

/** The range of a date that a client sent. Throws FhirError `value` naming the parameter. */
export function parseDateRange(text: string, name: string): Range {
  // A "+" of a time zone that was not escaped in the URL arrives as a space.
  const range = dateRange(text.replace(/ (?=\d\d:\d\d$)/, '+'));
  if (range) return range;
  throw fault(
    'value',
    `"${text.slice(0, 60)}" of ${name} is not a date: write 2024, 2024-05, 2024-05-31 or 2024-05-31T14:00:00Z`,
    name,
  );
}

/** Index values of a date, Period or Timing. */
export function indexDate(param: string, { value, type }: PathNode, add: Add): void {
  const range = rangeOf(value, type);
  if (range) add({ kind: 'range', param, key: '', low: range.low, high: range.high });
}

function rangeOf(value: JsonValue | undefined, type: string): Range | undefined {
  if (typeof value === 'string') return dateRange(value);
  if (!isObject(value)) return undefined;
  return type === 'Timing' ? timingRange(value) : type === 'Period' ? periodRange(value) : undefined;
}

function periodRange(period: JsonObject): Range | undefined {
  const [start, end] = [rangeOf(period['start'], 'dateTime'), rangeOf(period['end'], 'dateTime')];
  return start || end ? { low: start?.low ?? BEGINNING, high: end?.high ?? FOREVER } : undefined;
}

/** Of a Timing only the outer limits matter: the first and last of its events and its bounds. */
function timingRange({ event, repeat }: JsonObject): Range | undefined {
  const events = Array.isArray(event) ? event.map((one) => rangeOf(one, 'dateTime')) : [];
  const bounds = isObject(repeat) ? rangeOf(repeat['boundsPeriod'], 'Period') : undefined;
  const all = [...events, bounds].filter((one) => one !== undefined);
  return all.reduce<Range | undefined>(
    (outer, { low, high }) => ({
      low: Math.min(outer?.low ?? low, low),
      high: Math.max(outer?.high ?? high, high),
    }),
    undefined,
  );
}

/** The predicate of a value with its prefix. `now` in ms is what "approximately" is measured from. */
export function dateExpression(param: string, value: string, now?: number): Expression {
  const { prefix, rest } = splitPrefix(value, param);
  const make = (bounds: Bound[]): Expression => ({ op: 'range', param, key: '', bounds });
  return bySides(prefix, parseDateRange(rest, param), make, now);
}

/** Whether a stored range has an instant in common with a date. */
export function overlapExpression(param: string, value: string): Expression {
  const { low, high } = parseDateRange(value, param);
  const bounds: Bound[] = [
    { end: 'low', is: '<=', value: high },
    { end: 'high', is: '>=', value: low },
  ];
  return { op: 'range', param, key: '', bounds };
}

/** `_lastUpdated` is a predicate on the version itself. */
export function updatedExpression(value: string, now?: number): Expression {
  const { prefix, rest } = splitPrefix(value, '_lastUpdated');
  const make = (bounds: Bound[]): Expression => ({ op: 'updated', bounds });
  const range = parseDateRange(rest, '_lastUpdated');
  // Of a single instant, "after the range or inside it" is one comparison.
  if (prefix === 'ge') return make([{ end: 'low', is: '>=', value: range.low }]);
  if (prefix === 'le') return make([{ end: 'high', is: '<=', value: range.high }]);
  return bySides(prefix, range, make, now);
}

/**
 * What each prefix asks of a stored range. `eq`: the search range contains it; `gt` and `lt`: some of it lies beyond the search range; `ge` and `le`:
 * either of these; `sa` and `eb`: all of it lies beyond; `ap`: they overlap, with a margin.
 */
function bySides(
  prefix: Prefix,
  range: Range,
  make: (bounds: Bound[]) => Expression,
  now: number | undefined,
): Expression {
  const { low, high } = range;
  const at = (end: Bound['end'], is: Bound['is'], value: number): Bound => ({ end, is, value });
  const inside = (): Expression => make([at('low', '>=', low), at('high', '<=', high)]);
  switch (prefix) {
    case 'eq':
      return inside();
    case 'ne':
      return or(make([at('low', '<', low)]), make([at('high', '>', high)]));
    case 'gt':
      return make([at('high', '>', high)]);
    case 'ge':
      return or(make([at('high', '>', high)]), inside());
    case 'lt':
      return make([at('low', '<', low)]);
    case 'le':
      return or(make([at('low', '<', low)]), inside());
    case 'sa':
      return make([at('low', '>', high)]);
    case 'eb':
      return make([at('high', '<', low)]);
    case 'ap': {
      const margin = approximation(range, now);
      return make([at('low', '<=', high + margin), at('high', '>=', low - margin)]);
    }
  }
}

/** A tenth of the gap between now and the date, as the specification recommends; where no "now" is given, a tenth of the date's own width, at least a day. */
function approximation({ low, high }: Range, now: number | undefined): number {
  if (now === undefined) return Math.max(Math.round((high - low) / 10), DAY);
  return Math.round(Math.abs(now - (low + high) / 2) / 10);
}
