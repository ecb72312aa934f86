/** The REST API on MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { needs } from '../needs.ts';
import { apiOf, type Api } from '../support/api.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { restContract } from './rest/contract.ts';

needs('mongod', 'the REST API on MongoDB')('REST on MongoDB', () => {
  let mongod: Mongod;
  let server: TestServer;
  let api: Api;
  beforeAll(async () => {
    mongod = await startMongod();
    server = await startServer({ STORE: mongod.freshUri() });
    api = apiOf(server.base);
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await mongod?.stop();
  });
  restContract(() => api);
});
