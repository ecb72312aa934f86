/** UserInfo: who the user of an access token is. https://openid.net/specs/openid-connect-core-1_0.html#UserInfo */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenExtra } from '../access/access-token.ts';
import { bearerOf, refuseBearer } from './bearer.ts';
import { NO_STORE, oauthError, sendJson } from './http.ts';
import { hasScope } from './scope-policy.ts';
import { absolute, type SmartTenant } from './tenant.ts';

export async function userInfo(
  tenant: SmartTenant,
  request: IncomingMessage,
  response: ServerResponse,
  cors: Readonly<Record<string, string>>,
): Promise<void> {
  const token = await bearerOf(tenant, request);
  const account = token?.accountId === undefined ? undefined : await tenant.accounts.find(token.accountId);
  if (!token || !account) return refuseBearer(response, tenant, cors);
  const { scope, extra } = token;
  if (!hasScope(scope, 'openid')) {
    return oauthError(response, 403, 'insufficient_scope', 'The access token lacks the scope openid', {
      'www-authenticate': `Bearer realm="${tenant.base}", error="insufficient_scope", scope="openid"`,
      ...cors,
    });
  }
  const url = account.fhirUser === undefined ? undefined : absolute(tenant, account.fhirUser);
  const claims = {
    sub: account.id,
    ...signInIn(extra),
    ...(hasScope(scope, 'profile') && { name: account.name, ...(url !== undefined && { profile: url }) }),
    ...(hasScope(scope, 'fhirUser') && url !== undefined && { fhirUser: url }),
  };
  sendJson(response, 200, claims, { ...NO_STORE, ...cors });
}

/** How the user had signed in. https://openid.net/specs/openid-connect-core-1_0.html#IDToken */
function signInIn({ acr, amr, auth_time: at }: TokenExtra = {}): TokenExtra {
  return {
    ...(acr !== undefined && { acr }),
    ...(amr && { amr }),
    ...(at !== undefined && { auth_time: at }),
  };
}
