/** Policies on MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { policyContract } from './access/policy-contract.ts';
import { startWorld, type World } from './access/world.ts';

needs('mongod', 'policies on MongoDB')('policies on MongoDB', () => {
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
  policyContract(() => world);
});
