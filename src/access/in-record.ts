/** What of a type lies in the records of some patients, for an action: what they hold, and what they reach (docs/adr/0026-who-sees-what.md). */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { NONE, or, type Expression } from '../fhir/search/expression.ts';
import type { TenantStore } from '../store/ports.ts';
import type { Action } from './action.ts';
import { attachedIds, sharedIds } from './neighbours.ts';
import { ATTACHED, concernsPatients, ownRecord, SHARED } from './patient-record.ts';

/** What records reach is looked for one by one; with more of them only what they hold is theirs. */
export const MOST_REACHING = 10;

/** Whether a record has anything of a type for an action, whatever is in it. */
export function recordOpens(definitions: Definitions, action: Action, type: string): boolean {
  if (!concernsPatients(definitions, type)) return false;
  if (action === 'read' || action === 'search') return true;
  // Nobody makes or unmakes a patient, or changes what all share, with the scopes of one patient.
  if (type === 'Patient') return action === 'update';
  return type === 'Binary' || !(SHARED.has(type) || ATTACHED.has(type));
}

export function inRecords(
  { definitions, store }: { readonly definitions: Definitions; readonly store: TenantStore },
  patients: readonly string[],
  action: Action,
  type: string,
): Expression | Promise<Expression> {
  if (patients.length === 0 || !recordOpens(definitions, action, type)) return NONE;
  const own = ownOf(definitions, type, patients);
  if (action !== 'read' && action !== 'search') return own;
  if (!SHARED.has(type) && !ATTACHED.has(type)) return own;
  if (patients.length > MOST_REACHING) return own;
  const places = patients.map((patient) => ({ definitions, store, patient }));
  const idsOf = SHARED.has(type) ? sharedIds : attachedIds;
  return Promise.all(places.map((place) => idsOf(place, type))).then((found) =>
    or(own, someOf([...new Set(found.flat())])),
  );
}

const known = new WeakMap<
  readonly string[],
  Map<string, { readonly definitions: Definitions; readonly own: Expression }>
>();

/** The same object for the same list of patients. */
function ownOf(definitions: Definitions, type: string, patients: readonly string[]): Expression {
  let types = known.get(patients);
  if (!types) known.set(patients, (types = new Map<string, { definitions: Definitions; own: Expression }>()));
  const before = types.get(type);
  if (before?.definitions === definitions) return before.own;
  const own = ownRecord(definitions, type, patients);
  types.set(type, { definitions, own });
  return own;
}

const someOf = (ids: readonly string[]): Expression => (ids.length > 0 ? { op: 'id', ids } : NONE);
