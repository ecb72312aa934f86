/** The token of a request to an endpoint of ours that is not FHIR. https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACCESS_TOKEN_MODELS, secretId, type AccessTokenPayload } from '../access/access-token.ts';
import { oauthError } from './http.ts';
import type { SmartTenant } from './tenant.ts';

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/i;

/** undefined: there is none that is good here. */
export async function bearerOf(
  tenant: SmartTenant,
  request: IncomingMessage,
): Promise<AccessTokenPayload | undefined> {
  const [, token] = BEARER.exec(request.headers.authorization ?? '') ?? [];
  return token === undefined ? undefined : accessToken(tenant, token);
}

/** The living access token of this tenant with this value. */
export async function accessToken(
  { tokens, base }: SmartTenant,
  token: string,
): Promise<AccessTokenPayload | undefined> {
  const now = Date.now();
  for (const model of ACCESS_TOKEN_MODELS) {
    const record = await tokens.find(model, secretId(token), now);
    if (!record) continue;
    const payload = JSON.parse(record.payload) as AccessTokenPayload;
    if (payload.exp * 1000 > now && [payload.aud].flat().includes(base)) return payload;
  }
  return undefined;
}

export function refuseBearer(
  response: ServerResponse,
  tenant: SmartTenant,
  cors: Readonly<Record<string, string>> = {},
): void {
  const description = 'The access token is missing, unknown or expired';
  oauthError(response, 401, 'invalid_token', description, {
    'www-authenticate': `Bearer realm="${tenant.base}", error="invalid_token", error_description="${description}"`,
    ...cors,
  });
}
