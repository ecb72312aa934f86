/**
 * Whose data each level of scopes opens for a grantee where no policy is stored for it: the built-in policies (`policy/built-in.ts`) in their short form.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#user-level-scopes
 */
import type { TenantStore } from '../store/ports.ts';
import type { Grantee } from './grantee.ts';
import type { Realm, Realms } from './granted.ts';
import { patientsRelated } from './policy/proxies.ts';
import { userOf } from './policy/standing.ts';

const NOTHING: Realm = { kind: 'none' };
const TENANT: Realm = { kind: 'tenant' };

/** At once, but for a RelatedPerson, whose tie to the patient is looked up anew at each request. */
export function realmsOf(grantee: Grantee, store: TenantStore, now: number): Realms | Promise<Realms> {
  // A client that acts for itself has no patient and no user, whatever its record says.
  if (grantee.kind === 'ClientCredentials') return { patient: NOTHING, user: NOTHING, system: TENANT };
  const { type, id } = userOf(grantee.fhirUser) ?? {};
  if (type === undefined || id === undefined) return personal(NOTHING, inContext(grantee));
  if (type === 'Practitioner' || type === 'PractitionerRole') return personal(TENANT, inContext(grantee));
  if (type === 'Patient') return ofPatients(grantee, [id]);
  if (type !== 'RelatedPerson') return personal(NOTHING, NOTHING);
  if (!grantee.scopes.some(({ level }) => level !== 'system')) return personal(NOTHING, NOTHING);
  return patientsRelated(store, id, now).then((patients) => ofPatients(grantee, patients));
}

/** Where policies are stored for a grantee, they alone say what of the tenant is open; the patient in context narrows it. */
export function realmsUnderPolicy(grantee: Grantee): Realms {
  if (grantee.kind === 'ClientCredentials') return { patient: NOTHING, user: NOTHING, system: TENANT };
  return personal(TENANT, inContext(grantee));
}

const personal = (user: Realm, patient: Realm): Realms => ({ patient, user, system: NOTHING });

function inContext({ patient }: Grantee): Realm {
  return patient === undefined ? NOTHING : { kind: 'record', patients: [patient] };
}

/** A user who may see some records has no other one in context. */
function ofPatients(grantee: Grantee, patients: readonly string[]): Realms {
  if (patients.length === 0) return personal(NOTHING, NOTHING);
  const { patient } = grantee;
  const own: Realm = { kind: 'record', patients };
  if (patient === undefined || !patients.includes(patient)) return personal(own, NOTHING);
  return personal(own, patients.length === 1 ? own : { kind: 'record', patients: [patient] });
}
