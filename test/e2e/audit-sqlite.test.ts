/** The audit trail on the embedded store. */
import { auditTests } from './audit/fhir.ts';

auditTests(() => ({ STORE: 'sqlite::memory:' }));
