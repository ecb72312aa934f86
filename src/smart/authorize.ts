/**
 * Before the authorization endpoint: POST becomes the GET that it means, and `offline_access` gets the prompt that OpenID Connect wants for it and
 * SMART apps never send. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isForm, oauthError, readForm, seeOther } from './http.ts';
import { hasScope } from './scope-policy.ts';
import type { SmartTenant } from './tenant.ts';
import { ROUTES } from './provider.ts';

/** Longer addresses are not safe with every proxy. */
const MOST_ADDRESS = 7000;

/** Gives the query to go on with; undefined: the answer is out already. */
export async function authorizeQuery(
  tenant: SmartTenant,
  request: IncomingMessage,
  response: ServerResponse,
  query: string,
): Promise<string | undefined> {
  if (request.method !== 'POST') return withPrompt(query);
  if (!isForm(request)) {
    oauthError(response, 400, 'invalid_request', 'POST the parameters as application/x-www-form-urlencoded');
    return undefined;
  }
  const posted = (await readForm(request)).toString();
  if (posted.length > MOST_ADDRESS) return withPrompt(posted);
  // A cross-site POST brings no session cookie; the GET that follows does.
  seeOther(response, `${tenant.origin}${tenant.mount}${ROUTES.authorization}?${posted}`);
  return undefined;
}

function withPrompt(query: string): string {
  const parameters = new URLSearchParams(query);
  const prompt = parameters.getAll('prompt');
  if (!hasScope(parameters.get('scope') ?? undefined, 'offline_access') || prompt.length > 1) return query;
  const asked = (prompt[0] ?? '').split(' ').filter(Boolean);
  if (asked.includes('none') || asked.includes('consent')) return query;
  parameters.set('prompt', [...asked, 'consent'].join(' '));
  return parameters.toString();
}
