/**
 * Signing out of this place: the session ends, and what was to last as long as it. By POST alone; the cookie of the session is not sent along from
 * other sites. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-a-refresh-token
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { browserSession, closeSession } from './browser-session.ts';
import { SIGN_OUT_PATH } from './door.ts';
import { formProof, provesForm } from './form-proof.ts';
import { isForm, readForm, seeOther, send } from './http.ts';
import { noteSignOut } from './sign-in-note.ts';
import type { SmartTenant } from './tenant.ts';

export async function signOut(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const ended = await closeSession(tenant, provider, request, response);
  const account = ended && (await tenant.accounts.find(ended.accountId));
  if (ended && account)
    await noteSignOut(tenant, account, ended.uid, String(request.headers['x-request-id']));
  seeOther(response, `${tenant.origin}/`);
}

/** `/sign-out`: asks on GET, does it on POST with the proof of any form of our own pages. */
export async function signOutPage(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const session = await browserSession(provider, request, response);
  if (!session) return seeOther(response, `${tenant.origin}/`);
  const maker = { accountId: session.accountId, sessionUid: session.uid };
  const isSent = request.method === 'POST' && isForm(request);
  const csrf = isSent ? ((await readForm(request)).get('csrf') ?? '') : '';
  if (isSent && provesForm(tenant.keys, maker, csrf)) return signOut(tenant, provider, request, response);
  const account = await tenant.accounts.find(session.accountId);
  const form = { action: tenant.mount + SIGN_OUT_PATH, csrf: formProof(tenant.keys, maker) };
  const page = tenant.pages.signOut({ form, site: tenant.site, name: account?.name ?? '' });
  send(response, isSent ? 403 : 200, page, tenant.pages.headers);
}
