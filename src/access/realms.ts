/**
 * Whose data each level of scopes opens for a grantee: the patient in context, what the user is in this tenant, the client itself.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#user-level-scopes
 */
import { parseJson } from '../fhir/model/json.ts';
import { isObject, type JsonValue } from '../fhir/model/tree.ts';
import { dateRange } from '../fhir/search/date.ts';
import { BEGINNING, FOREVER } from '../fhir/search/index-value.ts';
import type { TenantStore } from '../store/ports.ts';
import type { Grantee } from './grantee.ts';
import type { Realm, Realms } from './granted.ts';

const NOTHING: Realm = { kind: 'none' };
const TENANT: Realm = { kind: 'tenant' };
const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** At once, but for a RelatedPerson, whose tie to the patient is looked up anew at each request. */
export function realmsOf(grantee: Grantee, store: TenantStore, now: number): Realms | Promise<Realms> {
  // A client that acts for itself has no patient and no user, whatever its record says.
  if (grantee.kind === 'ClientCredentials') return { patient: NOTHING, user: NOTHING, system: TENANT };
  const [type = '', id = ''] = grantee.fhirUser?.split('/').slice(-2) ?? [];
  if (!ID.test(id)) return personal(NOTHING, inContext(grantee));
  if (type === 'Practitioner' || type === 'PractitionerRole') return personal(TENANT, inContext(grantee));
  if (type === 'Patient') return ofOnePatient(grantee, id);
  if (type !== 'RelatedPerson') return personal(NOTHING, NOTHING);
  if (!grantee.scopes.some(({ level }) => level !== 'system')) return personal(NOTHING, NOTHING);
  return relatedPatient(store, id, now).then((patient) => ofOnePatient(grantee, patient));
}

const personal = (user: Realm, patient: Realm): Realms => ({ patient, user, system: NOTHING });

function inContext({ patient }: Grantee): Realm {
  return patient === undefined ? NOTHING : { kind: 'record', patient };
}

/** A user who may see one record has no other one in context. */
function ofOnePatient(grantee: Grantee, patient: string | undefined): Realms {
  if (patient === undefined) return personal(NOTHING, NOTHING);
  const own: Realm = { kind: 'record', patient };
  return personal(own, grantee.patient === patient ? own : NOTHING);
}

/** The patient that a RelatedPerson stands for, while it is active and in its period. https://hl7.org/fhir/R4/relatedperson.html */
async function relatedPatient(store: TenantStore, id: string, now: number): Promise<string | undefined> {
  const [stored] = await store.resources.read([{ type: 'RelatedPerson', id }]);
  if (!stored?.body) return undefined;
  const related = parseJson(Buffer.from(stored.body).toString('utf8'));
  if (!isObject(related) || related['active'] === false || !isDuring(related['period'], now))
    return undefined;
  const patient = isObject(related['patient']) ? related['patient']['reference'] : undefined;
  return typeof patient === 'string' ? /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(patient)?.[1] : undefined;
}

/** Partial dates count whole: a period that ends on a day ends with it. What is no date keeps out. */
function isDuring(period: JsonValue | undefined, now: number): boolean {
  if (!isObject(period)) return true;
  const { start, end } = period;
  const starts = start === undefined ? BEGINNING : typeof start === 'string' && dateRange(start)?.low;
  const ends = end === undefined ? FOREVER : typeof end === 'string' && dateRange(end)?.high;
  return typeof starts === 'number' && typeof ends === 'number' && starts <= now && now <= ends;
}
