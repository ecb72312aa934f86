/**
 * The access context of a grantee: scopes x launch context x user x tenant as one Expression. The meaning of each level stands in
 * docs/adr/0026-who-sees-what.md. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL, and, NONE, not, or, type Expression } from '../fhir/search/expression.ts';
import type { TenantStore } from '../store/ports.ts';
import { trailGrant } from './audit/grant.ts';
import type { Who } from './audit/note.ts';
import { insufficientScope } from './challenge.ts';
import type { AccessContext, Action } from './context.ts';
import type { Grantee } from './grantee.ts';
import { inRecords, recordOpens } from './in-record.ts';
import { ONLY_BY_NAME } from './patient-record.ts';
import { IS_POLICY } from './policy/book.ts';
import { refusedByPolicy, type PolicyGrants } from './policy/grants.ts';
import { filterOf } from './scope-filter.ts';
import { steady } from './steady.ts';
import { LETTERS, type ResourceScope, type ScopeLevel } from './scopes.ts';

/** Whose data a level of scopes opens: everything of the tenant, one patient's record, or nothing. */
export type Realm =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'record'; readonly patients: readonly string[] }
  | { readonly kind: 'none' };

export type Realms = Readonly<Record<ScopeLevel, Realm>>;

export interface Surroundings {
  readonly definitions: Definitions;
  readonly store: TenantStore;
  /** FHIR base of the tenant */
  readonly base: string;
}

/**
 * `policy`: what the stored policies give, where there are any for such a grantee. Then realms only say what the token is about, and the policy what of
 * that is open.
 */
export function grantedAccess(
  grantee: Grantee,
  realms: Realms,
  around: Surroundings,
  policy?: PolicyGrants,
): AccessContext {
  const { definitions } = around;
  const self = policy?.broken.length ? undefined : ownUser(grantee, realms);
  const [both, either] = [steady(and), steady(or)];
  const given: Given = {
    grantee,
    realms,
    policy,
    around,
    both,
    seen: policy?.view?.definitions(definitions) ?? definitions,
  };
  const holding = remembered((action, type) => heldScopes(given, action, type));
  const realmsHeld = distinctRealms(grantee, realms);
  const keep = (type: string, part: Expression | Promise<Expression>): Expression | Promise<Expression> =>
    type === 'Basic' && !keepsPolicies(grantee, policy) ? later(part, (one) => and(one, NO_POLICY)) : part;
  const granted = new Set<string>();
  return {
    caller: callerOf(grantee),
    who: whoOf(grantee),
    trail: (action) => (policy?.broken.length ? undefined : trailGrant(grantee, realms, policy, action)),
    ...(policy?.view && { view: policy.view }),
    ...(policy?.limits && { limits: policy.limits }),
    scope: remembered((action, type) => {
      const parts = holding(action, type).map((one) => bounded(given, action, type, one));
      if (action === 'read' && self?.type === type) parts.push(self.where);
      return keep(
        type,
        parts.length === 1 ? parts[0]! : eitherOf(parts, (all) => either(`${action} ${type}`, all)),
      );
    }),
    mention: (type) => keep(type, eitherOf(realmsHeld.map((realm) => mentioned(given, realm, type)))),
    refusal: (action, type) => {
      const name = `${action} ${type ?? ''}`;
      if (granted.has(name)) return undefined;
      const types = type === undefined ? definitions.resourceTypes : [type];
      const isOwn = action === 'read' && self !== undefined && types.includes(self.type);
      if (isOwn || types.some((one) => holding(action, one).length > 0)) {
        granted.add(name);
        return undefined;
      }
      if (policy && !types.some((one) => policy.names(action, one)))
        return refusedByPolicy(policy, action, type);
      return insufficientScope(around.base, grantee, action, type, noteOf(grantee, realms, action, type));
    },
  };
}

/** What everything about a grantee follows from. */
interface Given {
  readonly grantee: Grantee;
  readonly realms: Realms;
  readonly policy: PolicyGrants | undefined;
  readonly around: Surroundings;
  /** `and` of what the realm, the policy and the filter of a scope say */
  readonly both: ReturnType<typeof steady>;
  /** the registry without what is hidden from the grantee: a filter must not ask about it either */
  readonly seen: Definitions;
}

const NO_POLICY = not(IS_POLICY);

/** Policies are for those who run the server: for all others they are not there, and cannot be made. */
const keepsPolicies = ({ kind }: Grantee, policy: PolicyGrants | undefined): boolean =>
  kind === 'ClientCredentials' || policy?.role === 'operator';

function later<T, R>(value: T | Promise<T>, then: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(then) : then(value);
}

function mentioned(given: Given, realm: Realm, type: string): Expression | Promise<Expression> {
  const where = inRealm(given.around, realm, 'read', type);
  const { policy } = given;
  if (!policy) return where;
  return eitherWay(where, policy.mention(type));
}

const eitherWay = async (
  one: Expression | Promise<Expression>,
  other: Promise<Expression>,
): Promise<Expression> => and(...(await Promise.all([one, other])));

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
  /** the scope as it was written */
  readonly name: string;
}

/** The scopes that grant an action on a type, as far as their level opens anything of it and their filter can be understood. */
function heldScopes({ grantee, realms, policy, around, seen }: Given, action: Action, type: string): Held[] {
  const held: Held[] = [];
  if (policy && !policy.names(action, type)) return held;
  for (const scope of grantee.scopes) {
    if (!names(scope, action, type)) continue;
    const realm = realms[scope.level];
    if (!opens(around.definitions, realm, action, type)) continue;
    const filter = filterOf(seen, scope, type);
    if (!filter) continue;
    // One scope without a filter says it all.
    if (filter.op === 'all' && realm.kind === 'tenant') return [{ realm, filter, name: scope.text }];
    held.push({ realm, filter, name: scope.text });
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
  if (realm.kind === 'record') return recordOpens(definitions, action, type);
  return realm.kind === 'tenant';
}

function bounded(
  { around, policy, both }: Given,
  action: Action,
  type: string,
  { realm, filter, name }: Held,
): Expression | Promise<Expression> {
  const where = inRealm(around, realm, action, type);
  if (policy)
    return underPolicy(policy, [action, type], realm, where).then((parts) =>
      both(`${action} ${type} ${name}`, [...parts, filter]),
    );
  return filter.op === 'all' ? where : later(where, (one) => and(one, filter));
}

/** What is about one patient need not be looked for in the records of all that the policy opens. */
async function underPolicy(
  policy: PolicyGrants,
  [action, type]: readonly [Action, string],
  realm: Realm,
  where: Expression | Promise<Expression>,
): Promise<readonly Expression[]> {
  const patient = realm.kind === 'record' && realm.patients.length === 1 ? realm.patients[0] : undefined;
  return Promise.all([where, policy.scope(action, type, patient)]);
}

function eitherOf(
  parts: readonly (Expression | Promise<Expression>)[],
  join: (all: readonly Expression[]) => Expression = (all) => or(...all),
): Expression | Promise<Expression> {
  if (!parts.some((part) => part instanceof Promise)) return join(parts as readonly Expression[]);
  return Promise.all(parts.map(async (part) => part)).then(join);
}

function inRealm(
  around: Surroundings,
  realm: Realm,
  action: Action,
  type: string,
): Expression | Promise<Expression> {
  if (realm.kind === 'record') return inRecords(around, realm.patients, action, type);
  return realm.kind === 'tenant' ? ALL : NONE;
}

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
