/**
 * What a user agrees to, kept: one grant for each launch, and beside it the launch context that goes out with every token of the grant.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
 */
import type Provider from 'oidc-provider';
import type { TokenExtra } from '../access/access-token.ts';
import type { TokenStore } from '../store/ports.ts';
import { hasScope } from './scope-policy.ts';
import type { SmartTenant } from './tenant.ts';

/** Scopes that the library knows as its own and wants agreed to apart from those of the resource. */
export const PLAIN_SCOPES = [
  'openid',
  'fhirUser',
  'profile',
  'offline_access',
  'online_access',
  'launch',
  'launch/patient',
  'launch/encounter',
] as const;

/** How long an app may go on: the choices of a person, in seconds. */
export const DURATIONS = [
  { value: 'visit', label: 'This once, for an hour', seconds: 3600 },
  { value: '90-days', label: 'For 90 days', seconds: 90 * 86_400 },
  { value: 'year', label: 'For a year', seconds: 365 * 86_400 },
  { value: 'until-stopped', label: 'Until you stop it', seconds: 3650 * 86_400 },
] as const;

/** `online_access`: as long as a working day, and never beyond sign-out. */
export const ONLINE_SECONDS = 12 * 3600;
export const TOKEN_SECONDS = 3600;
/** The time in which the code is brought back. */
const CODE_SECONDS = 120;

export interface Agreement {
  readonly accountId: string;
  readonly clientId: string;
  /** within what was asked for */
  readonly scope: string;
  readonly extra: TokenExtra;
  /** value of one of DURATIONS; only asked of apps that want to go on while the user is away */
  readonly duration?: string;
  /** of the browser session, for what ends with it */
  readonly sessionUid?: string;
}

/** What is kept beside a grant. */
export interface KeptContext {
  readonly extra: TokenExtra;
  readonly online: boolean;
}

/** The model of what is kept beside a grant. */
export const AGREEMENT = 'LaunchContext';

/** In the lookup field `userCode`, which nothing else of this model uses: an agreement is found by the patient whom it is about. */
export const patientKey = (patient: string): string => `Patient/${patient}`;

/** Keeps the agreement. The scope that is left is given back: who agrees to one hour only agrees to no refresh token. */
export async function keepAgreement(
  tenant: SmartTenant,
  provider: Provider,
  agreement: Agreement,
): Promise<{ readonly grantId: string; readonly scope: string }> {
  const { accountId, clientId, extra } = agreement;
  const duration = durationOf(agreement.scope, agreement.duration);
  const scope = duration.refresh ? agreement.scope : withoutRefresh(agreement.scope);
  const grant = new provider.Grant({ accountId, clientId, expiresIn: duration.seconds } as never);
  const plain = scope.split(' ').filter((one) => (PLAIN_SCOPES as readonly string[]).includes(one));
  if (plain.length > 0) grant.addOIDCScope(plain.join(' '));
  grant.addResourceScope(tenant.base, scope);
  const grantId = await grant.save();
  const online = duration.refresh && !hasScope(scope, 'offline_access');
  const kept: KeptContext = { extra, online };
  await tenant.tokens.put({
    model: AGREEMENT,
    id: grantId,
    payload: JSON.stringify(kept),
    expiresAt: Date.now() + duration.seconds * 1000,
    grantId,
    accountId,
    clientId,
    ...(extra.patient !== undefined && { userCode: patientKey(extra.patient) }),
    ...(online && agreement.sessionUid !== undefined && { uid: agreement.sessionUid }),
  });
  return { grantId, scope };
}

function durationOf(scope: string, chosen: string | undefined): { seconds: number; refresh: boolean } {
  const once = { seconds: TOKEN_SECONDS + CODE_SECONDS, refresh: false };
  if (chosen === 'visit') return once;
  if (hasScope(scope, 'offline_access')) {
    const choice = DURATIONS.find(({ value }) => value === chosen) ?? DURATIONS.at(-1)!;
    return { seconds: choice.seconds, refresh: true };
  }
  return hasScope(scope, 'online_access') ? { seconds: ONLINE_SECONDS, refresh: true } : once;
}

const withoutRefresh = (scope: string): string =>
  scope
    .split(' ')
    .filter((one) => one !== 'offline_access' && one !== 'online_access')
    .join(' ');

export async function contextOf(tokens: TokenStore, grantId: string): Promise<KeptContext | undefined> {
  const record = await tokens.find(AGREEMENT, grantId, Date.now());
  return record && (JSON.parse(record.payload) as KeptContext);
}

/** Patients whom this user has lately opened an app for, newest first. */
export async function recentPatients(tokens: TokenStore, accountId: string): Promise<readonly string[]> {
  const records = await tokens.findBy('accountId', accountId, Date.now(), { model: AGREEMENT, limit: 30 });
  const patients = records.map(({ payload }) => (JSON.parse(payload) as KeptContext).extra.patient);
  return [...new Set(patients.filter((patient) => patient !== undefined))];
}

/** What stands beside a session: `devices.ts`. */
export const DEVICE_MODEL = 'SessionDevice';

/** Ends a session under all the names that it had, and what was only to last while its user is signed in. */
export async function endSession(tokens: TokenStore, sessionUid: string): Promise<void> {
  const sessions = await tokens.findBy('uid', sessionUid, Date.now(), { model: 'Session' });
  for (const { model, id } of sessions) await tokens.remove(model, id);
  await tokens.remove(DEVICE_MODEL, sessionUid);
  const records = await tokens.findBy('uid', sessionUid, Date.now(), { model: AGREEMENT });
  for (const { grantId } of records) if (grantId !== undefined) await tokens.removeGrant(grantId);
}
