/** Access control on the embedded store. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { accessContract } from './access/contract.ts';
import { startWorld, type World } from './access/world.ts';

describe('access on SQLite', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ STORE: 'sqlite::memory:' });
  }, 60_000);
  afterAll(() => world?.stop());
  accessContract(() => world);
});
