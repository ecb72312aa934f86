/**
 * Where an account is signed in: beside each session stands from where it was opened and when it was last used, sealed, for the person's own list.
 * https://pages.nist.gov/800-63-4/sp800-63b.html#sessions
 */
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { TokenStore } from '../store/ports.ts';
import { clientAddress } from './client-address.ts';
import { DEVICE_MODEL, endSession } from './grant.ts';
import { SESSION_SECONDS } from './provider.ts';
import type { TenantKeys } from './sealing.ts';
import type { SmartTenant } from './tenant.ts';

export interface Device {
  readonly sessionUid: string;
  /** "Firefox on Windows" */
  readonly browser: string;
  /** network address that it was last used from */
  readonly address: string;
  /** ms since 1970 */
  readonly since: number;
  readonly usedAt: number;
  readonly acr: string;
}

type Kept = Omit<Device, 'sessionUid'>;

interface Session {
  readonly uid: string;
  readonly accountId: string;
  readonly acr: string;
}

/** How exact "last used" is (ms): a page need not wait for a write each time. */
const EXACT_MS = 5 * 60_000;

type Place = Pick<SmartTenant, 'tokens' | 'keys' | 'proxies'>;

/** Notes that a session is used from here. */
export async function noteDevice(
  place: Place,
  session: Session,
  request: IncomingMessage,
  now: number,
): Promise<void> {
  const { tokens, keys, proxies } = place;
  const record = await tokens.find(DEVICE_MODEL, session.uid, now);
  const kept = record && open(keys, record.payload);
  const address = clientAddress(request, proxies);
  const isSame =
    kept?.acr === session.acr && kept.address === address && record?.accountId === session.accountId;
  if (isSame && now - kept.usedAt < EXACT_MS) return;
  const device: Kept = {
    browser: browserInWords(request.headers['user-agent'] ?? ''),
    address,
    since: (record?.accountId === session.accountId ? kept?.since : undefined) ?? now,
    usedAt: now,
    acr: session.acr,
  };
  await tokens.put({
    model: DEVICE_MODEL,
    id: session.uid,
    uid: session.uid,
    accountId: session.accountId,
    payload: JSON.stringify({ sealed: keys.seal(JSON.stringify(device)) }),
    expiresAt: now + SESSION_SECONDS * 1000,
  });
}

const open = (keys: TenantKeys, payload: string): Kept =>
  JSON.parse(keys.open((JSON.parse(payload) as { sealed: string }).sealed)) as Kept;

/** The sessions of an account, last used first. */
export async function devicesOf(
  { tokens, keys }: Pick<SmartTenant, 'tokens' | 'keys'>,
  accountId: string,
  now: number,
): Promise<readonly Device[]> {
  const records = await tokens.findBy('accountId', accountId, now, { model: DEVICE_MODEL });
  const living = await Promise.all(records.map(({ id }) => isLiving(tokens, id, now)));
  const devices = records
    .filter((_one, index) => living[index])
    .map(({ id, payload }) => ({ sessionUid: id, ...open(keys, payload) }));
  return devices.sort((a, b) => b.usedAt - a.usedAt);
}

const isLiving = async (tokens: TokenStore, uid: string, now: number): Promise<boolean> =>
  (await tokens.findBy('uid', uid, now, { model: 'Session', limit: 1 })).length > 0;

/** Ends one session of an account. False: it is not theirs, or over. */
export async function endDevice(
  tokens: TokenStore,
  accountId: string,
  sessionUid: string,
  now: number,
): Promise<boolean> {
  const record = await tokens.find(DEVICE_MODEL, sessionUid, now);
  if (record?.accountId !== accountId) return false;
  await endSession(tokens, sessionUid);
  return true;
}

/** Ends every session of an account but one, and what was to last as long as they. */
export async function endSessions(
  tokens: TokenStore,
  accountId: string,
  now: number,
  but?: string,
): Promise<number> {
  const sessions = await tokens.findBy('accountId', accountId, now, { model: 'Session' });
  const uids = new Set(sessions.flatMap(({ uid }) => (uid === undefined || uid === but ? [] : [uid])));
  for (const uid of uids) await endSession(tokens, uid);
  return uids.size;
}

/** Notes the sessions that launches open and use. */
export function followSessions(tenant: SmartTenant, provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    const { oidc } = ctx as unknown as { readonly oidc?: KoaContextWithOIDC['oidc'] };
    if (oidc?.route !== 'authorization' && oidc?.route !== 'resume') return;
    const { uid, accountId, acr } = oidc.session ?? {};
    if (uid !== undefined && accountId !== undefined)
      await noteDevice(tenant, { uid, accountId, acr: acr ?? '' }, ctx.req, Date.now());
  });
}

/** Most telling first: every browser claims to be several. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFxiOS\/|\bFirefox\//, 'Firefox'],
  [/\bCriOS\/|\bHeadlessChrome\/|\bChrome\//, 'Chrome'],
  [/\bVersion\/[\d.]+ .*Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** "Firefox on Windows", "A browser" */
export function browserInWords(userAgent: string): string {
  const named = (list: typeof BROWSERS): string | undefined =>
    list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)];
  return system === undefined ? (browser ?? 'A browser') : `${browser ?? 'A browser'} on ${system}`;
}
