/**
 * The authenticator app of an account: its secret is kept sealed for this account alone, a code is taken once, and what is being set up is kept by the
 * page until its first code shows that the app has it. https://www.rfc-editor.org/rfc/rfc6238#section-5.2
 */
import { randomBytes } from 'node:crypto';
import type { TokenStore } from '../../store/ports.ts';
import type { TenantKeys } from '../sealing.ts';
import { stepOfCode } from './totp.ts';

export const TOTP = 'Totp';
const USED = 'TotpUsed';
const SECRET_BYTES = 20;
/** longer than a code can be taken */
const REMEMBERED_MS = 5 * 60_000;
const SETUP_MS = 15 * 60_000;

interface Kept {
  readonly sealed: string;
  /** ms since 1970 */
  readonly addedAt: number;
}

interface Secret {
  readonly accountId: string;
  /** base64url */
  readonly secret: string;
  /** ms since 1970; of a setup */
  readonly until?: number;
}

/** A secret that is no one's yet, sealed for the form of its setup. */
export function newSetup(keys: TenantKeys, accountId: string, now: number): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return keys.seal(JSON.stringify({ accountId, secret, until: now + SETUP_MS } satisfies Secret));
}

/** The secret of a setup; undefined: it is not for this account, or it took too long. */
export function setupSecret(
  keys: TenantKeys,
  accountId: string,
  setup: string,
  now: number,
): Buffer | undefined {
  const { until = 0, ...secret } = opened(keys, setup) ?? { accountId: '', secret: '' };
  return secret.accountId === accountId && until > now ? Buffer.from(secret.secret, 'base64url') : undefined;
}

function opened(keys: TenantKeys, sealed: string): Secret | undefined {
  try {
    return JSON.parse(keys.open(sealed)) as Secret;
  } catch {
    return undefined;
  }
}

/** Keeps the app once it has shown a code; in place of an earlier one. */
export async function addApp(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  { setup, code }: { readonly setup: string; readonly code: string },
  now: number,
): Promise<'added' | 'code' | 'setup'> {
  const secret = setupSecret(keys, accountId, setup, now);
  if (!secret) return 'setup';
  if (!(await isFirstUse(tokens, accountId, secret, code, now))) return 'code';
  const sealed = keys.seal(
    JSON.stringify({ accountId, secret: secret.toString('base64url') } satisfies Secret),
  );
  const payload = JSON.stringify({ sealed, addedAt: now } satisfies Kept);
  await tokens.put({ model: TOTP, id: accountId, uid: accountId, payload });
  return 'added';
}

/** When the app was set up, in ms; undefined: there is none. */
export async function appSince(
  tokens: TokenStore,
  accountId: string,
  now: number,
): Promise<number | undefined> {
  const record = await tokens.find(TOTP, accountId, now);
  return record && (JSON.parse(record.payload) as Kept).addedAt;
}

/** Whether this is the code of now, and was not taken before. */
export async function takeAppCode(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  code: string,
  now: number,
): Promise<boolean> {
  const record = await tokens.find(TOTP, accountId, now);
  const secret = record && opened(keys, (JSON.parse(record.payload) as Kept).sealed);
  if (secret?.accountId !== accountId) return false;
  return isFirstUse(tokens, accountId, Buffer.from(secret.secret, 'base64url'), code, now);
}

/** Who looks over a shoulder has the code for half a minute: it is good once. Of two who send it at the same time one is in. */
async function isFirstUse(
  tokens: TokenStore,
  accountId: string,
  secret: Buffer,
  code: string,
  now: number,
): Promise<boolean> {
  const step = stepOfCode(secret, code, now);
  if (step === undefined) return false;
  const id = `${accountId}.${step}`;
  return tokens.add({ model: USED, id, uid: accountId, payload: '{}', expiresAt: now + REMEMBERED_MS }, now);
}

export const removeApp = (tokens: TokenStore, accountId: string): Promise<boolean> =>
  tokens.remove(TOTP, accountId);
