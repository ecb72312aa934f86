/** kill -9 at random moments on the embedded store: no answer without its event, and the chain verifies. KILL_ROUNDS sets how often (50). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { auditUnderKills } from '../support/audit-kill.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 50);

describe('the audit trail under kill -9 on SQLite', () => {
  let location: string;
  beforeAll(() => {
    location = mkdtempSync(join(tmpdir(), 'embergate-audit-kill-'));
  });
  afterAll(() => rmSync(location, { recursive: true, force: true }));

  it(`has an event for every answer in ${ROUNDS} rounds`, async () => {
    const open = () => openSqliteStores({ location });
    const { faults, answered, written } = await auditUnderKills(
      { STORE: `sqlite:${location}` },
      ROUNDS,
      open,
    );
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(ROUNDS);
    expect(written).toBeGreaterThan(ROUNDS / 2);
  }, 900_000);
});
