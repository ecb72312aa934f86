/** The search cases on both stores. https://hl7.org/fhir/R4/search.html */
import { afterAll, beforeAll } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { withConformance } from '../../../src/fhir/definitions/overlay.ts';
import { CONTENT_PARAMETER } from '../../../src/fhir/search/full-text.ts';
import { openMongoStores } from '../../../src/store/mongo/stores.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import { needs } from '../../needs.ts';
import { startMongod, type Mongod } from '../../support/mongod.ts';
import { searchCasesContract } from './stores.contract.ts';

const definitions = withConformance(await loadDefinitions(), [CONTENT_PARAMETER]);

searchCasesContract('SQLite', definitions, () => openSqliteStores({ location: ':memory:' }));

needs('mongod', 'search cases on MongoDB')('on a real MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());

  searchCasesContract('MongoDB', definitions, () => openMongoStores({ url: mongod.freshUri() }));
});
