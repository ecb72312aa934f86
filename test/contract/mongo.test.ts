/** The contracts of a store on a real MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import type { Stores } from '../../src/store/ports.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { searchAgreement } from './search-agreement.ts';

needs('mongod', 'the MongoDB store')('MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());

  const open = (): Promise<Stores> => openMongoStores({ url: mongod.freshUri() });
  searchAgreement('MongoDB', open);
});
