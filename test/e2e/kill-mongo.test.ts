/**
 * kill -9 at random moments under write load, of the process that commits and of mongod itself: what was acknowledged is there afterwards,
 * whole, with its history, index and job, and nothing is there in half. KILL_ROUNDS sets how often (50).
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { checkAfterKills } from '../support/kill-check.ts';
import { startLoad } from '../support/kill-child.ts';
import { TENANT, type Acknowledged } from '../support/kill-load.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 50);
/** One round of this many also kills mongod. */
const MONGOD_EVERY = 4;

needs('mongod', 'kill -9 on MongoDB')('kill -9 on MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop(), 60_000);

  /** mongod dies and comes back while the process goes on; then the process dies. */
  async function round(url: string, n: number): Promise<readonly Acknowledged[]> {
    const load = startLoad('mongo', url, `r${n}`);
    await load.progress(1);
    await sleep(randomInt(20, 500));
    if (n % MONGOD_EVERY === 1) {
      await mongod.kill();
      await mongod.restart();
      await load.progress(20);
    }
    if (n % MONGOD_EVERY === 3) await Promise.all([mongod.kill(), load.kill()]).then(() => mongod.restart());
    await load.kill();
    return load.acknowledged;
  }

  it(`loses nothing in ${ROUNDS} rounds`, async () => {
    const url = mongod.freshUri();
    const acknowledged: Acknowledged[] = [];
    for (let n = 0; n < ROUNDS; n++) acknowledged.push(...(await round(url, n)));
    const stores = await openMongoStores({ url });
    try {
      const { faults, versions, units, deletes } = await checkAfterKills(
        await stores.tenant(TENANT),
        acknowledged,
      );
      expect(faults).toEqual([]);
      expect(units).toBeGreaterThanOrEqual(acknowledged.length);
      expect(acknowledged.length).toBeGreaterThan(ROUNDS * 5);
      expect(deletes).toBeGreaterThan(ROUNDS);
      console.log(
        `${ROUNDS} rounds: ${acknowledged.length} units acknowledged, ${units} stored, ${versions} versions, ${deletes} deletes, all whole`,
      );
    } finally {
      await stores.close();
    }
  }, 600_000);
});
