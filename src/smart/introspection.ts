/**
 * Introspection by a caller that shows a Bearer token instead of client credentials; with credentials the library answers.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html, https://www.rfc-editor.org/rfc/rfc7662
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { AccessTokenPayload } from '../access/access-token.ts';
import { secretId } from '../access/access-token.ts';
import { accessToken, bearerOf, refuseBearer } from './bearer.ts';
import { NO_STORE, oauthError, sendJson } from './http.ts';
import { absolute, type SmartTenant } from './tenant.ts';

/** A caller learns of the tokens of its own client, or of all where the client was given that right. */
export async function introspectWithBearer(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  form: URLSearchParams,
): Promise<void> {
  const caller = await bearerOf(tenant, request);
  if (!caller) return refuseBearer(response, tenant);
  const [token, ...others] = form.getAll('token');
  if (token === undefined || token === '' || others.length > 0) {
    return oauthError(response, 400, 'invalid_request', 'Send the parameter token once');
  }
  const found = (await accessToken(tenant, token)) ?? (await refreshToken(tenant, token));
  const isKnown =
    found !== undefined && (found.clientId === caller.clientId || (await mayAll(provider, caller.clientId)));
  sendJson(response, 200, isKnown ? answerFor(tenant, found) : { active: false }, NO_STORE);
}

const mayAll = async (provider: Provider, clientId: string): Promise<boolean> =>
  (await provider.Client.find(clientId))?.['introspects'] === true;

interface RefreshPayload extends Omit<AccessTokenPayload, 'kind'> {
  readonly kind: 'RefreshToken';
}

async function refreshToken({ tokens }: SmartTenant, token: string): Promise<RefreshPayload | undefined> {
  const record = await tokens.find('RefreshToken', secretId(token), Date.now());
  return record && record.consumedAt === undefined
    ? (JSON.parse(record.payload) as RefreshPayload)
    : undefined;
}

function answerFor(tenant: SmartTenant, token: AccessTokenPayload | RefreshPayload): object {
  const { clientId, accountId, scope, iat, exp, aud, extra, kind } = token;
  return {
    active: true,
    client_id: clientId,
    ...(accountId !== undefined && { sub: accountId }),
    scope,
    iat,
    exp,
    iss: tenant.base,
    aud,
    ...(kind !== 'RefreshToken' && { token_type: 'Bearer' }),
    ...extra,
    ...(extra?.fhirUser !== undefined && { fhirUser: absolute(tenant, extra.fhirUser) }),
  };
}
