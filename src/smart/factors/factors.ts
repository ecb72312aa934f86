/**
 * What an account has besides its password, and how a second step is judged: within limits of its own, whatever kind it is of.
 * https://pages.nist.gov/800-63-4/sp800-63b.html#throttle
 */
import type { TokenStore } from '../../store/ports.ts';
import type { Method } from '../acr.ts';
import { forgetPlaces, forgive, giveBack, takeSlots, type Attempt, type Limits } from '../attempts.ts';
import type { SmartTenant } from '../tenant.ts';
import { appSince, removeApp, takeAppCode } from './authenticator-app.ts';
import { PASSKEY, passkeysOf, takePasskey, type Passkey } from './passkeys.ts';
import { codesLeft, removeCodes, takeCode } from './recovery-codes.ts';

export interface Factors {
  /** ms since 1970: since when there is an authenticator app */
  readonly appSince?: number;
  /** newest first */
  readonly passkeys: readonly Passkey[];
  readonly codesLeft: number;
}

export async function factorsOf(tokens: TokenStore, accountId: string, now: number): Promise<Factors> {
  const [since, passkeys, left] = await Promise.all([
    appSince(tokens, accountId, now),
    passkeysOf(tokens, accountId, now),
    codesLeft(tokens, accountId, now),
  ]);
  return { ...(since !== undefined && { appSince: since }), passkeys, codesLeft: left };
}

/** Whether a password alone does not sign this account in. */
export const hasSecondFactor = ({ appSince: app, passkeys }: Factors): boolean =>
  app !== undefined || passkeys.length > 0;

/** Whoever guesses codes knows the password: tighter than for passwords. A code of three good ones in a million is found in 10 guesses once in 33,000. */
const LIMITS: Limits = { pair: 5, place: 60, account: 10, windowMs: 15 * 60_000 };

export interface SecondStep {
  readonly code?: string;
  /** of a passkey: JSON, and what its challenge was made for */
  readonly assertion?: { readonly response: string; readonly purpose: string };
  readonly address: string;
  readonly device?: string;
}

export type SecondStepResult =
  { readonly method: Method } | { readonly refused: 'wrong' } | { readonly retryAfter: number };

/** Judges a second step of an account whose first step is done. A guess takes its slot before it is looked at. */
export async function takeSecondStep(
  tenant: Pick<SmartTenant, 'origin' | 'tokens' | 'keys'>,
  accountId: string,
  { code = '', assertion, address, device }: SecondStep,
  now: number,
): Promise<SecondStepResult> {
  const { tokens, keys } = tenant;
  const attempt: Attempt = {
    username: placesOf(accountId),
    address,
    ...(device !== undefined && { device }),
  };
  const taken = await takeSlots(tokens, attempt, now, LIMITS);
  if ('retryAfter' in taken) return { retryAfter: taken.retryAfter };
  const judge = async (): Promise<Method | undefined> => {
    if (assertion) {
      const { response, purpose } = assertion;
      return (await takePasskey(tenant, purpose, response, now, accountId)) === accountId ? 'pop' : undefined;
    }
    if (/^[\d\s]{6,9}$/.test(code))
      return (await takeAppCode(tokens, keys, accountId, code, now)) ? 'otp' : undefined;
    return (await takeCode(tokens, keys, accountId, code, now)) ? 'kba' : undefined;
  };
  try {
    const method = await judge();
    if (!method) return { refused: 'wrong' };
    await forgive(tokens, attempt, taken, now);
    return { method };
  } catch (error) {
    await giveBack(tokens, taken.slots);
    throw error;
  }
}

/** The name that guesses at second steps are counted by: no user name holds a blank. */
const placesOf = (accountId: string): string => `second step ${accountId}`;

/** Without a second factor from now on: the password alone signs in. */
export async function removeFactors(tokens: TokenStore, accountId: string, now: number): Promise<void> {
  await removeApp(tokens, accountId);
  await removeCodes(tokens, accountId, now);
  for (const { id } of await tokens.findBy('uid', accountId, now, { model: PASSKEY }))
    await tokens.remove(PASSKEY, id);
  await forgetPlaces(tokens, placesOf(accountId), now);
}
