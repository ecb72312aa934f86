/**
 * The access context of a grantee: scopes x launch context x user x tenant as one Expression. The meaning of each level stands in
 * docs/adr/0026-who-sees-what.md. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL, and, NONE, or, type Expression } from '../fhir/search/expression.ts';
import type { TenantStore } from '../store/ports.ts';
import type { Who } from './audit/note.ts';
import { insufficientScope } from './challenge.ts';
import type { AccessContext, Action } from './context.ts';
import type { Grantee } from './grantee.ts';
import { attachedIds, sharedIds } from './neighbours.ts';
import { ATTACHED, concernsPatients, ONLY_BY_NAME, ownRecord, SHARED } from './patient-record.ts';
import { filterOf } from './scope-filter.ts';
import { LETTERS, type ResourceScope, type ScopeLevel } from './scopes.ts';

/** Whose data a level of scopes opens: everything of the tenant, one patient's record, or nothing. */
export type Realm =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'record'; readonly patient: string }
  | { readonly kind: 'none' };

export type Realms = Readonly<Record<ScopeLevel, Realm>>;

export interface Surroundings {
  readonly definitions: Definitions;
  readonly store: TenantStore;
  /** FHIR base of the tenant */
  readonly base: string;
}

export function grantedAccess(grantee: Grantee, realms: Realms, around: Surroundings): AccessContext {
  const { definitions } = around;
  const self = ownUser(grantee, realms);
  const holding = remembered((action, type) => heldScopes(grantee, realms, definitions, action, type));
  const realmsHeld = distinctRealms(grantee, realms);
  const granted = new Set<string>();
  return {
    caller: callerOf(grantee),
    who: whoOf(grantee),
    scope: remembered((action, type) => {
      const parts = holding(action, type).map((one) => bounded(around, action, type, one));
      if (action === 'read' && self?.type === type) parts.push(self.where);
      return parts.length === 1 ? parts[0]! : eitherOf(parts);
    }),
    mention: (type) => eitherOf(realmsHeld.map((realm) => inRealm(around, realm, 'read', type))),
    refusal: (action, type) => {
      const name = `${action} ${type ?? ''}`;
      if (granted.has(name)) return undefined;
      const types = type === undefined ? definitions.resourceTypes : [type];
      const isOwn = action === 'read' && self !== undefined && types.includes(self.type);
      if (isOwn || types.some((one) => holding(action, one).length > 0)) {
        granted.add(name);
        return undefined;
      }
      return insufficientScope(around.base, grantee, action, type, noteOf(grantee, realms, action, type));
    },
  };
}

/** Answers once for each action and type. What has to be looked up is asked anew each time: it may be another by then. */
function remembered<T>(of: (action: Action, type: string) => T): (action: Action, type: string) => T {
  const known = new Map<string, T>();
  return (action, type) => {
    const name = `${action} ${type}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const found = of(action, type);
    if (!(found instanceof Promise)) known.set(name, found);
    return found;
  };
}

/** `fhirUser` lets a client read who its user is. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data */
function ownUser(
  { scopeText, fhirUser }: Grantee,
  realms: Realms,
): { readonly type: string; readonly where: Expression } | undefined {
  if (realms.user.kind === 'none' || !/(?:^| )(?:fhirUser|profile)(?: |$)/.test(scopeText)) return undefined;
  const [type, id] = fhirUser?.split('/').slice(-2) ?? [];
  return type && id ? { type, where: { op: 'id', ids: [id] } } : undefined;
}

/** Whom the audit trail names. */
export function whoOf(grantee: Grantee): Who {
  const { clientId, accountId, fhirUser, patient, grantId } = grantee;
  return {
    kind: grantee.kind === 'ClientCredentials' ? 'service' : 'person',
    clientId,
    ...(accountId !== undefined && { accountId }),
    ...(fhirUser !== undefined && { fhirUser }),
    ...(patient !== undefined && { patient }),
    ...(grantId !== undefined && { grantId }),
  };
}

/** What a cursor and the like are bound to. */
function callerOf({ clientId, accountId, fhirUser, patient, encounter }: Grantee): string {
  return JSON.stringify([clientId, accountId, fhirUser, patient, encounter]);
}

interface Held {
  readonly realm: Realm;
  readonly filter: Expression;
}

/** The scopes that grant an action on a type, as far as their level opens anything of it and their filter can be understood. */
function heldScopes(
  { scopes }: Grantee,
  realms: Realms,
  definitions: Definitions,
  action: Action,
  type: string,
): Held[] {
  const held: Held[] = [];
  for (const scope of scopes) {
    if (!names(scope, action, type)) continue;
    const realm = realms[scope.level];
    if (!opens(definitions, realm, action, type)) continue;
    const filter = filterOf(definitions, scope, type);
    if (!filter) continue;
    // One scope without a filter says it all.
    if (filter.op === 'all' && realm.kind === 'tenant') return [{ realm, filter }];
    held.push({ realm, filter });
  }
  return held;
}

function names(scope: ResourceScope, action: Action, type: string): boolean {
  if (!scope.letters.includes(LETTERS[action])) return false;
  if (scope.type === type) return true;
  return scope.type === '*' && !(scope.level === 'patient' && ONLY_BY_NAME.has(type));
}

/** Whether a realm has anything of a type for an action, whatever is in it. */
function opens(definitions: Definitions, realm: Realm, action: Action, type: string): boolean {
  if (realm.kind === 'tenant') return true;
  if (realm.kind === 'none') return false;
  if (!concernsPatients(definitions, type)) return false;
  if (action === 'read' || action === 'search') return true;
  // Nobody makes or unmakes a patient, or changes what all share, with the scopes of one patient.
  if (type === 'Patient') return action === 'update';
  return type === 'Binary' || !(SHARED.has(type) || ATTACHED.has(type));
}

function bounded(
  around: Surroundings,
  action: Action,
  type: string,
  { realm, filter }: Held,
): Expression | Promise<Expression> {
  const where = inRealm(around, realm, action, type);
  if (filter.op === 'all') return where;
  return where instanceof Promise ? where.then((one) => and(one, filter)) : and(where, filter);
}

function eitherOf(parts: readonly (Expression | Promise<Expression>)[]): Expression | Promise<Expression> {
  if (!parts.some((part) => part instanceof Promise)) return or(...(parts as readonly Expression[]));
  return Promise.all(parts.map(async (part) => part)).then((all) => or(...all));
}

function inRealm(
  { definitions, store }: Surroundings,
  realm: Realm,
  action: Action,
  type: string,
): Expression | Promise<Expression> {
  if (realm.kind === 'tenant') return ALL;
  if (realm.kind === 'none' || !opens(definitions, realm, action, type)) return NONE;
  const { patient } = realm;
  const own = ownRecord(definitions, type, patient);
  if (action !== 'read' && action !== 'search') return own;
  const place = { definitions, store, patient };
  if (SHARED.has(type)) return sharedIds(place, type).then(someOf);
  if (ATTACHED.has(type)) return attachedIds(place, type).then((ids) => or(own, someOf(ids)));
  return own;
}

const someOf = (ids: readonly string[]): Expression => (ids.length > 0 ? { op: 'id', ids } : NONE);

/** The realms of all levels at which the grantee holds any scope. */
function distinctRealms({ scopes }: Grantee, realms: Realms): Realm[] {
  const found = [...new Set(scopes.map(({ level }) => level))].map((level) => realms[level]);
  const tenant = found.find(({ kind }) => kind === 'tenant');
  return tenant ? [tenant] : found;
}

/** Why a scope that seems to fit gives nothing. */
function noteOf(
  { scopes }: Grantee,
  realms: Realms,
  action: Action,
  type: string | undefined,
): string | undefined {
  const near = scopes.find(
    (scope) =>
      scope.letters.includes(LETTERS[action]) &&
      (type === undefined || scope.type === '*' || scope.type === type),
  );
  if (!near) return undefined;
  if (realms[near.level].kind === 'none') {
    return near.level === 'patient'
      ? 'It has no patient in context, or not one whose record the user may see'
      : `Its user or client has no access at the level ${near.level}/`;
  }
  if (near.query.length > 0)
    return `The filter of ${near.text.slice(0, 200)} cannot be understood for ${type ?? 'any type'}`;
  return `${near.text.slice(0, 200)} does not reach ${type ?? 'it'}`;
}
