/** A reader of the feed in a process of its own, killed and restarted at random under write load: each version once, in order. */
import { afterAll, beforeAll, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { expectWholeFeed } from '../support/feed-crash.ts';
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
    await expectWholeFeed(() => openMongoStores({ url }), 'mongo', url, join(folder, 'seen.txt'));
  }, 120_000);
});
