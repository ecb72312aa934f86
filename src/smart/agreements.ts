/**
 * What people have agreed to, to be looked at, narrowed and ended. Narrowing and ending hold from the next request on, on every thread, since each
 * request looks its token up. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html, docs/adr/0035
 */
import type { TokenExtra } from '../access/access-token.ts';
import { parseScope } from '../access/scopes.ts';
import type { TokenLookup, TokenRecord, TokenStore } from '../store/ports.ts';
import { AGREEMENT, patientKey, type KeptContext } from './grant.ts';
import { covers } from './scope-policy.ts';

export interface LivingAgreement {
  readonly grantId: string;
  readonly accountId: string;
  readonly clientId: string;
  /** as it stands now, perhaps narrower than it was agreed to */
  readonly scope: string;
  /** the patient in context and the user's own resource */
  readonly extra: TokenExtra;
  /** ms since 1970 */
  readonly madeAt: number;
  readonly endsAt: number | undefined;
  /** ends with the session of the browser */
  readonly online: boolean;
}

/** Of one person, one app, or about one patient. */
export type AgreementsOf =
  { readonly accountId: string } | { readonly clientId: string } | { readonly patient: string };

const MOST = 500;
/** What carries a scope of its own. */
const GIVEN = ['AccessToken', 'RefreshToken', 'AuthorizationCode'] as const;

interface GrantPayload {
  readonly iat?: number;
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
}

/** Newest first. */
export async function livingAgreements(
  tokens: TokenStore,
  of: AgreementsOf,
  now: number,
): Promise<readonly LivingAgreement[]> {
  const [by, value] = lookupOf(of);
  const records = await tokens.findBy(by, value, now, { model: AGREEMENT, limit: MOST });
  const found = await Promise.all(records.map((record) => living(tokens, record, now)));
  return found.filter((one) => one !== undefined).sort((one, other) => other.madeAt - one.madeAt);
}

export async function livingAgreement(
  tokens: TokenStore,
  grantId: string,
  now: number,
): Promise<LivingAgreement | undefined> {
  const record = await tokens.find(AGREEMENT, grantId, now);
  return record && living(tokens, record, now);
}

function lookupOf(of: AgreementsOf): readonly [TokenLookup, string] {
  if ('accountId' in of) return ['accountId', of.accountId];
  return 'clientId' in of ? ['clientId', of.clientId] : ['userCode', patientKey(of.patient)];
}

async function living(
  tokens: TokenStore,
  { id, accountId, clientId, payload, expiresAt }: TokenRecord,
  now: number,
): Promise<LivingAgreement | undefined> {
  const grant = await tokens.find('Grant', id, now);
  if (!grant || accountId === undefined || clientId === undefined) return undefined;
  const { extra, online } = JSON.parse(payload) as KeptContext;
  const given = JSON.parse(grant.payload) as GrantPayload;
  const madeAt = (given.iat ?? 0) * 1000;
  return {
    grantId: id,
    accountId,
    clientId,
    scope: scopeOf(given),
    extra,
    madeAt,
    endsAt: expiresAt,
    online,
  };
}

const scopeOf = ({ resources = {}, openid }: GrantPayload): string =>
  [...new Set([...Object.values(resources), openid?.scope ?? ''].flatMap(listOf))].join(' ');

const listOf = (scope: string): readonly string[] => scope.split(' ').filter((one) => one !== '');

/** Ends an agreement and everything that was given under it. False: there was none. */
export async function endAgreement(tokens: TokenStore, grantId: string): Promise<boolean> {
  return (await tokens.removeGrant(grantId)) > 0;
}

/**
 * Cuts an agreement down to what both it and `scopes` allow: the grant first, so that what is issued meanwhile is cut by `heldToGrant`, then every
 * token that was given. False: there is no such agreement (any more).
 */
export async function narrowAgreement(
  tokens: TokenStore,
  grantId: string,
  scopes: readonly string[],
  now: number,
): Promise<boolean> {
  const grant = await tokens.find('Grant', grantId, now);
  if (!grant) return false;
  const payload = JSON.parse(grant.payload) as GrantPayload;
  const left = scopes.join(' ');
  const cut = (given: string): string => capScope(given, left);
  const resources = Object.entries(payload.resources ?? {}).map(([base, given]) => [base, cut(given)]);
  const openid = { ...payload.openid, scope: cut(payload.openid?.scope ?? '') };
  const narrower = { ...payload, openid, resources: Object.fromEntries(resources) as object };
  await tokens.put({ ...grant, payload: JSON.stringify(narrower) });
  for (const model of GIVEN) {
    const given = await tokens.findBy('grantId', grantId, now, { model });
    for (const record of given) await cutToken(tokens, record, cut);
  }
  // Ended by someone else meanwhile: nothing that was put back may stay.
  if (await tokens.find(AGREEMENT, grantId, now)) return true;
  await tokens.removeGrant(grantId);
  return false;
}

async function cutToken(
  tokens: TokenStore,
  record: TokenRecord,
  cut: (given: string) => string,
): Promise<void> {
  const payload = JSON.parse(record.payload) as { readonly scope?: string };
  const scope = cut(payload.scope ?? '');
  if (scope !== payload.scope)
    await tokens.put({ ...record, payload: JSON.stringify({ ...payload, scope }) });
}

/**
 * For whoever has just kept a token: holds it to its grant, which may have been narrowed or ended since it was read. False: the grant is gone, and so is
 * the token. Who narrows writes the grant before it looks for tokens, who issues the other way round; so one of the two sees the other.
 */
export async function heldToGrant(tokens: TokenStore, record: TokenRecord, now: number): Promise<boolean> {
  if (record.grantId === undefined) return true;
  const grant = await tokens.find('Grant', record.grantId, now);
  if (!grant) {
    await tokens.remove(record.model, record.id);
    return false;
  }
  const allowed = scopeOf(JSON.parse(grant.payload) as GrantPayload);
  await cutToken(tokens, record, (given) => capScope(given, allowed));
  return true;
}

/** What both allow: a scope stays as it is where the other text covers it, else what of the other text lies within it. */
export function capScope(given: string, allowed: string): string {
  const limits = listOf(allowed);
  const kept = listOf(given).flatMap((one) => {
    if (limits.includes(one)) return [one];
    const scope = parseScope(one);
    if (!scope) return [];
    const parsed = limits.flatMap((limit) => parseScope(limit) ?? []);
    if (parsed.some((limit) => covers(limit, scope))) return [one];
    return parsed.filter((limit) => covers(scope, limit)).map(({ text }) => text);
  });
  return [...new Set(kept)].join(' ');
}
