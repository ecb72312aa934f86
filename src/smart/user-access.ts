/** What a user may see apart from any app: all that `user/*.rs` would show. The pickers look with it. */
import type { AccessContext } from '../access/context.ts';
import { accessOf } from '../access/decide.ts';
import type { Grantee } from '../access/grantee.ts';
import { parseScopes, type ResourceScope } from '../access/scopes.ts';
import type { TenantRecord } from '../rest/record.ts';
import type { ChartUser } from './chart.ts';

const SCOPE = 'user/*.rs';
const SCOPES = parseScopes(SCOPE) as readonly ResourceScope[];

export async function userAccess(
  record: TenantRecord,
  base: string,
  user: ChartUser,
): Promise<AccessContext> {
  const grantee: Grantee = {
    clientId: 'picker',
    accountId: user.id,
    kind: 'AccessToken',
    scopes: SCOPES,
    scopeText: SCOPE,
    patient: undefined,
    encounter: undefined,
    fhirUser: user.fhirUser,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
  const { store } = record;
  const place = { definitions: record.definitions(), store, base };
  return accessOf(place, await record.policies?.current(), { grantee, purpose: undefined, clock: Date.now });
}
