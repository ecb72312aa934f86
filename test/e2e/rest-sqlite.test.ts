/** The REST API on the embedded store. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { apiOf, type Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { restContract } from './rest/contract.ts';

describe('REST on SQLite', () => {
  let server: TestServer;
  let api: Api;
  beforeAll(async () => {
    server = await startServer({ STORE: 'sqlite::memory:' });
    api = apiOf(server.base);
  });
  afterAll(() => server.stop());
  restContract(() => api);
});
