/** The contract of a store on a real MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { openMongoStores, type MongoStores } from '../../src/store/mongo/stores.ts';
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
    const others: MongoStores[] = [];
    return {
      stores,
      another: async () => {
        const one = await openMongoStores({ url, writer: stores.attach().attachment });
        others.push(one);
        return one;
      },
      reopen: async () => {
        await stores.close();
        return (stores = await openMongoStores({ url }));
      },
      close: async () => {
        await Promise.all([...others, stores].map((one) => one.close()));
      },
    };
  }

  storeContract('MongoDB', open);
});
