/** history: instance, type and system, newest first, `since`, `at`, pages. https://hl7.org/fhir/R4/http.html#history */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { HistoryQuery, ResourceStore, StoredResource, TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType, remove, update } from './units.ts';

const label = ({ id, versionId, method }: StoredResource): string => `${id}/${versionId} ${method}`;
/** Longer than a clock tick, so that two commits have different instants. */
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 4));

export function historyContract(use: () => Promise<TenantStore>): void {
  describe('history', () => {
    let store: ResourceStore;
    const [pear, fig] = [freshType(), freshType()];
    /** instants of the six commits */
    const at: number[] = [];

    beforeAll(async () => {
      store = (await use()).resources;
      const units = [
        [create(pear, 'a')],
        [create(fig, 'a'), create(pear, 'b')],
        [update(pear, 'a', 1)],
        [remove(pear, 'a', 2)],
        [update(pear, 'a', 3)],
        [remove(pear, 'b', 1)],
      ];
      for (const writes of units) {
        at.push((await done(store, { writes })).instant);
        await tick();
      }
    });
    const list = async (query: Partial<HistoryQuery>): Promise<string[]> =>
      (await store.history({ count: 100, ...query })).versions.map(label);

    it('of an instance has its versions only, tombstones too', async () => {
      expect(await list({ type: pear, id: 'a' })).toEqual(['a/4 PUT', 'a/3 DELETE', 'a/2 PUT', 'a/1 POST']);
      expect(await list({ type: fig, id: 'a' })).toEqual(['a/1 POST']);
      const { versions } = await store.history({ type: pear, id: 'a', count: 10 });
      expect(versions.map(({ body }) => body !== undefined)).toEqual([true, false, true, true]);
    });

    it('of a type has that type only', async () => {
      expect(await list({ type: pear })).toEqual([
        'b/2 DELETE',
        'a/4 PUT',
        'a/3 DELETE',
        'a/2 PUT',
        'b/1 POST',
        'a/1 POST',
      ]);
      expect(await list({ type: fig })).toEqual(['a/1 POST']);
    });

    it('of the system has all, in one order', async () => {
      const { versions } = await store.history({ count: 100 });
      const ours = versions.filter(({ type }) => type === pear || type === fig);
      expect(ours.map(label)).toEqual([
        'b/2 DELETE',
        'a/4 PUT',
        'a/3 DELETE',
        'a/2 PUT',
        'b/1 POST',
        'a/1 POST',
        'a/1 POST',
      ]);
      const seqs = versions.map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
    });

    it('of what never was is empty', async () => {
      expect(await store.history({ type: 'Never', count: 5 })).toEqual({ versions: [], more: false });
      expect(await store.history({ type: pear, id: 'never', count: 5 })).toEqual({
        versions: [],
        more: false,
      });
    });

    it('comes in pages that join without gap or double', async () => {
      for (const query of [{ type: pear }, { type: pear, id: 'a' }, {}]) {
        const whole = (await store.history({ ...query, count: 1000 })).versions.map(({ seq }) => seq);
        const paged: number[] = [];
        for (let before: number | undefined, more = true; more;) {
          const page = await store.history({ ...query, count: 2, before });
          expect(page.versions.length).toBeLessThanOrEqual(2);
          paged.push(...page.versions.map(({ seq }) => seq));
          [before, more] = [page.versions.at(-1)?.seq, page.more];
        }
        expect(paged).toEqual(whole);
      }
    });

    it('says whether there is more exactly', async () => {
      expect((await store.history({ type: pear, id: 'a', count: 4 })).more).toBe(false);
      expect((await store.history({ type: pear, id: 'a', count: 3 })).more).toBe(true);
    });

    it('since an instant includes it', async () => {
      expect(await list({ type: pear, since: at[3] })).toEqual(['b/2 DELETE', 'a/4 PUT', 'a/3 DELETE']);
      expect(await list({ type: pear, since: at[3]! + 1 })).toEqual(['b/2 DELETE', 'a/4 PUT']);
      expect(await list({ type: pear, id: 'a', since: at[4] })).toEqual(['a/4 PUT']);
      expect(await list({ since: at[5]! + 100_000 })).toEqual([]);
      expect(await list({ type: fig, since: 0 })).toEqual(['a/1 POST']);
    });

    it('at a moment has what was current then', async () => {
      const moment = (instant: number) => ({ from: instant, to: instant });
      expect(await list({ type: pear, at: moment(at[1]!) })).toEqual(['b/1 POST', 'a/1 POST']);
      expect(await list({ type: pear, at: moment(at[2]! + 1) })).toEqual(['a/2 PUT', 'b/1 POST']);
      expect(await list({ type: pear, id: 'a', at: moment(at[0]! - 1) })).toEqual([]);
      expect(await list({ type: pear, id: 'a', at: moment(at[5]! + 100_000) })).toEqual(['a/4 PUT']);
    });

    it('at a period has all that were current at some moment in it', async () => {
      expect(await list({ type: pear, id: 'a', at: { from: at[0]! + 1, to: at[3]! - 1 } })).toEqual([
        'a/2 PUT',
        'a/1 POST',
      ]);
      expect(await list({ type: pear, at: { from: at[4]!, to: at[4]! } })).toEqual(['a/4 PUT', 'b/1 POST']);
      expect(await list({ type: pear, at: { from: 0, to: at[0]! - 1 } })).toEqual([]);
      expect(await list({ at: { from: 0, to: Date.now() + 1000 }, type: fig })).toEqual(['a/1 POST']);
    });
  });
}
