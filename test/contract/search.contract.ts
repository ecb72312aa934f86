/** search: each kind of leaf, logic, order, pages, totals, scope. https://hl7.org/fhir/R4/search.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ALL, and, not, or, type Bound, type Expression } from '../../src/fhir/search/expression.ts';
import { FOREVER, type IndexValue } from '../../src/fhir/search/index-value.ts';
import { searchPlan, type SearchQuery } from '../../src/fhir/search/plan.ts';
import type { ResourceStore, TenantStore } from '../../src/store/ports.ts';
import {
  allPages,
  bodyText,
  create,
  done,
  freshType,
  ids,
  key,
  plan,
  range,
  remove,
  update,
  words,
} from './units.ts';

const keyed = (...keys: string[]): Expression => ({ op: 'key', param: 'k', keys });
const named = (test: 'starts' | 'equals' | 'contains' | 'exact', value: string): Expression => ({
  op: 'text',
  param: 'name',
  test,
  value,
});
const between = (unit: string, ...bounds: Bound[]): Expression => ({
  op: 'range',
  param: 'n',
  key: unit,
  bounds,
});
const low = (is: Bound['is'], value: number): Bound => ({ end: 'low', is, value });
const high = (is: Bound['is'], value: number): Bound => ({ end: 'high', is, value });

/** Creates one resource after the other, ids a, b, c …, so that the default order is the reverse. */
async function fill(store: ResourceStore, type: string, ...indexes: IndexValue[][]): Promise<void> {
  for (const [i, index] of indexes.entries())
    await done(store, { writes: [create(type, String.fromCharCode(97 + i), index)] });
}

export function searchContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });
  const found = async (type: string, where: Expression, more: Partial<SearchQuery> = {}): Promise<string> =>
    (await ids(store, type, where, more)).join('');

  describe('leaves', () => {
    it('all, none and a type that never was', async () => {
      const type = freshType();
      await fill(store, type, [], [], []);
      expect(await found(type, ALL)).toBe('cba');
      expect(await found(type, { op: 'none' })).toBe('');
      expect(await found('Never', ALL)).toBe('');
      expect((await store.search(plan('Never', ALL, { total: 'accurate' }))).total).toBe(0);
      expect((await store.search(plan(type, { op: 'none' }, { total: 'accurate' }))).total).toBe(0);
    });

    it('key: any of the keys, of that parameter, to the letter', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        key('k', 's\tA', '\tA'),
        key('k', 's\ta'),
        key('other', 's\tA'),
        key('k', 'x', 'y'),
        key('k', ''),
      );
      expect(await found(type, keyed('s\tA'))).toBe('a');
      expect(await found(type, keyed('s\tA', '\tA', 'y', 'never'))).toBe('da');
      expect(await found(type, keyed(''))).toBe('e');
      expect(await found(type, keyed('never'))).toBe('');
      expect(await found(type, { op: 'key', param: 'never', keys: ['x'] })).toBe('');
      expect(await found(type, keyed(...Array.from({ length: 500 }, (_, i) => `n${i}`), 'x', 's\ta'))).toBe(
        'db',
      );
    });

    it('range: bounds on one and the same value, of one unit', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [range('n', 1, 2)],
        [range('n', 5, 6), range('n', 100, 101)],
        [range('n', 5, 6, 'mg')],
        [range('n', -3.25)],
        [range('n', 3, FOREVER)],
      );
      expect(await found(type, between('', low('>=', 5)))).toBe('b');
      expect(await found(type, between('', low('<=', 5), high('>=', 6)))).toBe('eb');
      expect(await found(type, between('', low('>', 6), high('<', 100)))).toBe('');
      expect(await found(type, between('', low('<', 1)))).toBe('d');
      expect(await found(type, between('', high('<', 2)))).toBe('d');
      expect(await found(type, between('', high('<=', 2)))).toBe('da');
      expect(await found(type, between('mg', low('>=', 0)))).toBe('c');
      expect(await found(type, between('never', low('>=', 0)))).toBe('');
      expect(await found(type, between('', high('>', 8e15)))).toBe('e');
    });

    it('text: folded for starts, equals and contains, as written for exact; no letter is a wildcard', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [words('name', 'Anna-Maria')],
        [words('name', 'anna')],
        [words('name', 'A_na')],
        [words('name', 'Han%na')],
        [words('name', 'O\'Neil "x" \\')],
        [words('name', '\u{1f600}z')],
      );
      expect(await found(type, named('starts', 'anna'))).toBe('ba');
      expect(await found(type, named('equals', 'anna'))).toBe('b');
      expect(await found(type, named('exact', 'anna'))).toBe('b');
      expect(await found(type, named('exact', 'Anna-Maria'))).toBe('a');
      expect(await found(type, named('exact', 'anna-maria'))).toBe('');
      expect(await found(type, named('contains', 'na'))).toBe('dcba');
      expect(await found(type, named('contains', '_'))).toBe('c');
      expect(await found(type, named('starts', 'a_'))).toBe('c');
      expect(await found(type, named('contains', '%'))).toBe('d');
      expect(await found(type, named('starts', 'han%'))).toBe('d');
      expect(await found(type, named('contains', '\'neil "x" \\'))).toBe('e');
      expect(await found(type, named('starts', '\u{1f600}'))).toBe('f');
      expect(await found(type, named('starts', ''))).toBe('fedcba');
    });

    it('present: any value of that parameter and kind', async () => {
      const type = freshType();
      await fill(store, type, key('p', 'x'), [range('p', 1)], [words('p', 'x')], []);
      for (const [kind, id] of [
        ['key', 'a'],
        ['range', 'b'],
        ['text', 'c'],
      ] as const) {
        expect(await found(type, { op: 'present', param: 'p', kind })).toBe(id);
        expect(await found(type, not({ op: 'present', param: 'p', kind }))).toBe('dcba'.replace(id, ''));
      }
    });

    it('id: one of these, live', async () => {
      const type = freshType();
      await fill(store, type, [], [], []);
      await done(store, { writes: [remove(type, 'b', 1)] });
      expect(await found(type, { op: 'id', ids: ['c', 'a', 'b', 'never', 'a'] })).toBe('ca');
      expect(await found(type, { op: 'id', ids: [] })).toBe('');
      expect(await found(type, not({ op: 'id', ids: ['a'] }))).toBe('c');
    });

    it('updated: the instant of the current version', async () => {
      const type = freshType();
      await fill(store, type, [], []);
      await new Promise((resolve) => setTimeout(resolve, 4));
      const { instant } = await done(store, { writes: [update(type, 'a', 1)] });
      const updated = (...bounds: Bound[]): Expression => ({ op: 'updated', bounds });
      expect(await found(type, updated(low('>=', instant)))).toBe('a');
      expect(await found(type, updated(high('<', instant)))).toBe('b');
      expect(await found(type, updated(low('>', instant)))).toBe('');
      expect(await found(type, updated(high('<=', instant), low('>', 0)))).toBe('ba');
    });
  });

  describe('logic', () => {
    it('and, or, not, nested', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [...key('k', 'x'), range('n', 1)],
        [...key('k', 'x', 'y'), words('name', 'Bob')],
        key('k', 'y'),
        [range('n', 1), words('name', 'Bo')],
      );
      const n1 = between('', low('>=', 1), high('<=', 1));
      expect(await found(type, and(keyed('x'), keyed('y')))).toBe('b');
      expect(await found(type, or(keyed('x'), n1))).toBe('dba');
      expect(await found(type, and(or(keyed('y'), n1), not(named('starts', 'bo'))))).toBe('ca');
      expect(await found(type, not(or(keyed('x'), keyed('y'))))).toBe('d');
      expect(await found(type, not(keyed('never')))).toBe('dcba');
      expect(await found(type, and(keyed('x'), not(keyed('y'))))).toBe('a');
      expect(await found(type, { op: 'and', of: [] })).toBe('dcba');
      expect(await found(type, { op: 'or', of: [] })).toBe('');
    });

    it('the scope of the plan is a part of every branch', async () => {
      const type = freshType();
      await fill(store, type, key('k', 'mine'), key('k', 'yours'));
      const branches = [{ type, where: ALL }];
      const page = await store.search(
        searchPlan({ branches, count: 10, total: 'accurate' }, () => keyed('mine')),
      );
      expect([page.resources.map(({ id }) => id), page.total]).toEqual([['a'], 1]);
      const nothing = await store.search(
        searchPlan({ branches, count: 10, total: 'accurate' }, () => ({ op: 'none' })),
      );
      expect([nothing.resources, nothing.total]).toEqual([[], 0]);
    });

    it('several types are one order', async () => {
      const [pear, fig] = [freshType(), freshType()];
      await done(store, { writes: [create(pear, 'p1', key('k', 'x'))] });
      await done(store, {
        writes: [create(fig, 'f1', key('k', 'x')), create(pear, 'p2'), create(fig, 'f2')],
      });
      expect(await ids(store, [pear, fig], ALL)).toEqual(['f2', 'p2', 'f1', 'p1']);
      expect(await allPages(store, [pear, fig], ALL, { count: 1 })).toEqual(['f2', 'p2', 'f1', 'p1']);
      expect(await ids(store, [pear, fig, 'Never'], keyed('x'))).toEqual(['f1', 'p1']);
      const { total } = await store.search(plan([pear, fig], ALL, { count: 0, total: 'accurate' }));
      expect(total).toBe(4);
    });
  });

  describe('pages', () => {
    it('hold `count` resources, the last one has no next; count 0 is the total alone', async () => {
      const type = freshType();
      await fill(store, type, [], [], [], []);
      const first = await store.search(plan(type, ALL, { count: 2, total: 'accurate' }));
      expect([first.resources.map(({ id }) => id), first.total, first.next !== undefined]).toEqual([
        ['d', 'c'],
        4,
        true,
      ]);
      const last = await store.search(plan(type, ALL, { count: 2, after: first.next, total: 'accurate' }));
      expect([last.resources.map(({ id }) => id), last.total, last.next]).toEqual([['b', 'a'], 4, undefined]);
      const count = await store.search(plan(type, ALL, { count: 0, total: 'accurate' }));
      expect(count).toEqual({ resources: [], total: 4, next: undefined });
      expect((await store.search(plan(type, ALL, { count: 2 }))).total).toBeUndefined();
    });

    it('neither hide nor double a resource that is updated between them', async () => {
      const type = freshType();
      await done(store, {
        writes: Array.from({ length: 30 }, (_, i) => create(type, `r${i}`, key('k', 'x'))),
      });
      const seen: string[] = [];
      let version = 1;
      for (let after: string | undefined; ;) {
        const page = await store.search(plan(type, keyed('x'), { count: 7, after }));
        seen.push(...page.resources.map(({ id }) => id));
        if (page.next === undefined) break;
        after = page.next;
        const writes = Array.from({ length: 30 }, (_, i) => update(type, `r${i}`, version, key('k', 'x')));
        version++;
        await done(store, { writes: [...writes, create(type, `new${version}`, key('k', 'x'))] });
      }
      expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => `r${29 - i}`));
    });

    it('give current versions with their bodies', async () => {
      const type = freshType();
      await fill(store, type, key('k', 'x'));
      await done(store, { writes: [update(type, 'a', 1, key('k', 'x'))] });
      const { resources } = await store.search(plan(type, keyed('x')));
      expect(resources).toEqual(await store.read([{ type, id: 'a' }]));
    });
  });

  it('answers while its matches are being changed all the time, each text as its index values say', async () => {
    const type = freshType();
    const indexOf = (n: number) => key('k', `turn${n % 2}`);
    await done(store, { writes: [0, 1, 2].map((i) => create(type, `r${i}`, indexOf(1), ',"turn":1')) });
    let writing = true;
    const writer = async (id: string): Promise<void> => {
      for (let version = 1; writing; version++) {
        await done(store, {
          writes: [update(type, id, version, indexOf(version + 1), `,"turn":${(version + 1) % 2}`)],
        });
      }
    };
    const writers = [0, 1, 2].map((i) => writer(`r${i}`));
    for (let i = 0; i < 60; i++) {
      const { resources } = await store.search(plan(type, keyed(`turn${i % 2}`)));
      for (const one of resources) expect(bodyText(one)).toContain(`"turn":${i % 2}`);
      expect(new Set(resources.map(({ id }) => id)).size).toBe(resources.length);
    }
    writing = false;
    await Promise.all(writers);
    expect(await ids(store, type, or(keyed('turn0'), keyed('turn1')))).toEqual(['r2', 'r1', 'r0']);
  });

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
