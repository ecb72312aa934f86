/**
 * The contract of a store, sentence by sentence of `src/store/ports.ts`: runs over every adapter. A case that only one adapter can pass is a
 * defect of the port.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALL } from '../../src/fhir/search/expression.ts';
import type { Stores, TenantStore } from '../../src/store/ports.ts';
import { auditContract } from './audit.contract.ts';
import { commitContract } from './commit.contract.ts';
import { conditionsContract } from './conditions.contract.ts';
import { feedContract } from './feed.contract.ts';
import { historyContract } from './history.contract.ts';
import { jobsContract } from './jobs.contract.ts';
import { onceContract } from './once.contract.ts';
import { orderContract } from './order.contract.ts';
import { scopedReadContract } from './scoped-read.contract.ts';
import { searchAgreement } from './search-agreement.ts';
import { indexContract } from './index.contract.ts';
import { searchContract } from './search.contract.ts';
import { tokensContract } from './tokens.contract.ts';
import { bodyText, create, done, freshTenant, ids, key, update, type Open, type Opened } from './units.ts';

export function storeContract(name: string, open: Open): void {
  describe(`${name} keeps the contract of a store`, () => {
    let opened: Opened;
    let stores: Stores;
    let another: Stores;
    let shared: Promise<TenantStore>;
    beforeAll(async () => {
      opened = await open();
      stores = opened.stores;
      another = await opened.another();
      shared = stores.tenant('shared');
      await shared;
    }, 60_000);
    afterAll(() => opened?.close(), 60_000);

    const use = (): Promise<TenantStore> => shared;
    const fresh = (): Promise<TenantStore> => stores.tenant(freshTenant());
    commitContract(use);
    conditionsContract(use);
    historyContract(fresh);
    searchContract(use);
    indexContract(use);
    scopedReadContract(use);
    orderContract(use);
    feedContract(fresh);
    jobsContract(fresh);
    const twice = async (): Promise<readonly [TenantStore, TenantStore]> => {
      const tenant = freshTenant();
      return [await stores.tenant(tenant), await another.tenant(tenant)];
    };
    tokensContract(twice);
    onceContract(twice);
    auditContract(twice);

    it('keeps tenants apart', async () => {
      const [one, two] = [freshTenant(), freshTenant()];
      const [a, b] = [await stores.tenant(one), await stores.tenant(two)];
      await done(a.resources, {
        writes: [create('Pear', 'x', key('k', 'v'))],
        jobs: [{ queue: 'q', payload: 1 }],
      });
      await a.feed.advance('reader', 0, 1);
      await a.tokens.put({ model: 'Client', id: 'x', payload: '{}' });
      expect(await b.resources.read([{ type: 'Pear', id: 'x' }])).toEqual([undefined]);
      expect(await ids(b.resources, 'Pear', ALL)).toEqual([]);
      expect((await b.resources.history({ count: 5 })).versions).toEqual([]);
      expect([await b.feed.last(), await b.feed.cursor('reader')]).toEqual([0, 0]);
      expect(await b.jobs.claim(['q'], 5, 1000, Date.now() + 1000)).toEqual([]);
      expect(await b.tokens.find('Client', 'x', 0)).toBeUndefined();
      expect(Buffer.from(a.secret).equals(Buffer.from(b.secret))).toBe(false);
      expect(await stores.tenants()).toEqual(expect.arrayContaining([one, two, 'shared']));
    });

    it('opens a tenant as often as asked, and answers a ping', async () => {
      const name_ = freshTenant();
      const [a, b] = await Promise.all([stores.tenant(name_), stores.tenant(name_)]);
      await done(a.resources, { writes: [create('Pear', 'x')] });
      expect(await ids(b.resources, 'Pear', ALL)).toEqual(['x']);
      expect(a.secret).toHaveLength(32);
      await b.ping();
    });

    it.each(['', '..', 'a/b', 'A', 'ä', 'a.b', 'a b', 'x'.repeat(41)])(
      'refuses the tenant name "%s"',
      async (bad) => {
        await expect(stores.tenant(bad)).rejects.toThrow(/tenant/);
      },
    );
  });

  describe(`${name} keeps its data`, () => {
    it('when it is closed and opened again: versions, index, feed, cursors, jobs, tokens, secret; seq goes on', async () => {
      const opened = await open();
      try {
        const tenant = freshTenant();
        const before = await opened.stores.tenant(tenant);
        await done(before.resources, {
          writes: [create('Pear', 'a', key('k', 'x')), create('Pear', 'b')],
          jobs: [{ queue: 'q', payload: 7 }],
        });
        await done(before.resources, { writes: [update('Pear', 'a', 1, key('k', 'y'))] });
        await before.feed.advance('reader', 0, 2);
        await before.tokens.put({ model: 'Client', id: 'app', payload: '{}' });
        const [last, feed] = [await before.feed.last(), await before.feed.read(0, 10)];
        const after = await (await opened.reopen()).tenant(tenant);
        expect(Buffer.from(after.secret).equals(Buffer.from(before.secret))).toBe(true);
        expect([await after.feed.last(), await after.feed.cursor('reader')]).toEqual([last, 2]);
        expect((await after.feed.read(0, 10)).map(bodyText)).toEqual(feed.map(bodyText));
        expect(await ids(after.resources, 'Pear', { op: 'key', param: 'k', keys: ['y'] })).toEqual(['a']);
        const [job] = await after.jobs.claim(['q'], 5, 1000, Date.now() + 1000);
        expect(job).toMatchObject({ payload: 7 });
        expect(await after.tokens.find('Client', 'app', 0)).toMatchObject({ payload: '{}' });
        const { firstSeq } = await done(after.resources, { writes: [update('Pear', 'a', 2)] });
        expect(firstSeq).toBeGreaterThan(last);
      } finally {
        await opened.close();
      }
    }, 60_000);

    it('when it is closed while commits are waiting: each is done or refused', async () => {
      const opened = await open();
      try {
        const tenant = freshTenant();
        const { resources } = await opened.stores.tenant(tenant);
        const commits = Array.from({ length: 50 }, (_, i) =>
          resources.commit({ writes: [create('Pear', `p${i}`)] }),
        );
        const results = Promise.allSettled(commits);
        const again = await opened.reopen();
        const acknowledged = (await results).filter(({ status }) => status === 'fulfilled').length;
        const kept = await ids((await again.tenant(tenant)).resources, 'Pear', ALL);
        expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
      } finally {
        await opened.close();
      }
    }, 60_000);
  });

  searchAgreement(name, async () => {
    const opened = await open();
    return {
      ...opened.stores,
      tenant: (of) => opened.stores.tenant(of),
      tenants: () => opened.stores.tenants(),
      close: () => opened.close(),
    };
  });
}
