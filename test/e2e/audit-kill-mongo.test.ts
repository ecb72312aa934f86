/** kill -9 at random moments on MongoDB: no answer without its event, and every chain verifies. KILL_ROUNDS sets how often (50). */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { auditUnderKills } from '../support/audit-kill.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 50);

needs('mongod', 'the audit trail under kill -9 on MongoDB')('MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());

  it(`has an event for every answer in ${ROUNDS} rounds`, async () => {
    const url = mongod.freshUri();
    const { faults, answered, written } = await auditUnderKills({ STORE: url }, ROUNDS, () =>
      openMongoStores({ url }),
    );
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(ROUNDS);
    expect(written).toBeGreaterThan(ROUNDS / 2);
  }, 900_000);
});
