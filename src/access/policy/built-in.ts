/**
 * What each role may do where the operator has stored no policy for it, in the form of any other policy (docs/adr/0026-who-sees-what.md,
 * docs/adr/0032). `realms.ts` reads the first four in their short form, which a test holds against this one.
 */
import { ACTIONS, EVERYONE, POLICY_CODE, POLICY_SYSTEM, type Policy, type Role, type Rule } from './rule.ts';

const rule = (name: string, given: Partial<Rule>): Rule => ({
  name,
  types: ['*'],
  actions: ACTIONS,
  purposes: [],
  hidden: [],
  readOnly: [],
  constraints: [],
  ...given,
});

const policy = (role: Role, title: string, ...rules: readonly Rule[]): Policy => ({
  title,
  source: 'built-in',
  roles: [role],
  whom: EVERYONE,
  rules,
  problems: [],
});

const OWN_RECORD = { patients: '_id={my-patient}' };

export const BUILT_IN: Readonly<Record<Role, Policy>> = {
  practitioner: policy('practitioner', 'Clinicians work with every record', rule('every record', {})),
  patient: policy('patient', 'Patients see and add to their own record', rule('the own record', OWN_RECORD)),
  related: policy(
    'related',
    'A proxy sees the record of the patient that it stands for',
    rule("the patient's record", OWN_RECORD),
  ),
  service: policy(
    'service',
    'A client that acts for itself works with every record',
    rule('every record', {}),
  ),
  operator: policy(
    'operator',
    'Operators see the audit trail and keep the policies, and no record',
    rule('the audit trail', { types: ['AuditEvent'], actions: ['read', 'search'] }),
    rule('the policies', { types: ['Basic'], criteria: `code=${POLICY_SYSTEM}|${POLICY_CODE}` }),
  ),
};
