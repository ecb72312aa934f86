/** What people see and change on the pages, over MongoDB. docs/adr/0035 */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { needs } from '../../needs.ts';
import { startMongod, type Mongod } from '../../support/mongod.ts';
import { startSmartServer, type SmartServer, type SmartServerOptions } from '../../support/smart-server.ts';
import { agreementsHold } from './agreements.ts';
import { trailIsTold } from './trail-pages.ts';

needs('mongod', 'what people see and change, over MongoDB')('on MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());
  const start = (options: SmartServerOptions = {}): Promise<SmartServer> =>
    startSmartServer({ ...options, mongo: mongod.freshUri() });

  describe('what was agreed to', () => agreementsHold(start));
  describe('the trail on the pages', () => trailIsTold(start));
});
