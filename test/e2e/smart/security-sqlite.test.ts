/** Attacks on the authorization server over the embedded store. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { seed } from './flow.ts';
import { addClients, type Attacked } from './security.ts';
import { attackLaunches } from './security-launches.ts';
import { attackRequests } from './security-requests.ts';
import { attackTokens } from './security-tokens.ts';

describe('security on SQLite', () => {
  let server: SmartServer;
  let attacked: Attacked;
  beforeAll(async () => {
    server = await startSmartServer();
    attacked = { server, people: await seed(server), keys: await addClients(server) };
  });
  afterAll(() => server.stop());
  attackRequests(() => attacked);
  attackTokens(() => attacked);
  attackLaunches(() => attacked);
});
