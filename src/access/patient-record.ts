/**
 * Which resources are one patient's record: the Patient compartment, read so that a resource about somebody else does not come in by a side door
 * (a performer, an author, a link), and what is plainly the patient's besides (docs/adr/0026-who-sees-what.md). https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { and, NONE, not, or, type Expression } from '../fhir/search/expression.ts';
import { COMPARTMENT } from '../fhir/search/index-value.ts';

/**
 * Resources that many records share: seen where the record refers to them, never written through a patient's scope.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#patient-specific-scopes
 */
export const SHARED: ReadonlySet<string> = new Set([
  'Endpoint',
  'HealthcareService',
  'Location',
  'Medication',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Substance',
]);

/** Resources that are the record's because of what they refer to: the parameter by which they do. */
export const ATTACHED: ReadonlyMap<string, string> = new Map([
  ['Binary', '_reference'],
  ['Provenance', 'target'],
]);

export const isAttached = (type: string): boolean => ATTACHED.has(type);

/** In the compartment by definition, but about many patients, or about who looked at them: no part of one record. */
const NOT_ONE_RECORD: ReadonlySet<string> = new Set(['AuditEvent', 'Group', 'Person', 'Schedule']);

/** Anything at all can stand in it, such as the state of another app: a wildcard does not mean it. */
export const ONLY_BY_NAME: ReadonlySet<string> = new Set(['Basic']);

/** The parameter that names whom a resource is about. */
const ABOUT = 'patient';

/** Whether resources of a type can be part of a record, or be reached from one. */
export function concernsPatients(definitions: Definitions, type: string): boolean {
  if (NOT_ONE_RECORD.has(type)) return false;
  return (
    SHARED.has(type) ||
    ATTACHED.has(type) ||
    type === 'Device' ||
    definitions.compartments(type).has('Patient')
  );
}

/** What of a type is the record of these patients (bare ids) by what it holds itself; `NONE` for what is only reached from there. */
export function ownRecord(definitions: Definitions, type: string, patients: readonly string[]): Expression {
  const keys = patients.map((patient) => `Patient/${patient}`);
  // Not by Patient.link: another Patient that names this one is another record.
  if (type === 'Patient') return { op: 'id', ids: patients };
  if (type === 'Binary') return { op: 'key', param: '_reference', keys };
  if (type === 'Device') return { op: 'key', param: ABOUT, keys };
  if (SHARED.has(type) || ATTACHED.has(type) || !concernsPatients(definitions, type)) return NONE;
  const inside: Expression = { op: 'key', param: COMPARTMENT, keys };
  if (!definitions.searchParameters(type).has(ABOUT)) return inside;
  const about: Expression = { op: 'key', param: ABOUT, keys };
  // Where it says whom it is about, that decides; a performer or author alone counts only where it does not.
  return or(about, and(inside, not({ op: 'present', param: ABOUT, kind: 'key' })));
}
