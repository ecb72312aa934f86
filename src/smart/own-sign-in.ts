/**
 * `/sign-in`: signing in without an app, for the pages of our own. It comes back to the path that it was asked from.
 * https://openid.net/specs/openid-connect-core-1_0.html#Authenticates
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { isAcr } from './acr.ts';
import { browserSession, openSession } from './browser-session.ts';
import { clientAddress } from './client-address.ts';
import { deviceOf, formMark, keepDevice, newMark } from './device-cookie.ts';
import { meets, signInAddress } from './door.ts';
import { isForm, readForm, seeOther, send } from './http.ts';
import { ownPath } from './return-path.ts';
import { showSignIn, takeSignIn, type Asking, type SignInOutcome } from './sign-in.ts';
import type { SmartTenant } from './tenant.ts';
import type { Assurance } from './visitor.ts';

interface Visit {
  readonly tenant: SmartTenant;
  readonly provider: Provider;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly returnTo: string;
  readonly asked: Assurance;
}

export async function ownSignIn(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  query: string,
): Promise<void> {
  const parameters = new URLSearchParams(query);
  const returnTo = ownPath(tenant, parameters.get('return'));
  const visit: Visit = { tenant, provider, request, response, returnTo, asked: assuranceOf(parameters) };
  const mark = formMark(request, response, tenant);
  const asking = askingOf(visit, tenant.keys.proof(`sign-in ${mark}`));
  if (request.method !== 'POST') {
    if (await isEnough(visit)) return goOn(visit);
    return answer(visit, asking, await showSignIn(asking));
  }
  const fields = isForm(request) ? await readForm(request) : new URLSearchParams();
  if (!tenant.keys.proves(fields.get('csrf') ?? '', `sign-in ${mark}`))
    return answer(visit, asking, { ...(await showSignIn(asking)), status: 403 });
  return answer(visit, asking, await takeSignIn(asking, fields));
}

function assuranceOf(parameters: URLSearchParams): Assurance {
  const acr = parameters.get('acr') ?? '';
  const maxAge = parameters.get('max_age') ?? '';
  return { ...(isAcr(acr) && { acr }), ...(/^\d{1,9}$/.test(maxAge) && { maxAge: Number(maxAge) }) };
}

async function isEnough({ tenant, provider, request, response, asked }: Visit): Promise<boolean> {
  const session = await browserSession(provider, request, response);
  const account = session && (await tenant.accounts.find(session.accountId));
  return (
    session !== undefined && account !== undefined && !account.disabled && meets(session, asked, Date.now())
  );
}

function askingOf({ tenant, request, returnTo, asked }: Visit, csrf: string): Asking {
  return {
    tenant,
    form: { action: signInAddress(tenant, returnTo, asked), csrf },
    address: clientAddress(request, tenant.proxies),
    device: deviceOf(request) ?? newMark(),
  };
}

async function answer(visit: Visit, { device }: Asking, outcome: SignInOutcome): Promise<void> {
  const { tenant, provider, request, response } = visit;
  if ('page' in outcome) {
    if (outcome.retryAfter !== undefined) response.setHeader('retry-after', String(outcome.retryAfter));
    return send(response, outcome.status ?? 200, outcome.page, tenant.pages.headers);
  }
  const { account, methods } = outcome.signedIn;
  await openSession(tenant, provider, request, response, { accountId: account.id, methods });
  keepDevice(response, tenant, device);
  goOn(visit);
}

const goOn = ({ tenant, response, returnTo }: Visit): void => seeOther(response, tenant.origin + returnTo);
