/** Index values folded into rows tell the same as before, whatever they are. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REFERENCE, type IndexValue } from '../../../src/fhir/search/index-value.ts';
import { packIndex, unpackIndex } from '../../../src/store/sqlite/pack-index.ts';
import type { PlainRows } from '../../../src/store/sqlite/backlog.ts';
import { signatureOf } from '../../../src/store/sqlite/signature.ts';
import { indexValueList } from '../../property/arbitraries.ts';

const parsed = (index: readonly IndexValue[]): PlainRows => JSON.parse(packIndex(index).rows) as PlainRows;
const keys = (key: string, ...params: string[]): IndexValue[] =>
  params.map((param) => ({ kind: 'key', param, key }));

describe('index rows', () => {
  it('tell what the values told', () => {
    const distinct = (values: readonly IndexValue[]): string[] =>
      [...new Set(values.map((value) => JSON.stringify(Object.entries(value).sort())))].sort();
    fc.assert(
      fc.property(indexValueList, (values) => {
        const [keyRows, coded, ranges, texts] = parsed(values);
        const unpacked = unpackIndex({ keys: keyRows, coded, ranges, texts });
        expect(distinct(unpacked)).toEqual(distinct(values));
      }),
      { numRuns: 500 },
    );
  });

  it('are one for a key that several parameters have', () => {
    const reference = keys('Patient/1', 'subject', 'patient', REFERENCE);
    expect(parsed(reference)[0]).toEqual([`["subject","patient","${REFERENCE}"]`, 'Patient/1']);
    expect(packIndex(reference).targets).toEqual(['Patient/1']);
  });

  it('are one for a code with and without its system, where the same parameters have both', () => {
    const both = [...keys('s\tc', 'code', 'combo'), ...keys('*\tc', 'code', 'combo')];
    expect(parsed(both).slice(0, 2)).toEqual([[], ['["code","combo"]', 's\tc']]);
    const unlike = [...keys('s\tc', 'code', 'combo'), ...keys('*\tc', 'code')];
    expect(parsed(unlike).slice(0, 2)).toEqual([['["code","combo"]', 's\tc', '["code"]', '*\tc'], []]);
    const two = [...keys('s\tc', 'code'), ...keys('t\tc', 'code'), ...keys('*\tc', 'code')];
    expect(parsed(two).slice(0, 2)).toEqual([[], ['["code"]', 's\tc', '["code"]', 't\tc']]);
  });
});

describe('a signature', () => {
  const key = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const has = (all: number, some: number): boolean => (BigInt(all) & BigInt(some)) === BigInt(some);

  it('has the bits of each of its keys, and fits into what a number holds', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 30 }), (all) => {
        const signature = signatureOf(all);
        expect(Number.isSafeInteger(signature) && signature > 0 && signature < 2 ** 46).toBe(true);
        expect(all.every((one) => has(signature, signatureOf([one])))).toBe(true);
      }),
    );
  });

  it('tells most keys apart from the eight of a resource', () => {
    const signature = signatureOf([3, 7, 12, 25, -4, -9, -13, 101]);
    const others = Array.from({ length: 2000 }, (_, i) => 1000 + i);
    expect(others.filter((one) => has(signature, signatureOf([one]))).length).toBeLessThan(400);
  });
});
