/** keys and reindex: the index values of what is kept, given out and replaced. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ALL, type Expression } from '../../src/fhir/search/expression.ts';
import { REFERENCE, type IndexValue } from '../../src/fhir/search/index-value.ts';
import type { KeyQuery, ResourceStore, TenantStore } from '../../src/store/ports.ts';
import {
  between,
  create,
  done,
  fill,
  finder,
  freshType,
  high,
  key,
  keyed,
  low,
  named,
  plan,
  range,
  refers,
  remove,
  update,
  words,
} from './units.ts';

export function indexContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });
  const found = finder(() => store);

  describe('keys', () => {
    const keysOf = async (
      query: Omit<KeyQuery, 'plan'>,
      type: string,
      where: Expression,
    ): Promise<string[]> => [...(await store.keys({ ...query, plan: plan(type, where) }))].sort();

    it('are the names of the matches, or what they carry under a parameter, each once', async () => {
      const type = freshType();
      await fill(
        store,
        type,
        [...key('k', 'x'), ...key('ref', 'Patient/1', 'Group/1')],
        [...key('k', 'x'), ...key('ref', 'Patient/1', 'Patient/2', '')],
        [...key('k', 'y'), ...key('ref', 'Patient/3')],
        [...key('k', 'x'), words('ref', 'Patient/4')],
      );
      expect(await keysOf({ most: 10 }, type, keyed('x'))).toEqual([`${type}/a`, `${type}/b`, `${type}/d`]);
      expect(await keysOf({ most: 10 }, type, ALL)).toHaveLength(4);
      expect(await keysOf({ most: 10 }, type, keyed('never'))).toEqual([]);
      expect(await keysOf({ most: 10 }, 'Never', ALL)).toEqual([]);
      const ref = { param: 'ref', most: 10 };
      expect(await keysOf({ ...ref, prefix: 'Patient/' }, type, keyed('x'))).toEqual([
        'Patient/1',
        'Patient/2',
      ]);
      expect(await keysOf({ ...ref, prefix: 'Patient/2' }, type, ALL)).toEqual(['Patient/2']);
      expect(await keysOf(ref, type, keyed('x'))).toEqual(['', 'Group/1', 'Patient/1', 'Patient/2']);
      expect(await keysOf({ ...ref, prefix: 'p' }, type, ALL)).toEqual([]);
      expect(await keysOf({ param: 'never', most: 10 }, type, ALL)).toEqual([]);
    });

    it('are of all types of the plan, of live resources, and of the references too', async () => {
      const [one, other] = [freshType(), freshType()];
      const ref = refers({ type: 'Patient', id: '1' });
      await done(store, {
        writes: [create(one, 'a', ref), create(other, 'a', ref), create(other, 'b', key('k', 'x'))],
      });
      await done(store, { writes: [remove(one, 'a', 1)] });
      const both = plan([one, other], ALL);
      expect([...(await store.keys({ plan: both, most: 9 }))].sort()).toEqual([`${other}/a`, `${other}/b`]);
      expect(await store.keys({ plan: both, param: REFERENCE, prefix: 'Patient/', most: 9 })).toEqual([
        'Patient/1',
      ]);
    });

    it('are no more than asked for, from many resources', async () => {
      const type = freshType();
      const writes = Array.from({ length: 5000 }, (_, i) =>
        create(type, `r${i}`, [...key('k', 'x'), ...key('ref', `Patient/${i % 100}`)]),
      );
      await done(store, { writes });
      const ask = async (most: number, param?: string): Promise<readonly string[]> =>
        store.keys({ plan: plan(type, keyed('x')), param, most });
      expect(new Set(await ask(6000)).size).toBe(5000);
      expect(new Set(await ask(4000)).size).toBe(4000);
      expect(new Set(await ask(101, 'ref')).size).toBe(100);
      expect(new Set(await ask(7, 'ref')).size).toBe(7);
    }, 30_000);
  });

  describe('reindex', () => {
    const values = (n: number): IndexValue[] => [
      ...key('k', `new${n}`),
      range('n', n),
      words('name', `Name ${n}`),
      ...refers({ type: 'Patient', id: String(n) }),
    ];
    const old = [
      ...key('k', 'old'),
      range('n', 100),
      words('name', 'old'),
      ...refers({ type: 'Patient', id: 'old' }),
    ];

    it('changes by what a version is found, and nothing else', async () => {
      const type = freshType();
      await fill(store, type, old, old, old);
      const before = await store.search(plan(type, { op: 'id', ids: ['a'] }));
      await store.reindex([
        { type, id: 'a', versionId: 1, index: values(1) },
        { type, id: 'b', versionId: 1, index: [] },
      ]);
      expect(await found(type, keyed('old'))).toBe('c');
      expect(await found(type, keyed('new1'))).toBe('a');
      expect(await found(type, between('', low('>=', 1), high('<=', 1)))).toBe('a');
      expect(await found(type, between('', low('>=', 100)))).toBe('c');
      expect(await found(type, named('starts', 'name'))).toBe('a');
      expect(await found(type, { op: 'key', param: REFERENCE, keys: ['Patient/1', 'Patient/old'] })).toBe(
        'ca',
      );
      expect(await found(type, ALL)).toBe('cba');
      expect(await store.search(plan(type, { op: 'id', ids: ['a'] }))).toEqual(before);
    });

    it('leaves newer versions, tombstones and what never was alone', async () => {
      const type = freshType();
      await fill(store, type, old, old);
      await done(store, { writes: [update(type, 'a', 1, key('k', 'newer'))] });
      await done(store, { writes: [remove(type, 'b', 1)] });
      await store.reindex(
        ['a', 'b', 'never'].map((id) => ({ type, id, versionId: 1, index: key('k', 'late') })),
      );
      await store.reindex([{ type, id: 'b', versionId: 2, index: key('k', 'late') }]);
      await store.reindex([]);
      expect(await found(type, keyed('late'))).toBe('');
      expect(await found(type, keyed('newer'))).toBe('a');
      expect(await found(type, ALL)).toBe('a');
    });
  });
}
