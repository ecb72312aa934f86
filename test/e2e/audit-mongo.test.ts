/** The audit trail on a real MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { auditTests } from './audit/fhir.ts';
import { smartAuditTests } from './audit/smart.ts';

needs('mongod', 'the audit trail on MongoDB')('MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());
  auditTests(() => ({ STORE: mongod.freshUri() }));
  smartAuditTests(() => ({ mongo: mongod.freshUri() }));
});
