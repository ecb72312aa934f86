/** kill -9 while clients post with Idempotency-Key and send again what got no answer: nothing is there twice. ONCE_KILL_ROUNDS sets how often (4). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { onceUnderKills, type OnceChecked } from '../support/once-kill.ts';

const ROUNDS = Number(process.env.ONCE_KILL_ROUNDS ?? 4);

function check({ faults, sent, replayed }: OnceChecked): void {
  expect(faults).toEqual([]);
  expect(sent).toBeGreaterThan(ROUNDS * 3);
  console.log(`${ROUNDS} kills: ${sent} writes, ${replayed} of them answered again, none twice`);
}

describe('keys under kill -9', () => {
  const location = mkdtempSync(join(tmpdir(), 'embergate-once-'));
  afterAll(() => rmSync(location, { recursive: true, force: true }));

  it('double nothing on SQLite', async () => {
    check(await onceUnderKills({ STORE: `sqlite:${location}` }, ROUNDS));
  }, 240_000);
});

needs('mongod', 'keys under kill -9 on MongoDB')('keys under kill -9', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop(), 60_000);

  it('double nothing on MongoDB', async () => {
    check(await onceUnderKills({ STORE: mongod.freshUri() }, ROUNDS));
  }, 240_000);
});
