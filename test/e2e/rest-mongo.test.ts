/** The REST API on MongoDB. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
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

needs('mongod', 'two servers on one MongoDB')('two servers on one MongoDB', () => {
  let mongod: Mongod;
  const servers: TestServer[] = [];
  beforeAll(async () => {
    mongod = await startMongod();
    const STORE = mongod.freshUri();
    servers.push(await startServer({ STORE }), await startServer({ STORE, WORKERS: '2' }));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await mongod?.stop();
  });

  const patient = (id: string, family: string) => ({ resourceType: 'Patient', id, name: [{ family }] });

  // Each server remembers the versions that it wrote last; what the other has done since must still decide.
  it('do not take their own memory for the truth', async () => {
    const [one, two] = servers.map((server) => apiOf(server.base)) as [Api, Api];
    for (let round = 0; round < 5; round++) {
      const id = `p${round}`;
      const path = `/Patient/${id}`;
      expect((await one.put(path, patient(id, 'A'))).status).toBe(201);
      expect((await two.put(path, patient(id, 'B'))).headers.get('etag')).toBe('W/"2"');
      // Not unchanged, although it is what `one` wrote last.
      expect((await one.put(path, patient(id, 'A'))).headers.get('etag')).toBe('W/"3"');
      // `two` remembers version 2, on which this would hold, and version 3 is the current one.
      expect((await two.put(path, patient(id, 'C'), { 'if-match': 'W/"2"' })).status).toBe(412);
      expect((await two.put(path, patient(id, 'C'), { 'if-match': 'W/"3"' })).status).toBe(200);
      const patch = [{ op: 'test', path: '/name/0/family', value: 'C' }];
      const type = { 'content-type': 'application/json-patch+json' };
      expect((await one.patch(path, patch, type)).status).toBe(200);
      expect((await two.remove(path)).status).toBe(204);
      expect((await one.patch(path, patch, type)).status).toBe(410);
      expect((await one.remove(path)).status).toBe(204);
      expect((await one.put(path, patient(id, 'D'))).status).toBe(201);
      const versions = (await two.get(`${path}/_history`)).body.entry as { request: { method: string } }[];
      expect(versions.map(({ request }) => request.method)).toEqual([
        'PUT',
        'DELETE',
        'PUT',
        'PUT',
        'PUT',
        'PUT',
      ]);
    }
  }, 60_000);
});
