/** Reads under a scope: what lies outside is as if it were not there, right after the commit and later, whatever else asks at the same time. */
import { describe, expect, it } from '@jest/globals';
import { ALL, and, NONE, not, or, type Expression } from '../../src/fhir/search/expression.ts';
import type { ResourceKey, TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType, ids, key, keyed, remove, update, words } from './units.ts';

export function scopedReadContract(use: () => Promise<TenantStore>): void {
  describe('reads under a scope', () => {
    const read = async (
      store: TenantStore,
      type: string,
      names: readonly string[],
      where: Expression,
    ): Promise<(string | undefined)[]> => {
      const keys = names.map((id): ResourceKey => ({ type, id }));
      return (await store.resources.read(keys, (of) => (of === type ? where : NONE))).map(
        (one) => one && `${one.id}${one.versionId}${one.body ? '' : ' gone'}`,
      );
    };
    const filled = async (store: TenantStore): Promise<string> => {
      const type = freshType();
      await done(store.resources, {
        writes: [
          create(type, 'a', [...key('k', 'x', 'sys\tcode', '*\tcode'), words('name', 'Ann')]),
          create(type, 'b', [...key('k', 'y'), ...key('other', 'x')]),
          create(type, 'c'),
        ],
      });
      return type;
    };
    const cases: readonly (readonly [string, Expression, readonly (string | undefined)[]])[] = [
      ['everything', ALL, ['a1', 'b1', 'c1', undefined]],
      ['nothing', NONE, [undefined, undefined, undefined, undefined]],
      ['a key', keyed('x'), ['a1', undefined, undefined, undefined]],
      ['a code without its system', keyed('*\tcode'), ['a1', undefined, undefined, undefined]],
      ['a key that nothing has', keyed('nobody'), [undefined, undefined, undefined, undefined]],
      ['ids', { op: 'id', ids: ['b', 'nobody'] }, [undefined, 'b1', undefined, undefined]],
      [
        'no value of a parameter',
        not({ op: 'present', param: 'k', kind: 'key' }),
        [undefined, undefined, 'c1', undefined],
      ],
      [
        'either, and not the third',
        and(or(keyed('x'), { op: 'id', ids: ['b', 'c'] }), not({ op: 'id', ids: ['c'] })),
        ['a1', 'b1', undefined, undefined],
      ],
      [
        'a text',
        { op: 'text', param: 'name', test: 'starts', value: 'an' },
        ['a1', undefined, undefined, undefined],
      ],
    ];

    it.each(cases)(
      'gives by %s what was just committed, and the same later',
      async (_name, where, wanted) => {
        const store = await use();
        const type = await filled(store);
        expect(await read(store, type, ['a', 'b', 'c', 'd'], where)).toEqual(wanted);
        await ids(store.resources, type, ALL);
        expect(await read(store, type, ['a', 'b', 'c', 'd'], where)).toEqual(wanted);
      },
    );

    it('judges the current version, not the one before', async () => {
      const store = await use();
      const type = await filled(store);
      await done(store.resources, {
        writes: [update(type, 'a', 1, key('k', 'y')), update(type, 'b', 1, key('k', 'x'))],
      });
      expect(await read(store, type, ['a', 'b'], keyed('x'))).toEqual([undefined, 'b2']);
      await ids(store.resources, type, ALL);
      expect(await read(store, type, ['a', 'b'], keyed('x'))).toEqual([undefined, 'b2']);
      expect(await read(store, type, ['a', 'b'], keyed('y'))).toEqual(['a2', undefined]);
    });

    it('gives a tombstone for any scope but none', async () => {
      const store = await use();
      const type = await filled(store);
      await done(store.resources, { writes: [remove(type, 'a', 1)] });
      expect(await read(store, type, ['a'], keyed('nobody'))).toEqual(['a2 gone']);
      expect(await read(store, type, ['a'], NONE)).toEqual([undefined]);
    });

    it('answers many at once, each by its own scope', async () => {
      const store = await use();
      const type = await filled(store);
      const scopes = [ALL, keyed('x'), keyed('y'), NONE, keyed('nobody')];
      const wanted = [
        ['a1', 'b1'],
        ['a1', undefined],
        [undefined, 'b1'],
        [undefined, undefined],
        [undefined, undefined],
      ];
      const turns = Array.from({ length: 100 }, (_, i) => i % scopes.length);
      const answers = await Promise.all(turns.map((i) => read(store, type, ['a', 'b'], scopes[i]!)));
      expect(answers).toEqual(turns.map((i) => wanted[i]));
    });
  });
}
