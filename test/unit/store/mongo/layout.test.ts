/** How index values become entries of documents, and how pages of the feed are cut. */
import { describe, expect, it } from '@jest/globals';
import { REFERENCE, type IndexValue } from '../../../../src/fhir/search/index-value.ts';
import { wholeUnits } from '../../../../src/store/mongo/feed.ts';
import {
  entriesFrom,
  entry,
  found,
  KEY,
  successor,
  TEXT,
  type HistoryDocument,
} from '../../../../src/store/mongo/layout.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('entries', () => {
  it('stand between their bounds, those of other parameters and kinds do not', () => {
    const { from, to } = entriesFrom('name', TEXT, 'mü');
    const inside = (text: string): boolean =>
      bytes(from).compare(bytes(text)) <= 0 && bytes(text).compare(bytes(to)) < 0;
    expect(['mü', 'müller', 'mü\u{10ffff}\u{10ffff}'].map((one) => inside(entry('name', TEXT, one)))).toEqual(
      [true, true, true],
    );
    expect(['m', 'mv', 'ma', ''].map((one) => inside(entry('name', TEXT, one)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(
      [entry('name', KEY, 'mü'), entry('names', TEXT, 'mü'), entry('nam', TEXT, 'mü')].map(inside),
    ).toEqual([false, false, false]);
  });

  it('cannot be forged by data', () => {
    expect(entry('a', KEY, `b${TEXT}c`)).not.toContain(TEXT);
    expect(entry(`a${KEY}b`, KEY, 'c').split(KEY)).toHaveLength(2);
  });

  it('keep no double, and references apart', () => {
    const range: IndexValue = { kind: 'range', param: 'date', key: '', low: 1, high: 2 };
    const key: IndexValue = { kind: 'key', param: 'code', key: 'x' };
    const reference: IndexValue = { kind: 'key', param: REFERENCE, key: 'Patient/1' };
    const text: IndexValue = { kind: 'text', param: 'name', text: 'a', exact: 'A' };
    expect(found([range, key, reference, text, range, key, reference, text])).toEqual({
      k: ['code\u0001x', 'name\u0002a', 'name\u0003A'],
      r: [{ p: 'date\u0001', l: 1, h: 2 }],
      f: ['Patient/1'],
    });
  });
});

describe('successor', () => {
  it('is greater than every text with the prefix and no greater than the next one', () => {
    expect(successor('ab')).toBe('ac');
    expect(successor('a\ud7ff')).toBe('a\ue000');
    expect(successor('a\u{10ffff}\u{10ffff}')).toBe('b');
    expect(successor('a\u{1f600}')).toBe('a\u{1f601}');
  });
});

describe('wholeUnits', () => {
  const rows = (...units: number[]): HistoryDocument[] =>
    units.map((u, i) => ({ _id: i + 1, r: 'Patient/a', t: 'Patient', v: 1, at: 0, m: 'PUT', u }));

  it('cuts between units, and inside a unit only where it alone is longer than the limit', () => {
    expect(wholeUnits(rows(1, 1, 3), 3)).toHaveLength(3);
    expect(wholeUnits(rows(1, 1, 3, 3), 3)).toHaveLength(2);
    expect(wholeUnits(rows(1, 1, 3, 4), 3)).toHaveLength(3);
    expect(wholeUnits(rows(1, 1, 1, 1), 3)).toHaveLength(3);
    expect(wholeUnits([], 3)).toHaveLength(0);
  });
});
