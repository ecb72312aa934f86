/** The conditions of a commit: guards, present, integrity. https://hl7.org/fhir/R4/http.html#transaction */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ResourceStore, TenantStore } from '../../src/store/ports.ts';
import {
  bodyText,
  create,
  done,
  freshType,
  ids,
  key,
  plan,
  refers,
  refused,
  remove,
  update,
  winners,
} from './units.ts';

export function conditionsContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });

  describe('guards', () => {
    const where = (value: string) => ({ op: 'key' as const, param: 'identifier', keys: [value] });

    it('let one of 100 racers on one condition create', async () => {
      const type = freshType();
      const guard = { plan: plan(type, where('s\t1'), { count: 1 }), matches: [] };
      const race = Array.from({ length: 100 }, (_, i) =>
        store.commit({ writes: [create(type, `r${i}`, key('identifier', 's\t1'))], guards: [guard] }),
      );
      const results = await Promise.all(race);
      expect(winners(results)).toBe(1);
      for (const one of results) if (!one.ok) expect(one.conflicts).toEqual([{ kind: 'guard', guard: 0 }]);
      expect(await ids(store, type, where('s\t1'))).toHaveLength(1);
    });

    it('hold while exactly these resources match', async () => {
      const type = freshType();
      await done(store, {
        writes: [create(type, 'a', key('identifier', 'i')), create(type, 'b', key('identifier', 'i'))],
      });
      const guarded = (matches: string[]) =>
        store.commit({
          writes: [],
          guards: [
            {
              plan: plan(type, where('i'), { count: matches.length + 1 }),
              matches: matches.map((id) => ({ type, id })),
            },
          ],
        });
      expect((await guarded(['a', 'b'])).ok).toBe(true);
      expect((await guarded(['b', 'a'])).ok).toBe(true);
      expect((await guarded(['a'])).ok).toBe(false);
      expect((await guarded(['a', 'c'])).ok).toBe(false);
      expect((await guarded([])).ok).toBe(false);
      await done(store, { writes: [remove(type, 'b', 1)] });
      expect((await guarded(['a', 'b'])).ok).toBe(false);
      expect((await guarded(['a'])).ok).toBe(true);
    });

    it('are judged against the state before the unit', async () => {
      const type = freshType();
      const guard = { plan: plan(type, where('same'), { count: 1 }), matches: [] };
      const writes = [
        create(type, 'a', key('identifier', 'same')),
        create(type, 'b', key('identifier', 'same')),
      ];
      expect((await store.commit({ writes, guards: [guard, guard] })).ok).toBe(true);
    });

    it('name the guard by its place', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a', key('identifier', 'taken'))] });
      const guards = ['free', 'taken', 'free too'].map((value) => ({
        plan: plan(type, where(value), { count: 1 }),
        matches: [],
      }));
      expect(refused(await store.commit({ writes: [create(type, 'b')], guards }))).toEqual([
        { kind: 'guard', guard: 1 },
      ]);
    });
  });

  describe('present', () => {
    it('is judged after the unit: what it creates is there, what it deletes is not', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a'), create(type, 'gone')] });
      await done(store, { writes: [remove(type, 'gone', 1)] });
      const at = (id: string) => ({ type, id });
      expect((await store.commit({ writes: [create(type, 'b')], present: [at('a'), at('b')] })).ok).toBe(
        true,
      );
      expect(refused(await store.commit({ writes: [remove(type, 'a', 1)], present: [at('a')] }))).toEqual([
        { kind: 'missing', key: at('a') },
      ]);
      expect(
        refused(
          await store.commit({
            writes: [create(type, 'c')],
            present: [at('gone'), { type: 'Never', id: 'x' }],
          }),
        ),
      ).toEqual([
        { kind: 'missing', key: at('gone') },
        { kind: 'missing', key: { type: 'Never', id: 'x' } },
      ]);
      expect((await store.commit({ writes: [update(type, 'gone', 2)], present: [at('gone')] })).ok).toBe(
        true,
      );
    });

    it('never lets a reference be written past a delete that races with it', async () => {
      const type = freshType();
      for (let round = 0; round < 10; round++) {
        const target = { type, id: `t${round}` };
        await done(store, { writes: [create(type, target.id)] });
        const [removed, created] = await Promise.all([
          store.commit({ writes: [remove(type, target.id, 1)], integrity: true }),
          store.commit({
            writes: [create(type, `f${round}`, refers(target))],
            present: [target],
            integrity: true,
          }),
        ]);
        expect(winners([removed, created])).toBe(1);
      }
    });
  });

  describe('integrity', () => {
    const node = (type: string, id: string, ...targets: string[]) =>
      create(type, id, refers(...targets.map((one) => ({ type, id: one }))));

    it('refuses a delete that would leave a live reference, and names who refers', async () => {
      const [type, other] = [freshType(), freshType()];
      await done(store, { writes: [create(type, 'a'), create(other, 'r', refers({ type, id: 'a' }))] });
      const unit = { writes: [remove(type, 'a', 1)], integrity: true };
      expect(refused(await store.commit(unit))).toEqual([
        { kind: 'referenced', key: { type, id: 'a' }, by: { type: other, id: 'r' } },
      ]);
      expect((await store.commit({ writes: [remove(type, 'a', 1)] })).ok).toBe(true);
    });

    it('allows it once the referring resource is deleted or refers no more', async () => {
      const type = freshType();
      await done(store, { writes: [node(type, 'a'), node(type, 'b', 'a'), node(type, 'c', 'a')] });
      expect((await store.commit({ writes: [remove(type, 'a', 1)], integrity: true })).ok).toBe(false);
      await done(store, { writes: [remove(type, 'b', 1)], integrity: true });
      expect((await store.commit({ writes: [remove(type, 'a', 1)], integrity: true })).ok).toBe(false);
      await done(store, { writes: [update(type, 'c', 1)], integrity: true });
      expect((await store.commit({ writes: [remove(type, 'a', 1)], integrity: true })).ok).toBe(true);
    });

    it('allows a circle to be deleted in one unit, and a self-reference alone', async () => {
      const type = freshType();
      await done(store, { writes: [node(type, 'a', 'b'), node(type, 'b', 'a'), node(type, 'self', 'self')] });
      expect((await store.commit({ writes: [remove(type, 'a', 1)], integrity: true })).ok).toBe(false);
      await done(store, { writes: [remove(type, 'a', 1), remove(type, 'b', 1)], integrity: true });
      await done(store, { writes: [remove(type, 'self', 1)], integrity: true });
    });

    it('judges a referring resource as the unit rewrites it', async () => {
      const type = freshType();
      await done(store, { writes: [node(type, 'a'), node(type, 'b', 'a'), node(type, 'c')] });
      await done(store, { writes: [remove(type, 'a', 1), update(type, 'b', 1)], integrity: true });
      await done(store, { writes: [node(type, 'd')] });
      const worse = await store.commit({
        writes: [remove(type, 'd', 1), update(type, 'c', 1, refers({ type, id: 'd' }))],
        integrity: true,
      });
      expect(refused(worse)).toEqual([{ kind: 'referenced', key: { type, id: 'd' }, by: { type, id: 'c' } }]);
      const fresh = await store.commit({
        writes: [remove(type, 'd', 1), node(type, 'e', 'd')],
        integrity: true,
      });
      expect(refused(fresh)).toEqual([{ kind: 'referenced', key: { type, id: 'd' }, by: { type, id: 'e' } }]);
    });

    it('does not mind references by the deleted itself or by history', async () => {
      const type = freshType();
      await done(store, { writes: [node(type, 'a'), node(type, 'b', 'a')] });
      await done(store, { writes: [update(type, 'b', 1)] });
      await done(store, { writes: [remove(type, 'a', 1)], integrity: true });
      expect(bodyText(await store.vread({ type, id: 'b' }, 1))).toBeDefined();
    });
  });
}
