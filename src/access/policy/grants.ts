/**
 * What the stored policies give one caller: for each action and type an Expression, what is hidden, what a write must keep to. Rules add up; a policy
 * that cannot be understood grants nothing, and leaves nothing to those whom it is for (docs/adr/0032).
 */
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { fault, FhirError } from '../../fhir/model/outcome.ts';
import { ALL, and, NONE, or, type Expression } from '../../fhir/search/expression.ts';
import type { TenantStore } from '../../store/ports.ts';
import type { Action } from '../action.ts';
import type { Grantee } from '../grantee.ts';
import { inRecords, recordOpens } from '../in-record.ts';
import { steady } from '../steady.ts';
import { ONLY_BY_NAME } from '../patient-record.ts';
import { BUILT_IN } from './built-in.ts';
import { criteriaExpression, patientsOf } from './criteria.ts';
import { limitsOf, type Limits } from './limits.ts';
import { namesAction, type Policy, type Role, type Rule } from './rule.ts';
import { personOf, type Person } from './standing.ts';
import { viewOf, type View } from './view.ts';

/** One rule that applies, and the policy that it stands in. */
export interface Applied {
  readonly rule: Rule;
  readonly source: string;
}

export interface PolicyGrants {
  readonly role: Role;
  readonly policies: readonly Policy[];
  readonly rules: readonly Applied[];
  /** rules that do not apply since the request names no purpose that they ask for */
  readonly idle: readonly Applied[];
  /** policies that cannot be understood: where there are any, `rules` is empty */
  readonly broken: readonly Policy[];
  names(action: Action, type: string): boolean;
  /** `patient`: only what lies in the record of this one is asked about, so it need not be said again */
  scope(action: Action, type: string, patient?: string): Promise<Expression>;
  /** what one rule opens. Throws FhirError where its criteria cannot be answered */
  scopeOf(rule: Rule, action: Action, type: string, patient?: string): Promise<Expression>;
  mention(type: string): Promise<Expression>;
  readonly view: View | undefined;
  readonly limits: Limits | undefined;
}

interface Place {
  readonly definitions: Definitions;
  readonly store: TenantStore;
}

export interface Asker {
  readonly grantee: Grantee;
  readonly role: Role;
  readonly purpose: string | undefined;
  /** ms since 1970: what was granted for a time is judged at each request */
  readonly clock: () => number;
}

/** undefined: no policy is stored for such a caller, and the built-in one counts. */
export async function policyGrants(
  place: Place,
  stored: readonly Policy[],
  asker: Asker,
): Promise<PolicyGrants | undefined> {
  const ofRole = stored.filter(({ roles }) => roles.includes(asker.role));
  if (ofRole.length === 0) return undefined;
  const person = personOf(asker.grantee, asker.role, place.store, asker.clock);
  const policies: Policy[] = [];
  for (const policy of ofRole) if (await isMeant(policy, asker, person)) policies.push(policy);
  // Who a person is does not change; where they work may end, and must not give them more than before.
  const isReplaced = ofRole.some(({ whom }) => whom.users.length === 0 && whom.clients.length === 0);
  if (policies.length === 0 && !isReplaced) return undefined;
  return kept(place, policies, asker, person);
}

interface Kept {
  readonly place: Place;
  readonly purpose: string | undefined;
  readonly grants: PolicyGrants;
}

const known = new WeakMap<Grantee, Kept>();

/** The same object while the same policies count: what a store makes of an Expression is kept by it. */
function kept(place: Place, policies: readonly Policy[], asker: Asker, person: Person): PolicyGrants {
  const { grantee, purpose } = asker;
  const before = known.get(grantee);
  const isSame =
    before !== undefined &&
    before.purpose === purpose &&
    before.place.store === place.store &&
    before.place.definitions === place.definitions &&
    before.grants.policies.length === policies.length &&
    policies.every((policy, i) => policy === before.grants.policies[i]);
  if (isSame) return before.grants;
  const grants = grantsOf(place, policies, asker, person);
  known.set(grantee, { place, purpose, grants });
  return grants;
}

/** What the built-in policy of a role gives, compiled like a stored one. */
export function builtInGrants(place: Place, asker: Asker): PolicyGrants {
  const person = personOf(asker.grantee, asker.role, place.store, asker.clock);
  return grantsOf(place, [BUILT_IN[asker.role]], asker, person);
}

async function isMeant({ whom }: Policy, { grantee }: Asker, person: Person): Promise<boolean> {
  const { users, clients, organizations, work } = whom;
  if (clients.length > 0 && !clients.includes(grantee.clientId)) return false;
  if (users.length > 0) {
    const own = await person.standing('me');
    if (!own.some((one) => users.includes(one))) return false;
  }
  if (organizations.length === 0 && work.length === 0) return true;
  const all = await person.work();
  return all.some(
    ({ organization, codes }) =>
      (organizations.length === 0 || organizations.includes(organization ?? '')) &&
      (work.length === 0 || codes.some((code) => work.includes(code))),
  );
}

function grantsOf(
  place: Place,
  policies: readonly Policy[],
  { role, purpose }: Asker,
  person: Person,
): PolicyGrants {
  const { definitions } = place;
  const broken = policies.filter(({ problems }) => problems.length > 0);
  const all = policies.flatMap(({ rules, source }) => rules.map((rule): Applied => ({ rule, source })));
  const isOn = ({ rule: { purposes } }: Applied): boolean =>
    purposes.length === 0 || (purpose !== undefined && purposes.includes(purpose));
  const rules = broken.length > 0 ? [] : all.filter(isOn);
  const own = rules.map(({ rule }) => rule);
  const view = viewOf(
    definitions,
    own.flatMap(({ hidden }) => hidden),
  );
  const both = steady(and);
  const scopeOf: PolicyGrants['scopeOf'] = (rule, action, type, patient) =>
    ruleScope(place, person, both, rule, [action, type], patient);
  const names = (action: Action, type: string): boolean =>
    own.some((rule) => opens(definitions, rule, action, type));
  const either = steady(or);
  const scope: PolicyGrants['scope'] = async (action, type, patient) => {
    const parts = own
      .filter((rule) => opens(definitions, rule, action, type))
      .map((rule) => scopeOf(rule, action, type, patient).catch(nothing));
    return either(`${action} ${type} ${patient ?? ''}`, await Promise.all(parts));
  };
  return {
    role,
    policies,
    rules,
    idle: broken.length > 0 ? [] : all.filter((one) => !isOn(one)),
    broken,
    names,
    scope,
    scopeOf,
    mention: async (type) => {
      const actions = (['read', 'search', 'create', 'update'] as const).filter((action) =>
        names(action, type),
      );
      return or(...(await Promise.all(actions.map((action) => scope(action, type)))));
    },
    view,
    limits: limitsOf(definitions, own, view, person.me),
  };
}

/** A rule whose criteria cannot be answered opens nothing; that the store does not answer is another matter. */
function nothing(error: unknown): Expression {
  if (error instanceof FhirError && error.status < 500) return NONE;
  throw error;
}

/** Whether a rule has anything of a type for an action, whatever is in it. */
function opens(definitions: Definitions, rule: Rule, action: Action, type: string): boolean {
  if (!namesAction(rule, action, type)) return false;
  if (rule.patients === undefined) return true;
  if (ONLY_BY_NAME.has(type) && !rule.types.includes(type)) return false;
  return recordOpens(definitions, action, type);
}

async function ruleScope(
  place: Place,
  { standing }: Person,
  both: ReturnType<typeof steady>,
  rule: Rule,
  [action, type]: readonly [Action, string],
  patient: string | undefined,
): Promise<Expression> {
  const { definitions, store } = place;
  const parts: Expression[] = [];
  if (rule.criteria !== undefined)
    parts.push(await criteriaExpression(definitions, store, type, rule.criteria, standing));
  if (rule.patients !== undefined) {
    const patients = await patientsOf(definitions, store, rule.patients, standing);
    const isInside = patient !== undefined && patients.includes(patient);
    parts.push(isInside ? ALL : await inRecords(place, patients, action, type));
  }
  return both(`${rule.name} ${action} ${type} ${patient ?? ''}`, parts);
}

/** The 403 of a caller to whom the policies give nothing of the kind. */
export function refusedByPolicy(
  { role, broken, idle }: PolicyGrants,
  action: Action,
  type: string | undefined,
): FhirError {
  const what = `${action} ${type ?? 'resources'}`;
  if (broken.length > 0)
    return fault(
      'forbidden',
      `You may not ${what}: a policy that is meant for you cannot be understood, so nothing is granted. Tell the operator: ${broken[0]!.source}`,
    );
  const waiting = idle.filter(({ rule }) =>
    type === undefined ? rule.actions.includes(action) : namesAction(rule, action, type),
  );
  if (waiting.length > 0) {
    const purposes = [...new Set(waiting.flatMap(({ rule }) => rule.purposes))].join(', ');
    return fault(
      'forbidden',
      `To ${what} takes a purpose of use: send X-Purpose-Of-Use with one of ${purposes}`,
    );
  }
  return fault('forbidden', `The policies for the role ${role} do not let you ${what}`);
}
