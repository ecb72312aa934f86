/** Attacks on the authorization server over MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { needs } from '../../needs.ts';
import { startMongod, type Mongod } from '../../support/mongod.ts';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { seed } from './flow.ts';
import { addClients, type Attacked } from './security.ts';
import { attackLaunches } from './security-launches.ts';
import { attackRequests } from './security-requests.ts';
import { attackTokens } from './security-tokens.ts';

needs('mongod', 'attacks on the authorization server over MongoDB')('security on MongoDB', () => {
  let mongod: Mongod;
  let server: SmartServer;
  let attacked: Attacked;
  beforeAll(async () => {
    mongod = await startMongod();
    server = await startSmartServer({ mongo: mongod.freshUri() });
    attacked = { server, people: await seed(server), keys: await addClients(server) };
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await mongod?.stop();
  });
  attackRequests(() => attacked);
  attackTokens(() => attacked);
  attackLaunches(() => attacked);
});
