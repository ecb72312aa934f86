/** A reader of the feed in a process of its own, killed and restarted at random under write load: each version once, in order. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { followWithKills } from '../support/feed-crash.ts';
import { TENANT } from '../support/load-child.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';

needs('mongod', 'the feed of the MongoDB store')('MongoDB', () => {
  let mongod: Mongod;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'embergate-feed-'));
    mongod = await startMongod();
  }, 60_000);
  afterAll(async () => {
    await mongod?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a reader killed 15 times sees each commit once and in order', async () => {
    const url = mongod.freshUri();
    const stores = await openMongoStores({ url });
    try {
      const store = await stores.tenant(TENANT);
      const { seen, wanted, versions, cursor } = await followWithKills(
        store,
        ['mongo', url],
        join(folder, 'seen.txt'),
        15,
      );
      expect(versions).toBeGreaterThan(100);
      expect(wanted).toHaveLength(versions);
      expect(seen).toEqual(wanted);
      expect(cursor).toBe(await store.feed.last());
    } finally {
      await stores.close();
    }
  }, 120_000);
});
