/**
 * From a grantee to its access context: by the policies that are stored for its role, or else by the built-in one (docs/adr/0032). The only place where
 * this is decided, for bearers and for people apart from any app.
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { TenantStore } from '../store/ports.ts';
import type { AccessContext } from './context.ts';
import { grantedAccess } from './granted.ts';
import type { Grantee } from './grantee.ts';
import type { PolicySet } from './policy/book.ts';
import { builtInGrants, policyGrants, type PolicyGrants } from './policy/grants.ts';
import type { Role } from './policy/rule.ts';
import { accountRole, roleOf } from './policy/subject.ts';
import { realmsOf, realmsUnderPolicy } from './realms.ts';

export interface DecisionPlace {
  readonly definitions: Definitions;
  readonly store: TenantStore;
  readonly base: string;
}

export interface DecisionAsker {
  readonly grantee: Grantee;
  readonly purpose: string | undefined;
  readonly clock: () => number;
}

/** At once where it follows from the grantee alone. */
export function accessOf(
  place: DecisionPlace,
  set: PolicySet | undefined,
  asker: DecisionAsker,
): AccessContext | Promise<AccessContext> {
  const { grantee, purpose, clock } = asker;
  const role = roleOf(grantee);
  const isPlain = !set || set.policies.length === 0;
  if (isPlain && (role !== undefined || !mayBeOperator(grantee))) {
    const realms = realmsOf(grantee, place.store, clock());
    if (realms instanceof Promise)
      return realms.then((them) => withPurpose(grantedAccess(grantee, them, place), purpose));
    return withPurpose(grantedAccess(grantee, realms, place), purpose);
  }
  return underPolicies(place, set, asker).then((access) => withPurpose(access, purpose));
}

/** Only who holds a scope of a user's can be one. */
const mayBeOperator = ({ accountId, fhirUser, scopes }: Grantee): boolean =>
  accountId !== undefined && fhirUser === undefined && scopes.some(({ level }) => level === 'user');

const withPurpose = (access: AccessContext, purpose: string | undefined): AccessContext =>
  purpose === undefined ? access : { ...access, purpose };

async function underPolicies(
  place: DecisionPlace,
  set: PolicySet | undefined,
  asker: DecisionAsker,
): Promise<AccessContext> {
  const policy = await grantsFor(place, set, asker);
  const { grantee, clock } = asker;
  if (policy) return keptAccess(grantee, place, policy);
  return grantedAccess(grantee, await realmsOf(grantee, place.store, clock()), place);
}

/** What policies, stored ones or the built-in one of operators, give a grantee; undefined where its realms say it all. */
export async function grantsFor(
  place: DecisionPlace,
  set: PolicySet | undefined,
  { grantee, purpose, clock }: DecisionAsker,
): Promise<PolicyGrants | undefined> {
  const role = await wholeRole(place, grantee, clock());
  if (role === undefined) return undefined;
  const asker = { grantee, role, purpose, clock };
  const stored = await policyGrants(place, set?.policies ?? [], asker);
  if (stored) return stored;
  return role === 'operator' ? builtInGrants(place, asker) : undefined;
}

export async function wholeRole(
  { store }: Pick<DecisionPlace, 'store'>,
  grantee: Grantee,
  now: number,
): Promise<Role | undefined> {
  return roleOf(grantee) ?? (await accountRole(store, grantee, now));
}

const made = new WeakMap<PolicyGrants, { readonly place: DecisionPlace; readonly access: AccessContext }>();

/** The same context while the same policies count: what it has found out by itself is kept with it. */
function keptAccess(grantee: Grantee, place: DecisionPlace, policy: PolicyGrants): AccessContext {
  const before = made.get(policy);
  if (before?.place.base === place.base) return before.access;
  const access = grantedAccess(grantee, realmsUnderPolicy(grantee), place, policy);
  made.set(policy, { place, access });
  return access;
}
