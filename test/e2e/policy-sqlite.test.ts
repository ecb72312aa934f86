/** Policies on the embedded store. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { policyContract } from './access/policy-contract.ts';
import { startWorld, type World } from './access/world.ts';

describe('policies on SQLite', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ STORE: 'sqlite::memory:' });
  }, 60_000);
  afterAll(() => world?.stop());
  policyContract(() => world);
});
