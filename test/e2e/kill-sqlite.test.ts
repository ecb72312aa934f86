/** kill -9 at random moments under write load, on the embedded store: nothing acknowledged is lost, nothing is there in part. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { loadAndKill, openLedger } from '../support/crash.ts';
import { TENANT } from '../support/load-child.ts';

const KILLS = Number(process.env.EMBERGATE_KILLS ?? 50);

describe('SQLite, killed under write load', () => {
  let location: string;
  beforeAll(() => {
    location = mkdtempSync(join(tmpdir(), 'embergate-kill-'));
  });
  afterAll(() => rmSync(location, { recursive: true, force: true }));

  it(`keeps every acknowledged unit whole over ${KILLS} kills`, async () => {
    const ledger = openLedger();
    let acknowledged = 0;
    for (let round = 0; round < KILLS; round++) {
      const lines = await loadAndKill(['sqlite', location, String(round)], Math.random() * 250);
      acknowledged += lines.length;
      const stores = await openSqliteStores({ location });
      try {
        await ledger.verify(await stores.tenant(TENANT), lines);
        if (round === KILLS - 1) await ledger.verifyEnd(await stores.tenant(TENANT));
      } finally {
        await stores.close();
      }
    }
    expect(acknowledged).toBeGreaterThan(KILLS);
    expect(ledger.units.size).toBeGreaterThanOrEqual(acknowledged);
    const db = new DatabaseSync(join(location, `${TENANT}.db`), { readOnly: true });
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
  }, 300_000);
});
