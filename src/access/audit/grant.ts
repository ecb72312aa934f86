/**
 * Who may read the audit trail: operators and services with a scope for it all of it, patients and who stands for them what concerns them, where they have
 * let an app have it by name. Nobody else, whatever record they may see.
 */
import type { Grantee } from '../grantee.ts';
import { roleOf } from '../policy/subject.ts';
import { LETTERS, type ResourceScope, type ScopeLevel } from '../scopes.ts';
import type { TrailGrant } from './note.ts';

/** As granted.ts has them. */
type Realm =
  { readonly kind: 'tenant' | 'none' } | { readonly kind: 'record'; readonly patients: readonly string[] };
type Realms = Readonly<Record<ScopeLevel, Realm>>;

export function trailGrant(
  grantee: Grantee,
  realms: Realms,
  policy: { readonly role: string; names(action: 'read' | 'search', type: string): boolean } | undefined,
  action: 'read' | 'search',
): TrailGrant | undefined {
  const held = grantee.scopes.filter(
    ({ type, letters, query }) =>
      (type === 'AuditEvent' || type === '*') && letters.includes(LETTERS[action]) && query.length === 0,
  );
  const role = policy?.role ?? roleOf(grantee);
  if (policy && !policy.names(action, 'AuditEvent')) return undefined;
  if (role === 'service') return held.some(({ level }) => level === 'system') ? 'all' : undefined;
  if (role === 'operator') return held.some(({ level }) => level === 'user') ? 'all' : undefined;
  if (role !== 'patient' && role !== 'related') return undefined;
  const patients = new Set(held.flatMap((scope) => ofScope(scope, grantee, realms)));
  return patients.size > 0 ? [...patients] : undefined;
}

/** A wildcard does not mean it: who gives an app their record has not yet given it who looked at that. */
function ofScope({ type, level }: ResourceScope, { fhirUser }: Grantee, realms: Realms): readonly string[] {
  if (type !== 'AuditEvent' || level === 'system') return [];
  const realm = realms[level];
  if (realm.kind === 'record') return realm.patients;
  const own = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(fhirUser ?? '')?.[1];
  return realm.kind === 'tenant' && own !== undefined ? [own] : [];
}
