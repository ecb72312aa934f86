/** Sign-ins in the audit trail: who, how, from where, or why not. https://profiles.ihe.net/ITI/BALP/ */
import type { AuditNote, Who } from '../access/audit/note.ts';
import { acrOf, type Method } from './acr.ts';
import type { SmartTenant, UserAccount } from './tenant.ts';

export interface Told {
  readonly outcome: AuditNote['outcome'];
  readonly account?: UserAccount;
  /** of an account that was tried */
  readonly name?: string;
  readonly methods?: readonly Method[];
  readonly reason?: string;
}

interface Circumstances {
  readonly tenant: SmartTenant;
  readonly app?: { readonly clientId: string };
  /** id of who was signed in already */
  readonly again?: string;
  readonly address: string;
  readonly requestId: string;
}

const MOST_NAME = 100;

/** Who an account is, for the trail. */
export const personOf = ({ id, fhirUser }: UserAccount): Who => ({
  kind: 'person',
  accountId: id,
  ...(fhirUser !== undefined && { fhirUser }),
});

/** Durable when it resolves: a sign-in that cannot be noted is none. */
export function noteSignIn(
  { tenant, app, again, address, requestId }: Circumstances,
  told: Told,
): Promise<void> {
  const { outcome, account, name, methods, reason } = told;
  const who: Who = account
    ? personOf(account)
    : { kind: 'nobody', ...(name !== undefined && { name: name.slice(0, MOST_NAME) }) };
  return tenant.audit.note({
    at: Date.now(),
    happening: again !== undefined && again === account?.id ? 'step-up' : 'sign-in',
    outcome,
    who: { ...who, ...(app && { clientId: app.clientId }) },
    requestId,
    ...(reason !== undefined && { reason }),
    detail: { address, ...(methods && { acr: acrOf(methods), methods: methods.join(' ') }) },
  });
}

export function noteSignOut(
  { audit }: SmartTenant,
  account: UserAccount,
  session: string,
  requestId: string,
): Promise<void> {
  const who = { ...personOf(account), session };
  return audit.note({ at: Date.now(), happening: 'sign-out', outcome: 'done', who, requestId });
}
