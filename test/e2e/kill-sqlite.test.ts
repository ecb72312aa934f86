/**
 * kill -9 at random moments under write load, on the embedded store: what was acknowledged is there afterwards, whole, with its history, index and
 * job, and nothing is there in half. KILL_ROUNDS sets how often (50).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { checkAfterKills } from '../support/kill-check.ts';
import { startLoad } from '../support/kill-child.ts';
import { TENANT, type Acknowledged } from '../support/kill-load.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 50);

describe('kill -9 on SQLite', () => {
  let location: string;
  beforeAll(() => {
    location = mkdtempSync(join(tmpdir(), 'embergate-kill-'));
  });
  afterAll(() => rmSync(location, { recursive: true, force: true }));

  it(`loses nothing in ${ROUNDS} rounds`, async () => {
    const acknowledged: Acknowledged[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      const load = startLoad('sqlite', location, `r${n}`);
      await load.progress(1);
      await sleep(randomInt(250));
      await load.kill();
      acknowledged.push(...load.acknowledged);
    }
    const stores = await openSqliteStores({ location });
    try {
      const { faults, units, deletes } = await checkAfterKills(await stores.tenant(TENANT), acknowledged);
      expect(faults).toEqual([]);
      expect(units).toBeGreaterThanOrEqual(acknowledged.length);
      expect(acknowledged.length).toBeGreaterThan(ROUNDS * 5);
      expect(deletes).toBeGreaterThan(ROUNDS);
    } finally {
      await stores.close();
    }
    const db = new DatabaseSync(join(location, `${TENANT}.db`), { readOnly: true });
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
  }, 600_000);
});
