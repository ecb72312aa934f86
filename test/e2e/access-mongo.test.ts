/** Access control on MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { accessContract } from './access/contract.ts';
import { startWorld, type World } from './access/world.ts';

needs('mongod', 'access control on MongoDB')('access on MongoDB', () => {
  let mongod: Mongod;
  let world: World;
  beforeAll(async () => {
    mongod = await startMongod();
    world = await startWorld({ STORE: mongod.freshUri() });
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await mongod?.stop();
  });
  accessContract(() => world);
});
