/**
 * A token told in words to whoever holds it: whose it is, what it allows, until when, or why it is worth nothing. Possession is the proof; nothing is told
 * of a token beyond what its holder could find out by using it. https://www.rfc-editor.org/rfc/rfc7662
 */
import { ACCESS_TOKEN_MODELS, secretId } from '../../access/access-token.ts';
import { granteeOf, type Grantee } from '../../access/grantee.ts';
import type { TokenRecord, TokenStore } from '../../store/ports.ts';

export type TokenReading =
  | {
      readonly kind: 'access';
      readonly grantee: Grantee;
      /** ms since 1970 */
      readonly issuedAt: number | undefined;
      /** why it is no good as a bearer */
      readonly fault?: string;
    }
  | { readonly kind: 'refresh'; readonly clientId: string; readonly used: boolean; readonly scope: string }
  | { readonly kind: 'none'; readonly why: string; readonly fix: string };

const MOST_LENGTH = 8192;

export async function inspectToken(
  tokens: TokenStore,
  base: string,
  sent: string,
  now: number,
): Promise<TokenReading> {
  const token = sent.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '');
  if (token === '' || token.length > MOST_LENGTH)
    return none('There is no token in the field', 'Paste the value of access_token.');
  const access = await firstOf(tokens, ACCESS_TOKEN_MODELS, token, now);
  if (access) return readAccess(access, base, now);
  const refresh = await tokens.find('RefreshToken', secretId(token), now);
  if (refresh) return readRefresh(refresh);
  return unknown(tokens, token, now);
}

async function firstOf(
  tokens: TokenStore,
  models: readonly string[],
  token: string,
  now: number,
): Promise<TokenRecord | undefined> {
  for (const model of models) {
    const record = await tokens.find(model, secretId(token), now);
    if (record) return record;
  }
  return undefined;
}

function readAccess(record: TokenRecord, base: string, now: number): TokenReading {
  const verdict = granteeOf(record, base, now);
  const { iat } = JSON.parse(record.payload) as { iat?: number };
  const issuedAt = iat === undefined ? undefined : iat * 1000;
  if ('grantee' in verdict) return { kind: 'access', grantee: verdict.grantee, issuedAt };
  return none(`It cannot be used: ${verdict.fault}`, 'Get a new one by a launch or by the refresh token.');
}

function readRefresh(record: TokenRecord): TokenReading {
  const { clientId = '', scope = '' } = JSON.parse(record.payload) as { clientId?: string; scope?: string };
  return { kind: 'refresh', clientId, scope, used: record.consumedAt !== undefined };
}

/** What else a developer may have pasted. */
async function unknown(tokens: TokenStore, token: string, now: number): Promise<TokenReading> {
  if (await tokens.find('AuthorizationCode', secretId(token), now))
    return none(
      'This is an authorization code',
      'Exchange it at the token endpoint, once and within a minute.',
    );
  if (token.split('.').length === 3)
    return none(
      'This is a JWT, and access tokens of this server are none',
      'An id_token says who signed in; send the access_token of the same answer to FHIR instead.',
    );
  return none(
    'No such token is known here: it has ended, was revoked, or comes from another server',
    'Look at iss and at the time of its issue; then get a new one by a launch or by the refresh token.',
  );
}

const none = (why: string, fix: string): TokenReading => ({ kind: 'none', why, fix });
