/** The contract of a store on a real MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { storeContract } from './store.contract.ts';
import type { Opened } from './units.ts';

needs('mongod', 'the MongoDB store')('MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());

  async function open(): Promise<Opened> {
    const url = mongod.freshUri();
    let stores = await openMongoStores({ url });
    return {
      stores,
      reopen: async () => {
        await stores.close();
        return (stores = await openMongoStores({ url }));
      },
      close: () => stores.close(),
    };
  }

  storeContract('MongoDB', open);
});
