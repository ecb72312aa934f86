/**
 * How strong a sign-in an app asks for: `acr_values`, which may stay unmet, and the `claims` parameter, which may make it essential.
 * https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { TokenStore } from '../store/ports.ts';
import { ACR, ACR_VALUES, isAtLeast } from './acr.ts';
import { factorsOf, hasSecondFactor } from './factors/factors.ts';

export interface AskedAcr {
  readonly values: readonly string[];
  readonly essential: boolean;
}

interface AcrRequest {
  readonly value?: unknown;
  readonly values?: unknown;
  readonly essential?: unknown;
}

function askedBy(request: AcrRequest | null | undefined): AskedAcr | undefined {
  if (!request) return undefined;
  const { value, values, essential } = request;
  const listed = [value, ...(Array.isArray(values) ? (values as unknown[]) : [])];
  const texts = listed.filter((one) => typeof one === 'string');
  return texts.length > 0 ? { values: texts, essential: essential === true } : undefined;
}

type Claims = { readonly id_token?: { readonly acr?: AcrRequest | null } } | undefined;

export const acrAskedIn = ({ oidc }: KoaContextWithOIDC): AskedAcr | undefined =>
  askedBy((oidc.claims as Claims)?.id_token?.acr);

/** The same, of the parameters of a request that the library has checked. */
export function acrAskedBy(params: Readonly<Record<string, unknown>>): AskedAcr | undefined {
  const { acr_values: listed, claims } = params;
  if (typeof listed === 'string' && listed !== '') return { values: listed.split(' '), essential: false };
  return typeof claims === 'string' ? askedBy((JSON.parse(claims) as Claims)?.id_token?.acr) : undefined;
}

/** The strongest of these classes that a sign-in of class `is` holds. */
export const fitting = (is: string | undefined, values: readonly string[]): string | undefined =>
  ACR_VALUES.findLast((one) => values.includes(one) && isAtLeast(is, one));

/** The weakest of these classes: the least that would do. */
export const leastOf = (values: readonly string[]): string | undefined =>
  ACR_VALUES.find((one) => values.includes(one));

/** Whether an account has what it takes. */
export async function canReach(
  tokens: TokenStore,
  accountId: string,
  acr: string,
  now: number,
): Promise<boolean> {
  if (acr === ACR.pwd) return true;
  const factors = await factorsOf(tokens, accountId, now);
  return acr === ACR.phr ? factors.passkeys.length > 0 : hasSecondFactor(factors);
}

/** A class in words, as a clause. */
export const acrInWords = (acr: string | undefined): string =>
  acr === ACR.phr
    ? 'a passkey'
    : acr === ACR.mfa
      ? 'a second step besides the password'
      : acr === ACR.pwd
        ? 'a password'
        : 'a kind of sign-in that this server does not know';
