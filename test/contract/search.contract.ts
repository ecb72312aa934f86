/** search: each kind of leaf, logic, order, pages, totals, scope. https://hl7.org/fhir/R4/search.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ALL, and, not, or, type Bound, type Expression } from '../../src/fhir/search/expression.ts';
import { FOREVER } from '../../src/fhir/search/index-value.ts';
import { searchPlan } from '../../src/fhir/search/plan.ts';
import type { ResourceStore, TenantStore } from '../../src/store/ports.ts';
import {
  allPages,
  between,
  bodyText,
  create,
  done,
  fill,
  finder,
  freshType,
  high,
  ids,
  key,
  keyed,
  low,
  named,
  plan,
  range,
  remove,
  update,
  words,
} from './units.ts';

export function searchContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });
  const found = finder(() => store);

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
      expect(await found(type, named('ends', 'na'))).toBe('dcb');
      expect(await found(type, named('ends', 'z'))).toBe('f');
      expect(await found(type, named('ends', '\u{1f600}z'))).toBe('f');
      expect(await found(type, named('ends', 'a-maria'))).toBe('a');
      expect(await found(type, named('ends', 'xxx anna-maria'))).toBe('');
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
}
