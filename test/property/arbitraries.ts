/**
 * Random index values, subjects, Expressions and sort keys from small alphabets, so that what is asked for is often there. The readers of an
 * Expression (`match`, SQLite, MongoDB) must agree on all of them. https://fast-check.dev
 */
import fc from 'fast-check';
import type { Bound, Expression } from '../../src/fhir/search/expression.ts';
import {
  BEGINNING,
  COMPARTMENT,
  FOREVER,
  REFERENCE,
  type IndexKind,
  type IndexValue,
} from '../../src/fhir/search/index-value.ts';
import type { SortKey } from '../../src/fhir/search/plan.ts';
import type { Subject } from '../../src/fhir/search/match.ts';

/** Few names, so that leaves meet values; the pseudo parameters and a parameter with a modifier among them. */
export const PARAMS = ['code', 'date', 'name', 'a-b', 'code:text', COMPARTMENT, REFERENCE] as const;

/** Keys with all that a database might stumble over: tabs, quotes, wildcards, case, an empty key, letters beyond the BMP. */
export const KEYS = [
  'http://loinc.org\t8302-2',
  '*\t8302-2',
  '*\tA',
  '*\ta',
  '\ta',
  's\t',
  's\ta',
  '',
  'Patient/1',
  'Patient/2',
  "it's",
  '$where',
  'a.b',
  '\u{1f600}',
] as const;

/** Units of ranges. */
export const UNITS = ['', '\tmg', 'http://unitsofmeasure.org\tmg', "\t'"] as const;

/** Texts with SQL and regular-expression wildcards, accents as written, composed and decomposed letters, and a string of one prefix. */
export const TEXTS = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'a_c',
  'a%c',
  'a.c',
  'a*',
  '\\',
  'o\'neil "x"',
  '(a',
  'mu\u0308ller',
  'm\u00fcller',
  '\uffff',
  '\ufffd',
  '\u{10ffff}z',
  'http://a.b/c',
  'http://a.b/c/d',
] as const;

/** Numbers on both sides of zero, the ends of dates and of doubles, neighbours that only the last bit tells apart. */
export const NUMBERS = [
  BEGINNING,
  -1.5,
  -1,
  0,
  0.1,
  0.1 + 0.2,
  0.3,
  1,
  5.4,
  1e21,
  1_700_000_000_000,
  1_700_000_000_001,
  FOREVER,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
] as const;

// The first names come most often, so that leaves and values meet.
const param = fc.oneof(
  { weight: 5, arbitrary: fc.constant(PARAMS[0]) },
  { weight: 3, arbitrary: fc.constantFrom(...PARAMS) },
);
const number = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NUMBERS) },
  fc.integer({ min: -3, max: 3 }),
);

const keyValue = fc.record({ kind: fc.constant('key' as const), param, key: fc.constantFrom(...KEYS) });

const rangeValue = fc
  .record({ param, key: fc.constantFrom(...UNITS), ends: fc.tuple(number, number), point: fc.boolean() })
  .map(({ param, key, ends: [a, b], point }) => {
    const [low, high] = point ? [a, a] : [Math.min(a, b), Math.max(a, b)];
    return { kind: 'range' as const, param, key, low, high };
  });

const textValue = fc
  .record({ param, exact: fc.constantFrom(...TEXTS, 'A', 'AbC', 'M\u00dcLLER'), folded: fc.boolean() })
  .map(({ param, exact, folded }) => ({
    kind: 'text' as const,
    param,
    text: folded ? exact.toLowerCase() : exact,
    exact,
  }));

export const indexValue: fc.Arbitrary<IndexValue> = fc.oneof(keyValue, rangeValue, textValue);

const identity = (value: IndexValue): string => JSON.stringify(value);

/** Distinct index values of one resource. */
export const indexValueList: fc.Arbitrary<IndexValue[]> = fc.uniqueArray(indexValue, {
  maxLength: 16,
  size: 'max',
  selector: identity,
});

export const IDS = ['1', '2', 'A', 'a', 'x-1.y', '9'.repeat(64)] as const;

/** A resource as `match` sees it. A store gives the instant itself: read it back before comparing. */
export const subject: fc.Arbitrary<Subject> = fc.record({
  id: fc.constantFrom(...IDS),
  instant: fc.constantFrom(0, 1, 1_700_000_000_000, 1_700_000_000_001),
  index: indexValueList,
});

/** Resources of one type with different ids. */
export const population: fc.Arbitrary<{ readonly id: string; readonly index: readonly IndexValue[] }[]> = fc
  .array(indexValueList, { minLength: 1, maxLength: 12 })
  .map((lists) => lists.map((index, n) => ({ id: `r${n}`, index })));

function boundOn(value: fc.Arbitrary<number>): fc.Arbitrary<Bound> {
  return fc.record({
    end: fc.constantFrom('low' as const, 'high' as const),
    is: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
    value,
  });
}

const bounds = (value: fc.Arbitrary<number>): fc.Arbitrary<Bound[]> =>
  fc.array(boundOn(value), { minLength: 1, maxLength: 3 });

export interface ExpressionOptions {
  /** ids to ask for */
  readonly ids?: readonly string[];
  /** instants that `updated` compares with */
  readonly instants?: readonly number[];
}

function leaf({
  ids = IDS,
  instants = [0, 1, 1_700_000_000_000],
}: ExpressionOptions): fc.Arbitrary<Expression> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<Expression>({ op: 'all' }) },
    { weight: 1, arbitrary: fc.constant<Expression>({ op: 'none' }) },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('id' as const),
        ids: fc.array(fc.constantFrom(...ids, 'nobody'), { maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('updated' as const),
        bounds: bounds(fc.constantFrom(...instants)),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        op: fc.constant('key' as const),
        param,
        keys: fc.array(fc.constantFrom(...KEYS, 'absent'), { maxLength: 4, size: 'max' }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('range' as const),
        param,
        key: fc.constantFrom(...UNITS),
        bounds: bounds(number),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('text' as const),
        param,
        test: fc.constantFrom(
          'starts' as const,
          'equals' as const,
          'contains' as const,
          'exact' as const,
          'ends' as const,
        ),
        value: fc.constantFrom(...TEXTS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constant('present' as const),
        param,
        kind: fc.constantFrom<IndexKind>('key', 'range', 'text'),
      }),
    },
  );
}

/** Any Expression, also ones that the planners never build: empty lists, `all` below `not`, contradictions. */
export function expression(options: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  return fc.letrec<{ any: Expression }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
      { weight: 4, arbitrary: leaf(options) },
      {
        weight: 1,
        arbitrary: fc.record({ op: fc.constant('and' as const), of: fc.array(tie('any'), { maxLength: 3 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ op: fc.constant('or' as const), of: fc.array(tie('any'), { maxLength: 3 }) }),
      },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('not' as const), of: tie('any') }) },
    ),
  })).any;
}

/** Sort keys as the parser gives them; a parameter at most once a list. */
export const sortKeys: fc.Arbitrary<SortKey[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({
      by: fc.constantFrom('created' as const, 'updated' as const, 'id' as const),
      descending: fc.boolean(),
    }),
    fc.record({
      by: fc.constant('param' as const),
      param,
      kind: fc.constantFrom<IndexKind>('key', 'range', 'text'),
      prefix: fc.constantFrom(undefined, '*\t'),
      descending: fc.boolean(),
    }),
  ),
  {
    maxLength: 3,
    selector: (key) => (key.by === 'param' ? `${key.param} ${key.kind} ${key.prefix ?? ''}` : key.by),
  },
);
