/**
 * Signing out of this place: the session ends, and what was to last as long as it. By POST alone; the cookie of the session is not sent along from
 * other sites. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-a-refresh-token
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { endSession } from './grant.ts';
import { seeOther } from './http.ts';
import type { SmartTenant } from './tenant.ts';

export async function signOut(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const ctx = provider.createContext(request, response);
  const session = await provider.Session.get(ctx);
  if (session.accountId !== undefined) await endSession(tenant.tokens, session.uid);
  ctx.cookies.set(provider.cookieName('session'), null);
  seeOther(response, `${tenant.origin}/`);
}
