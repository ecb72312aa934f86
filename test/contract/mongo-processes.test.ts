/** What only a store on a server has to stand: several processes on one tenant, and what a dead one leaves behind. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredResource, TenantStore } from '../../src/store/ports.ts';
import { openMongoStores, type MongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { create, done, key, plan, refers, remove, update } from './units.ts';

needs('mongod', 'several processes on the MongoDB store')('several processes', () => {
  let mongod: Mongod;
  let url: string;
  const opened: MongoStores[] = [];
  const open = async (): Promise<TenantStore> => {
    const stores = await openMongoStores({ url });
    opened.push(stores);
    return stores.tenant('shared');
  };
  beforeAll(async () => {
    mongod = await startMongod();
    url = mongod.freshUri();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((stores) => stores.close()));
  });
  afterAll(() => mongod?.stop());

  it('open a new tenant at the same time', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openMongoStores({ url })));
    opened.push(...stores);
    const tenants = await Promise.all(stores.map((one) => one.tenant('young')));
    expect(new Set(tenants.map(({ secret }) => Buffer.from(secret).toString('hex'))).size).toBe(1);
    const results = await Promise.all(
      tenants.map(({ resources }) => resources.commit({ writes: [create('Pear', 'a')] })),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('race for a version and for a condition: one wins', async () => {
    const both = [await open(), await open()];
    await done(both[0]!.resources, { writes: [create('Apple', 'v')] });
    const guard = {
      plan: plan('Apple', { op: 'key', param: 'code', keys: ['x'] }, { count: 1 }),
      matches: [],
    };
    const racers = Array.from({ length: 100 }, (_, i) => both[i % 2]!.resources);
    const births = racers.map((store, i) =>
      store.commit({ writes: [create('Apple', `b${i}`, key('code', 'x'))], guards: [guard] }),
    );
    const updates = racers.map((store) => store.commit({ writes: [update('Apple', 'v', 1)] }));
    expect((await Promise.all(births)).filter(({ ok }) => ok)).toHaveLength(1);
    expect((await Promise.all(updates)).filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('do not believe what they knew before another has committed', async () => {
    const [one, two] = [(await open()).resources, (await open()).resources];
    for (let round = 0; round < 4; round++) {
      // Long enough for `one` to think that it is alone, from the second round on.
      await sleep(600);
      await done(one, { writes: [create('Quince', `z${round}`)] });
      const d = `d${round}`;
      await done(one, { writes: [create('Quince', d)] });
      await done(two, { writes: [update('Quince', d, 1)] });
      // By what `one` knows this would be refused.
      await done(one, { writes: [update('Quince', d, 2)] });
      await sleep(600);
      await done(one, { writes: [create('Quince', `y${round}`)] });
      const [a, b] = [`a${round}`, `b${round}`];
      await done(one, { writes: [create('Quince', a), create('Quince', b)] });
      await done(two, { writes: [update('Quince', a, 1)] });
      // What is refused here was the truth to `one`, and what is accepted was not.
      const version = { kind: 'version', key: { type: 'Quince', id: a }, current: 2 };
      expect(await one.commit({ writes: [update('Quince', a, 1)] })).toEqual({
        ok: false,
        conflicts: [version],
      });
      await done(two, { writes: [remove('Quince', b, 1)] });
      const dangling = { writes: [update('Quince', a, 2)], present: [{ type: 'Quince', id: b }] };
      const missing = { kind: 'missing', key: { type: 'Quince', id: b } };
      expect(await one.commit(dangling)).toEqual({ ok: false, conflicts: [missing] });
      await done(one, { writes: [update('Quince', a, 2)] });
      await done(two, { writes: [create('Quince', `c${round}`, refers({ type: 'Quince', id: a }))] });
      const referenced = { kind: 'referenced', key: { type: 'Quince', id: a } };
      expect(await one.commit({ writes: [remove('Quince', a, 3)], integrity: true })).toMatchObject({
        ok: false,
        conflicts: [referenced],
      });
    }
  }, 60_000);

  it('forget what they knew when another has committed between two commits of theirs', async () => {
    const [one, two] = [(await open()).resources, (await open()).resources];
    await done(one, { writes: [create('Sorb', 'a'), create('Sorb', 'b')] });
    // Now `one` sees that it is not alone, and judges by reading for a while.
    await done(two, { writes: [create('Sorb', 'c')] });
    await done(one, { writes: [create('Sorb', 'd')] });
    await done(one, { writes: [update('Sorb', 'a', 1)] });
    await done(two, { writes: [update('Sorb', 'a', 2), remove('Sorb', 'b', 1)] });
    await done(one, { writes: [create('Sorb', 'e')] });
    await sleep(600);
    await done(one, { writes: [create('Sorb', 'f')] });
    await done(one, { writes: [update('Sorb', 'a', 3)] });
    const missing = { kind: 'missing', key: { type: 'Sorb', id: 'b' } };
    const refused = await one.commit({
      writes: [create('Sorb', 'g')],
      present: [{ type: 'Sorb', id: 'b' }],
    });
    expect(refused).toEqual({ ok: false, conflicts: [missing] });
  });

  it('take nothing for new that is there already', async () => {
    const [old, young] = [(await open()).resources, (await open()).resources];
    await done(old, { writes: [create('Medlar', 'a'), create('Medlar', 'b')] });
    await done(old, { writes: [remove('Medlar', 'b', 1)] });
    await sleep(600);
    // Now `young` knows where the counter stands, and has never heard of `a` and `b`.
    await done(young, { writes: [create('Medlar', 'c')] });
    const results = await Promise.all(
      ['a', 'd', 'b', 'e'].map((id) => young.commit({ writes: [create('Medlar', id)] })),
    );
    const stale = (id: string, current: number) => ({
      ok: false,
      conflicts: [{ kind: 'version', key: { type: 'Medlar', id }, current }],
    });
    expect(results).toMatchObject([stale('a', 1), { ok: true }, stale('b', 2), { ok: true }]);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const now = await young.read(ids.map((id) => ({ type: 'Medlar', id })));
    expect(now.map((one) => one?.versionId)).toEqual([1, 2, 1, 1, 1]);
  });

  it('do not take back the numbers of jobs that another has given without a write', async () => {
    const [one, two] = [await open(), await open()];
    const jobs = [{ queue: 'turns', payload: 1 }];
    await done(one.resources, { writes: [create('Loquat', 'a')], jobs });
    await sleep(600);
    await done(one.resources, { writes: [create('Loquat', 'b')] });
    await done(two.resources, { writes: [], jobs });
    // `one` knows nothing of that job.
    await done(one.resources, { writes: [create('Loquat', 'c')] });
    await done(two.resources, { writes: [], jobs });
    await done(one.resources, { writes: [], jobs });
    const claimed = await one.jobs.claim(['turns'], 10, 60_000, Date.now() + 1_000);
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(4);
  });

  it('share one order: a reader that follows sees every version once, and no seq appears below one it has seen', async () => {
    const [one, two, watching] = [await open(), await open(), await open()];
    const from = await watching.feed.last();
    let writing = true;
    const writes = [one, two].flatMap((store, s) =>
      Array.from({ length: 6 }, async (_, w) => {
        for (let i = 0; i < 25; i++)
          await done(store.resources, { writes: [1, 2].map((n) => create('Plum', `${s}-${w}-${i}-${n}`)) });
      }),
    );
    const seen: StoredResource[] = [];
    const follow = async (): Promise<void> => {
      for (let last = false; ; last = !writing) {
        const some = await watching.feed.read(seen.at(-1)?.seq ?? from, 7);
        seen.push(...some);
        if (some.length === 0 && last) return;
      }
    };
    const following = follow();
    await Promise.all(writes);
    writing = false;
    await following;
    expect(new Set(seen.map(({ id }) => id)).size).toBe(600);
    expect(seen).toHaveLength(600);
    expect(
      seen.every(
        ({ seq, instant }, i) => i === 0 || (seq > seen[i - 1]!.seq && instant >= seen[i - 1]!.instant),
      ),
    ).toBe(true);
  }, 60_000);

  /** A way to the server whose connections can be cut, as when a process is killed. */
  async function cuttable(): Promise<{ port: number; cut: () => void }> {
    const port = Number(new URL(mongod.uri).port);
    const pairs: (() => void)[] = [];
    const server: Server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const side of [near, far]) side.on('error', () => undefined);
      pairs.push(() => [near, far].forEach((side) => side.destroy()));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const cut = (): void => {
      server.close();
      pairs.forEach((end) => end());
    };
    return { port: (server.address() as { port: number }).port, cut };
  }

  it('do not wait a minute for the open transaction of a dead one', async () => {
    const store = await open();
    const way = await cuttable();
    const dead = new MongoClient(`mongodb://127.0.0.1:${way.port}/?directConnection=true`, {
      appName: 'embergate',
      serverSelectionTimeoutMS: 1_000,
    });
    const session = dead.startSession();
    session.startTransaction();
    const database = `${new URL(url).pathname.slice(1)}-shared`;
    const counter = dead.db(database).collection<{ _id: string }>('resources');
    await counter.updateOne({ _id: 'commit' }, { $inc: { n: 1 } }, { session });
    way.cut();
    const began = Date.now();
    await done(store.resources, { writes: [create('Fig', 'a')] });
    expect(Date.now() - began).toBeLessThan(10_000);
    await dead.close(true);
  }, 60_000);

  it('refuse a database that a newer program made', async () => {
    await open();
    const client = await MongoClient.connect(url);
    try {
      const database = client.db(`${new URL(url).pathname.slice(1)}-shared`);
      const settings = database.collection<{ _id: string; number: number }>('settings');
      await settings.updateOne({ _id: 'layout' }, { $inc: { number: 100 } });
      await expect(open()).rejects.toThrow(/layout 10\d.*run a newer one/);
      await settings.updateOne({ _id: 'layout' }, { $inc: { number: -100 } });
    } finally {
      await client.close();
    }
  });
});
