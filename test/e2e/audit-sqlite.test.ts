/** The audit trail on the embedded store. */
import { auditTests } from './audit/fhir.ts';
import { smartAuditTests } from './audit/smart.ts';

auditTests(() => ({ STORE: 'sqlite::memory:' }));
smartAuditTests(() => ({}));
