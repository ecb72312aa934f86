/**
 * Date parameters: every date is a range of instants as wide as its precision; open ends are open; without a time zone it is UTC.
 * https://hl7.org/fhir/R4/search.html#date
 */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { BEGINNING, FOREVER, type IndexValue } from './index-value.ts';
import { splitPrefix, type Prefix } from './prefix.ts';
import { or, type Bound, type Expression } from './expression.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

const DATE =
  /^(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.(\d+))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?)?)?$/;
const DAY = 86_400_000;

/** The range of a date in ms, both ends inclusive; undefined when it is not one. */
export function dateRange(text: string): Range | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const y = Number(year);
  if (month === undefined) return between(utc(y, 0, 1), utc(y + 1, 0, 1));
  const m = Number(month) - 1;
  if (day === undefined) return between(utc(y, m, 1), utc(y, m + 1, 1));
  const start = utc(y, m, Number(day));
  if (new Date(start).getUTCDate() !== Number(day)) return undefined;
  if (hour === undefined) return between(start, start + DAY);
  const at = start + (Number(hour) * 60 + Number(minute)) * 60_000 - offset(zone);
  if (second === undefined) return between(at, at + 60_000);
  if (fraction === undefined) return between(at + Number(second) * 1000, at + Number(second) * 1000 + 1000);
  const part = Number(`0.${fraction}`) * 1000;
  const low = at + Number(second) * 1000 + Math.floor(part);
  return { low, high: low + (fraction.length < 3 ? 10 ** (3 - fraction.length) - 1 : 0) };
}

const between = (low: number, next: number): Range => ({ low, high: next - 1 });

function utc(year: number, month: number, day: number): number {
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
  // A "+" of a time zone that was not escaped arrives as a space.
  const range = dateRange(text.replace(/ (?=\d\d:\d\d$)/, '+'));
  if (range) return range;
  throw fault(
    'value',
    `"${text.slice(0, 60)}" is not a date: write 2024, 2024-05, 2024-05-31 or 2024-05-31T14:00:00Z`,
    name,
  );
}

export function indexDate(param: string, { value, type }: PathNode, add: (value: IndexValue) => void): void {
  const put = (range: Range | undefined): void => {
    if (range) add({ kind: 'range', param, key: '', low: range.low, high: range.high });
  };
  if (typeof value === 'string') return put(dateRange(value));
  if (!isObject(value)) return;
  if (type === 'Period') put(periodRange(value));
  if (type === 'Timing') timingRanges(value).forEach(put);
}

const rangeOf = (value: JsonValue | undefined): Range | undefined =>
  typeof value === 'string' ? dateRange(value) : undefined;

function periodRange(period: JsonObject): Range | undefined {
  const [start, end] = [rangeOf(period['start']), rangeOf(period['end'])];
  if (!start && !end) return undefined;
  return { low: start?.low ?? BEGINNING, high: end?.high ?? FOREVER };
}

/** A Timing is searched by the outermost of its events, or its bounds. */
function timingRanges(timing: JsonObject): (Range | undefined)[] {
  const { event, repeat } = timing;
  const events = Array.isArray(event) ? event.map(rangeOf).filter((one) => one !== undefined) : [];
  const outer =
    events.length > 0
      ? { low: Math.min(...events.map(({ low }) => low)), high: Math.max(...events.map(({ high }) => high)) }
      : undefined;
  const bounds =
    isObject(repeat) && isObject(repeat['boundsPeriod']) ? periodRange(repeat['boundsPeriod']) : undefined;
  return [outer, bounds];
}

/** The predicate of a value with its prefix. */
export function dateExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value);
  return rangeExpression(param, '', prefix, parseDateRange(rest, param));
}

/** `_lastUpdated` is a predicate on the version itself. */
export function updatedExpression(value: string): Expression {
  const { prefix, rest } = splitPrefix(value);
  const make = (bounds: Bound[]): Expression => ({ op: 'updated', bounds });
  return bySides(prefix, parseDateRange(rest, '_lastUpdated'), make, true);
}

export function rangeExpression(param: string, key: string, prefix: Prefix, range: Range): Expression {
  return bySides(prefix, range, (bounds) => ({ op: 'range', param, key, bounds }));
}

/**
 * What each prefix asks of the stored range [low, high]. https://hl7.org/fhir/R4/search.html#prefix
 * `eq`: the search range contains it; `gt`, `ge`…: the range above or below the search value overlaps it; `sa`, `eb`: it lies wholly beyond.
 */
function bySides(
  prefix: Prefix,
  { low, high }: Range,
  make: (bounds: Bound[]) => Expression,
  isPoint = false,
): Expression {
  const at = (end: Bound['end'], is: Bound['is'], value: number): Bound => ({ end, is, value });
  switch (prefix) {
    case 'eq':
      return make([at('low', '>=', low), at('high', '<=', high)]);
    case 'ne':
      return or(make([at('low', '<', low)]), make([at('high', '>', high)]));
    case 'gt':
      return make([at('high', '>', high)]);
    case 'ge':
      return isPoint
        ? make([at('low', '>=', low)])
        : or(make([at('high', '>', high)]), make([at('low', '>=', low), at('high', '<=', high)]));
    case 'lt':
      return make([at('low', '<', low)]);
    case 'le':
      return isPoint
        ? make([at('high', '<=', high)])
        : or(make([at('low', '<', low)]), make([at('low', '>=', low), at('high', '<=', high)]));
    case 'sa':
      return make([at('low', '>', high)]);
    case 'eb':
      return make([at('high', '<', low)]);
    case 'ap': {
      const { low: from, high: to } = around(low, high);
      return make([at('low', '<=', to), at('high', '>=', from)]);
    }
  }
}

/** "Approximately": a tenth of the width of the value's own precision, at least a day. The distance from now is left out: an answer must not depend on the clock. */
function around(low: number, high: number): Range {
  const margin = Math.max((high - low) / 10, DAY);
  return { low: low - margin, high: high + margin };
}
