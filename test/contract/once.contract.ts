/** A unit that may be sent twice is done once: by whichever thread it comes, at the same time or later, and after its store was opened anew. */
import { describe, expect, it } from '@jest/globals';
import { ONCE, type CommitResult, type Once, type TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType, refused, update, winners } from './units.ts';

const RACERS = 20;
const hour = (): number => Date.now() + 3_600_000;
const once = (id: string, more: Partial<Once> = {}): Once => ({
  id,
  payload: `{"of":"${id}"}`,
  expiresAt: hour(),
  ...more,
});

/** `pair`: a fresh tenant as two threads see it. */
export function onceContract(pair: () => Promise<readonly [TenantStore, TenantStore]>): void {
  describe('once', () => {
    it('is kept with the unit, and refuses it the next time, on every thread', async () => {
      const [a, b] = await pair();
      const type = freshType();
      expect(await b.tokens.find(ONCE, 'k', Date.now())).toBeUndefined();
      await done(a.resources, { writes: [create(type, 'x')], once: once('k') });
      for (const { resources, tokens } of [a, b]) {
        const again = await resources.commit({ writes: [create(type, 'y')], once: once('k') });
        expect(refused(again)).toEqual([{ kind: 'once' }]);
        expect(await tokens.find(ONCE, 'k', Date.now())).toMatchObject({ payload: '{"of":"k"}' });
        expect(await resources.read([{ type, id: 'y' }])).toEqual([undefined]);
      }
    });

    it('goes with the unit: where that is refused, nothing is kept', async () => {
      const [{ resources, tokens }] = await pair();
      const type = freshType();
      const stale = await resources.commit({ writes: [update(type, 'x', 3)], once: once('k') });
      expect(refused(stale)).toMatchObject([{ kind: 'version' }]);
      expect(await tokens.find(ONCE, 'k', Date.now())).toBeUndefined();
      await done(resources, { writes: [create(type, 'x')], once: once('k') });
    });

    it('is told beside the other conflicts of a unit that comes again', async () => {
      const [{ resources }] = await pair();
      const unit = { writes: [create(freshType(), 'x')], once: once('k') };
      await done(resources, { ...unit, writes: [create(unit.writes[0]!.type, 'x')] });
      const kinds = refused(await resources.commit(unit)).map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining(['once', 'version']));
    });

    it('of racers lets one through', async () => {
      const stores = await pair();
      const type = freshType();
      const results: CommitResult[] = await Promise.all(
        Array.from({ length: RACERS }, (_, i) =>
          stores[i % 2]!.resources.commit({ writes: [create(type, `r${i}`)], once: once('k') }),
        ),
      );
      expect(winners(results)).toBe(1);
      const lost = results.filter(({ ok }) => !ok).map(refused);
      expect(lost).toEqual(Array.from({ length: RACERS - 1 }, () => [{ kind: 'once' }]));
    });

    it('is over when it has expired', async () => {
      const [{ resources, tokens }] = await pair();
      const type = freshType();
      await done(resources, { writes: [create(type, 'x')], once: once('k', { expiresAt: Date.now() - 1 }) });
      await done(resources, { writes: [create(type, 'y')], once: once('k', { payload: '2' }) });
      expect(await tokens.find(ONCE, 'k', Date.now())).toMatchObject({ payload: '2' });
    });

    it('does not hold up units without one', async () => {
      const [{ resources }] = await pair();
      const type = freshType();
      const results = await Promise.all(
        Array.from({ length: RACERS }, (_, i) =>
          resources.commit({ writes: [create(type, `n${i}`)], ...(i % 2 === 0 && { once: once(`k${i}`) }) }),
        ),
      );
      expect(winners(results)).toBe(RACERS);
    });
  });
}
