/** Jobs: part of the commit, claimed by one at a time, tried again, buried, revived. */
import { describe, expect, it } from '@jest/globals';
import type { TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType } from './units.ts';

const LEASE = 1000;

export function jobsContract(fresh: () => Promise<TenantStore>): void {
  describe('jobs', () => {
    const enqueue = async (
      store: TenantStore,
      ...jobs: { queue: string; payload: unknown; runAt?: number; maxAttempts?: number }[]
    ) => (await done(store.resources, { writes: [create(freshType(), 'a')], jobs })).instant;

    it('come with the commit, with their payload, oldest first, from the queues asked for', async () => {
      const store = await fresh();
      const now = await enqueue(
        store,
        { queue: 'q', payload: { n: 1, deep: ['x', null] } },
        { queue: 'other', payload: 'o' },
        { queue: 'r', payload: 2 },
      );
      await enqueue(store, { queue: 'q', payload: { n: 3 } });
      const jobs = await store.jobs.claim(['q', 'r'], 10, LEASE, now + 10_000);
      expect(jobs.map(({ payload }) => payload)).toEqual([{ n: 1, deep: ['x', null] }, 2, { n: 3 }]);
      expect(jobs.map(({ queue }) => queue)).toEqual(['q', 'r', 'q']);
      expect(jobs[0]).toMatchObject({ attempt: 1, maxAttempts: 10, leaseUntil: now + 10_000 + LEASE });
      expect(await store.jobs.claim(['q', 'r'], 10, LEASE, now + 10_000)).toEqual([]);
      expect(await store.jobs.claim([], 10, LEASE, now + 10_000)).toEqual([]);
    });

    it('of a refused unit do not exist', async () => {
      const store = await fresh();
      await enqueue(store);
      const refused = await store.resources.commit({
        writes: [],
        present: [{ type: 'Never', id: 'x' }],
        jobs: [{ queue: 'q', payload: 1 }],
      });
      expect(refused.ok).toBe(false);
      expect(await store.jobs.claim(['q'], 10, LEASE, Date.now() + 10_000)).toEqual([]);
    });

    it('are due from runAt on, at once without it', async () => {
      const store = await fresh();
      const later = Date.now() + 60_000;
      const now = await enqueue(
        store,
        { queue: 'q', payload: 'later', runAt: later },
        { queue: 'q', payload: 'now' },
      );
      expect((await store.jobs.claim(['q'], 10, LEASE, now)).map(({ payload }) => payload)).toEqual(['now']);
      expect(await store.jobs.claim(['q'], 10, LEASE, later - 1 - LEASE)).toHaveLength(1);
      expect((await store.jobs.claim(['q'], 10, LEASE, later)).map(({ payload }) => payload)).toContain(
        'later',
      );
    });

    it('go to one claimer each', async () => {
      const store = await fresh();
      const now = await enqueue(store, ...Array.from({ length: 60 }, (_, i) => ({ queue: 'q', payload: i })));
      const claims = await Promise.all(
        Array.from({ length: 20 }, () => store.jobs.claim(['q'], 5, LEASE, now + 1)),
      );
      const taken = claims.flat().map(({ payload }) => payload as number);
      expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
      for (const claim of claims) expect(claim.length).toBeLessThanOrEqual(5);
    });

    it('complete once', async () => {
      const store = await fresh();
      const now = await enqueue(store, { queue: 'q', payload: 1 });
      const [job] = await store.jobs.claim(['q'], 1, LEASE, now + 1);
      expect(await store.jobs.complete(job!)).toBe(true);
      expect(await store.jobs.complete(job!)).toBe(false);
      expect(await store.jobs.fail(job!, 'late', now, now)).toBe(false);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + 1_000_000)).toEqual([]);
    });

    it('go to another one when the lease ran out; the old lease is then worth nothing', async () => {
      const store = await fresh();
      const now = (await enqueue(store, { queue: 'q', payload: 1 })) + 1;
      const [first] = await store.jobs.claim(['q'], 1, LEASE, now);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + LEASE - 1)).toEqual([]);
      const [second] = await store.jobs.claim(['q'], 1, LEASE, now + LEASE);
      expect(second).toMatchObject({ id: first!.id, attempt: 2 });
      expect(second!.lease).not.toBe(first!.lease);
      expect(await store.jobs.complete(first!)).toBe(false);
      expect(await store.jobs.extend(first!, LEASE, now)).toBe(false);
      expect(await store.jobs.fail(first!, 'x', now, now)).toBe(false);
      expect(await store.jobs.complete(second!)).toBe(true);
    });

    it('stay with a claimer that extends its lease', async () => {
      const store = await fresh();
      const now = (await enqueue(store, { queue: 'q', payload: 1 })) + 1;
      const [job] = await store.jobs.claim(['q'], 1, LEASE, now);
      expect(await store.jobs.extend(job!, LEASE, now + 900)).toBe(true);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + LEASE)).toEqual([]);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + 900 + LEASE)).toHaveLength(1);
    });

    it('come back at retryAt after a failure', async () => {
      const store = await fresh();
      const now = (await enqueue(store, { queue: 'q', payload: 1 })) + 1;
      const [job] = await store.jobs.claim(['q'], 1, LEASE, now);
      expect(await store.jobs.fail(job!, 'no luck', now + 5000, now)).toBe(true);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + 4999)).toEqual([]);
      expect((await store.jobs.claim(['q'], 1, LEASE, now + 5000))[0]).toMatchObject({
        id: job!.id,
        attempt: 2,
      });
    });

    it('are buried after the last attempt, by failure or by a lease that ran out, and can be revived', async () => {
      const store = await fresh();
      const now =
        (await enqueue(
          store,
          { queue: 'q', payload: { k: 1 }, maxAttempts: 2 },
          { queue: 'r', payload: 2, maxAttempts: 1 },
        )) + 1;
      const [first] = await store.jobs.claim(['q'], 1, LEASE, now);
      await store.jobs.fail(first!, 'one', now, now);
      const [second] = await store.jobs.claim(['q'], 1, LEASE, now);
      expect(await store.jobs.dead('q', 10)).toEqual([]);
      expect(await store.jobs.fail(second!, 'two', now, now + 7)).toBe(true);
      expect(await store.jobs.claim(['q'], 1, LEASE, now + 1_000_000)).toEqual([]);
      expect(await store.jobs.dead('q', 10)).toEqual([
        { id: first!.id, queue: 'q', payload: { k: 1 }, attempts: 2, error: 'two', diedAt: now + 7 },
      ]);

      await store.jobs.claim(['r'], 1, LEASE, now);
      expect(await store.jobs.claim(['r'], 1, LEASE, now + LEASE)).toEqual([]);
      expect(await store.jobs.dead('r', 10)).toMatchObject([
        { queue: 'r', payload: 2, attempts: 1, diedAt: now + LEASE },
      ]);

      expect(await store.jobs.revive(first!.id, now + 10)).toBe(true);
      expect(await store.jobs.revive(first!.id, now + 10)).toBe(false);
      expect(await store.jobs.dead('q', 10)).toEqual([]);
      expect((await store.jobs.claim(['q'], 1, LEASE, now + 10))[0]).toMatchObject({
        id: first!.id,
        payload: { k: 1 },
        attempt: 1,
        maxAttempts: 2,
      });
    });
  });
}
