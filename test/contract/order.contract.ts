/** search: the orders, and large tenants where other ways of searching are chosen. https://hl7.org/fhir/R4/search.html#sort */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ALL, and, not, or, type Expression } from '../../src/fhir/search/expression.ts';
import type { IndexValue } from '../../src/fhir/search/index-value.ts';
import type { SearchQuery } from '../../src/fhir/search/plan.ts';
import type { ResourceStore, TenantStore } from '../../src/store/ports.ts';
import {
  allPages,
  between,
  create,
  done,
  fill,
  finder,
  freshType,
  key,
  keyed,
  low,
  named,
  plan,
  range,
  update,
  words,
} from './units.ts';

export function orderContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });
  const found = finder(() => store);

  describe('sort', () => {
    const by = (
      param: string,
      kind: 'key' | 'range' | 'text',
      descending = false,
      prefix?: string,
    ): SearchQuery['sort'] => [{ by: 'param', param, kind, descending, prefix }];

    it('created, updated, id', async () => {
      const type = freshType();
      await fill(store, type, [], [], []);
      await new Promise((resolve) => setTimeout(resolve, 4));
      await done(store, { writes: [update(type, 'b', 1)] });
      expect(await found(type, ALL, { sort: [{ by: 'created', descending: true }] })).toBe('cba');
      expect(await found(type, ALL, { sort: [{ by: 'created', descending: false }] })).toBe('abc');
      expect((await found(type, ALL, { sort: [{ by: 'updated', descending: true }] }))[0]).toBe('b');
      expect((await found(type, ALL, { sort: [{ by: 'updated', descending: false }] }))[2]).toBe('b');
      expect(await found(type, ALL, { sort: [{ by: 'id', descending: false }] })).toBe('abc');
      expect(await found(type, ALL, { sort: [{ by: 'id', descending: true }] })).toBe('cba');
    });

    it('by the smallest value ascending, the largest descending, missing ones last, ties newest first', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [range('n', 5), range('n', 1)],
        [range('n', 3)],
        [],
        [range('n', 3, 9)],
        [range('n', 2), range('n', 8)],
        [],
      );
      expect(await found(type, ALL, { sort: by('n', 'range') })).toBe('aedbfc');
      expect(await found(type, ALL, { sort: by('n', 'range', true) })).toBe('eadbfc');
      for (const descending of [false, true]) {
        const whole = await found(type, ALL, { sort: by('n', 'range', descending) });
        for (const count of [1, 2, 4])
          expect(
            (await allPages(store, type, ALL, { count, sort: by('n', 'range', descending) })).join(''),
          ).toBe(whole);
      }
    });

    it('text by its folded form, keys by those with the prefix', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [words('name', 'beta'), ...key('k', '*\tz', 'a\tz')],
        [words('name', 'Alpha'), words('name', 'zulu'), ...key('k', '*\tm')],
        key('k', 'b\tonly'),
      );
      expect(await found(type, ALL, { sort: by('name', 'text') })).toBe('bac');
      expect(await found(type, ALL, { sort: by('name', 'text', true) })).toBe('bac');
      expect(await found(type, ALL, { sort: by('k', 'key', false, '*\t') })).toBe('bac');
      expect(await found(type, ALL, { sort: by('k', 'key', true, '*\t') })).toBe('abc');
      expect(await found(type, ALL, { sort: by('k', 'key') })).toBe('bac');
      expect(await found(type, ALL, { sort: by('never', 'key') })).toBe('cba');
    });

    it('by several keys, with a filter, over pages', async () => {
      const type = freshType();
      const index = (n: number, name: string) => [range('n', n), words('name', name), ...key('k', 'x')];
      await fill(
        store,
        type,
        index(1, 'b'),
        index(2, 'a'),
        index(1, 'a'),
        index(2, 'b'),
        [range('n', 0)],
        index(1, 'b'),
      );
      const sort = [...by('n', 'range', true)!, ...by('name', 'text')!];
      expect(await found(type, keyed('x'), { sort })).toBe('bdcfa');
      for (const count of [1, 2, 3])
        expect((await allPages(store, type, keyed('x'), { sort, count })).join('')).toBe('bdcfa');
    });
  });

  it('finds the same in a large tenant: 6,000 resources, long candidates, rare and dense conditions', async () => {
    const type = freshType();
    const indexOf = (i: number): IndexValue[] => [
      ...key('k', 'dense', `tenth${i % 10}`),
      ...(i % 997 === 0 ? key('k', 'rare') : []),
      range('n', i % 100),
      words('name', `name ${i % 50}`),
    ];
    for (let from = 0; from < 6000; from += 1500) {
      await done(store, {
        writes: Array.from({ length: 1500 }, (_, i) => create(type, `i${from + i}`, indexOf(from + i))),
      });
    }
    const expected = (test: (i: number) => boolean) =>
      Array.from({ length: 6000 }, (_, i) => 5999 - i)
        .filter(test)
        .map((i) => `i${i}`);
    const cases: [Expression, (i: number) => boolean][] = [
      [ALL, () => true],
      [keyed('dense'), () => true],
      [and(keyed('dense'), keyed('tenth3')), (i) => i % 10 === 3],
      [and(keyed('dense'), not(keyed('tenth3'))), (i) => i % 10 !== 3],
      [and(keyed('dense'), keyed('rare')), (i) => i % 997 === 0],
      [not(not(keyed('rare'))), (i) => i % 997 === 0],
      [
        and(keyed('dense'), or(keyed('rare'), named('equals', 'name 7'))),
        (i) => i % 997 === 0 || i % 50 === 7,
      ],
      [and(keyed('dense'), not(keyed('dense'))), () => false],
      [named('contains', '4'), (i) => String(i % 50).includes('4')],
      [named('starts', 'name'), () => true],
      [between('', low('<', 3)), (i) => i % 100 < 3],
      [or(between('', low('<', 50)), keyed('tenth9')), (i) => i % 100 < 50 || i % 10 === 9],
    ];
    for (const [where, test] of cases) {
      const wanted = expected(test);
      const page = await store.search(plan(type, where, { count: 50, total: 'accurate' }));
      expect(page.total).toBe(wanted.length);
      expect(page.resources.map(({ id }) => id)).toEqual(wanted.slice(0, 50));
      expect(await allPages(store, type, where, { count: 2500 })).toEqual(wanted);
      const sorted = await allPages(store, type, where, {
        count: 2500,
        sort: [{ by: 'param', param: 'n', kind: 'range', descending: true }],
      });
      const number = (id: string) => Number(id.slice(1));
      expect(sorted).toEqual(
        [...wanted].sort((a, b) => (number(b) % 100) - (number(a) % 100) || number(b) - number(a)),
      );
    }
  }, 120_000);
}
