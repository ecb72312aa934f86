/** Laws of dates, numbers, texts and prefixes, and junk that no extractor may stumble over. https://hl7.org/fhir/R4/search.html#prefix */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../src/definitions-file.ts';
import { parseJson } from '../../src/fhir/model/json.ts';
import {
  Decimal,
  isObject,
  type JsonObject,
  type JsonValue,
  type ResourceTree,
} from '../../src/fhir/model/tree.ts';
import { dateExpression, dateRange } from '../../src/fhir/search/date.ts';
import { splitEscaped, splitRaw, unescape } from '../../src/fhir/search/escape.ts';
import type { Expression } from '../../src/fhir/search/expression.ts';
import { indexValues } from '../../src/fhir/search/extract.ts';
import type { IndexValue } from '../../src/fhir/search/index-value.ts';
import { match } from '../../src/fhir/search/match.ts';
import { numberExpression, parseNumber } from '../../src/fhir/search/number.ts';
import { parseSearch } from '../../src/fhir/search/parse.ts';
import { fold } from '../../src/fhir/search/string.ts';

const definitions = await loadDefinitions();

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** A date of any precision, around a few borders. */
const date: fc.Arbitrary<string> = fc
  .record({
    year: fc.constantFrom(1974, 1975, 1976, 2000),
    month: fc.constantFrom(1, 2, 12),
    day: fc.constantFrom(1, 28, 29),
    time: fc.constantFrom('00:00', '23:59', '12:00:00', '23:59:59', '12:00:00.5', '12:00:00.123'),
    zone: fc.constantFrom('', 'Z', '+05:30', '-11:00'),
    precision: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ year, month, day, time, zone, precision }) => {
    const parts = [pad(year, 4), pad(month), pad(day), `${time}${zone}`].slice(0, precision);
    return parts.length < 4 ? parts.join('-') : `${parts.slice(0, 3).join('-')}T${parts[3]}`;
  })
  .filter((text) => dateRange(text) !== undefined);

const subject = (index: IndexValue[]): { id: string; instant: number; index: IndexValue[] } => ({
  id: '',
  instant: 0,
  index,
});

/** What each prefix says of one stored value. */
function verdicts(make: (prefix: string) => Expression, index: IndexValue[]): Record<string, boolean> {
  const prefixes = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'];
  return Object.fromEntries(prefixes.map((prefix) => [prefix, match(make(prefix), subject(index))]));
}

describe('prefixes of dates', () => {
  it('obey the laws between them', () => {
    fc.assert(
      fc.property(date, date, date, fc.boolean(), (searched, one, other, isPeriod) => {
        const [a, b] = [dateRange(one)!, dateRange(isPeriod ? other : one)!];
        fc.pre(a.low <= b.high);
        const index: IndexValue[] = [{ kind: 'range', param: 'd', key: '', low: a.low, high: b.high }];
        const v = verdicts((prefix) => dateExpression('d', prefix + searched), index);
        expect(v['ne']).toBe(!v['eq']);
        expect(v['ge']).toBe(v['gt'] || v['eq']);
        expect(v['le']).toBe(v['lt'] || v['eq']);
        if (v['sa']) expect(v).toMatchObject({ gt: true, lt: false, eq: false, eb: false });
        if (v['eb']) expect(v).toMatchObject({ lt: true, gt: false, eq: false, sa: false });
        if (v['eq']) expect(v).toMatchObject({ gt: false, lt: false, ap: true });
        expect(v['eq'] || v['gt'] || v['lt']).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('find every date by itself', () => {
    fc.assert(
      fc.property(date, (text) => {
        const { low, high } = dateRange(text)!;
        const index: IndexValue[] = [{ kind: 'range', param: 'd', key: '', low, high }];
        expect(low).toBeLessThanOrEqual(high);
        expect(match(dateExpression('d', text), subject(index))).toBe(true);
      }),
    );
  });
});

/** Decimals as people write them. */
const decimal = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.nat(2000),
    fraction: fc.stringMatching(/^[0-9]{0,6}$/),
  })
  .map(({ sign, whole, fraction }) => `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`);

describe('implicit ranges of numbers', () => {
  it('reach exactly half of the last digit to either side', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const { from, to } = parseNumber(text, 'n');
        const places = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
        const [left, right] = [from.toFixed(places + 1), to.toFixed(places + 1)];
        // As whole numbers of half-digits, so that nothing is rounded.
        const scaled = (one: string): bigint => BigInt(one.replace('.', ''));
        const middle = scaled(text) * 10n;
        expect([scaled(left), scaled(right)]).toEqual([middle - 5n, middle + 5n]);
      }),
      { numRuns: 1000 },
    );
  });

  it('part all numbers: each is found by one of neighbours, and never by both', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: -60, max: 60 }), (n, off) => {
        const stored = Number(`${n * 10 + off}e-4`);
        const index: IndexValue[] = [{ kind: 'range', param: 'n', key: '', low: stored, high: stored }];
        const found = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].filter((step) => {
          const whole = n + step;
          const text = `${whole < 0 ? '-' : ''}${Math.floor(Math.abs(whole) / 1000)}.${pad(Math.abs(whole) % 1000, 3)}`;
          return match(numberExpression('n', text), subject(index));
        });
        expect(found).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('obey the laws between prefixes', () => {
    fc.assert(
      fc.property(decimal, decimal, (searched, stored) => {
        const value = Number(stored);
        const index: IndexValue[] = [{ kind: 'range', param: 'n', key: '', low: value, high: value }];
        const v = verdicts((prefix) => numberExpression('n', prefix + searched), index);
        expect(v['ne']).toBe(!v['eq']);
        expect([v['gt'], v['lt'], v['ge'], v['le']]).toEqual([
          value > Number(searched),
          value < Number(searched),
          value >= Number(searched),
          value <= Number(searched),
        ]);
        expect([v['sa'], v['eb']]).toEqual([v['gt'], v['lt']]);
        if (v['eq']) expect(v['ap']).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('texts', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });

  it('fold to what folds to itself, whatever the case and composition', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(fold(fold(one))).toBe(fold(one));
        expect(fold(one.normalize('NFD'))).toBe(fold(one.normalize('NFC')));
      }),
      { numRuns: 2000 },
    );
  });

  it('survive escaping', () => {
    const escape = (one: string): string => one.replace(/[\\,|$]/g, '\\$&');
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a\\,|$]{0,6}$/), { minLength: 1 }), (parts) => {
        const joined = parts.map(escape).join(',');
        expect(splitRaw(joined, ',').map(unescape)).toEqual(parts);
        expect(splitEscaped(joined, ',')).toEqual(parts);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('junk', () => {
  const examples = resolve(import.meta.dirname, '../../node_modules/hl7.fhir.r4.examples');
  const files = readdirSync(examples).filter((name) =>
    /^(Patient|Observation|Encounter|Bundle|Claim|ValueSet|Timing|MedicationRequest|Invoice|Group)-.*\.json$/.test(
      name,
    ),
  );
  const junk = fc.constantFrom<JsonValue>(
    null,
    '',
    'x',
    0,
    -1.5,
    true,
    [],
    {},
    [null],
    [[1]],
    { a: [] },
    new Decimal('1e400'),
    '\u0000',
    '2020-13',
  );

  /** Puts a value in place of the nth one, counted depth first. */
  function replaced(tree: JsonValue, nth: { left: number }, by: JsonValue): JsonValue {
    if (nth.left-- === 0) return by;
    if (Array.isArray(tree)) return tree.map((one) => replaced(one, nth, by));
    if (!isObject(tree)) return tree;
    const entries = Object.entries(tree).map(([name, one]): [string, JsonValue] => [
      name,
      name === 'resourceType' ? one : replaced(one, nth, by),
    ]);
    return Object.fromEntries(entries);
  }

  it('in a resource gives no error and no malformed index value', () => {
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(400), junk, (file, n, value) => {
        const tree = parseJson(readFileSync(resolve(examples, file), 'utf8'), { depth: 200 }) as JsonObject;
        const broken = { ...(replaced(tree, { left: n + 1 }, value) as JsonObject) } as ResourceTree;
        for (const one of indexValues(definitions, broken)) {
          if (one.kind === 'range')
            expect([Number.isFinite(one.low), Number.isFinite(one.high)]).toEqual([true, true]);
          else expect(typeof (one.kind === 'key' ? one.key : one.text)).toBe('string');
        }
      }),
      { numRuns: 400 },
    );
  });

  it('in a query gives issues or branches, never an exception', () => {
    const name = fc.oneof(
      fc.constantFrom(
        'code',
        'date',
        'value-quantity',
        'subject',
        'status',
        '_id',
        '_lastUpdated',
        '_sort',
        '_count',
        '_has:a',
        'a.b',
        '_type',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    const modifier = fc.constantFrom(
      '',
      ':not',
      ':missing',
      ':Patient',
      ':identifier',
      ':text',
      ':',
      '::',
      ':x',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.stringMatching(/^[a-z0-9|,\\$:.+-]{0,12}$/),
      date,
      decimal,
    );
    const pairs = fc.array(fc.tuple(name, modifier, value), { maxLength: 4 });
    fc.assert(
      fc.property(pairs, fc.constantFrom('strict' as const, 'lenient' as const), (query, handling) => {
        const parameters = query.map(([one, more, text]): [string, string] => [one + more, text]);
        const { issues, branches } = parseSearch(definitions, {
          types: ['Observation'],
          parameters,
          handling,
          baseUrl: 'http://x',
        });
        const broken = issues.some(({ severity }) => severity === 'error');
        expect(branches.length === 0).toBe(broken || parameters.some(([one]) => one === '_type'));
      }),
      { numRuns: 3000 },
    );
  });
});
