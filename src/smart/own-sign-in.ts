/**
 * `/sign-in`: signing in without an app, for the pages of our own. It comes back to the path that it was asked from.
 * https://openid.net/specs/openid-connect-core-1_0.html#Authenticates
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { ACR, acrOf, isAcr, isAtLeast } from './acr.ts';
import { acrInWords } from './acr-asked.ts';
import { browserSession, openSession, type BrowserSession } from './browser-session.ts';
import { clientAddress } from './client-address.ts';
import { deviceOf, formMark, keepDevice, newMark } from './device-cookie.ts';
import { meets, signInAddress } from './door.ts';
import { isForm, readForm, seeOther, send } from './http.ts';
import { ownPath } from './return-path.ts';
import { cameBack, providerButton } from './upstream/visit.ts';
import { afterFirst, showSignIn, takeSignIn, type Asking, type SignInOutcome } from './sign-in.ts';
import type { SmartTenant, UserAccount } from './tenant.ts';
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
  const current = await currentOf(visit);
  const mark = formMark(request, response, tenant);
  const asking = askingOf(visit, mark, current);
  if (request.method !== 'POST') {
    const account = await cameBack(tenant, query, mark);
    if (account) return answer(visit, asking, await afterFirst(asking, account, 'fed'));
    if (current && meets(current.session, visit.asked, Date.now())) return goOn(visit);
    return answer(visit, asking, await showSignIn(asking, current?.account.username));
  }
  const fields = isForm(request) ? await readForm(request) : new URLSearchParams();
  if (!tenant.keys.proves(fields.get('csrf') ?? '', `sign-in ${mark}`))
    return answer(visit, asking, { ...(await showSignIn(asking)), status: 403 });
  return answer(visit, asking, await takeSignIn(asking, fields));
}

interface Current {
  readonly session: BrowserSession;
  readonly account: UserAccount;
}

/** Who is signed in already, and asked again. */
async function currentOf({ tenant, provider, request, response }: Visit): Promise<Current | undefined> {
  const session = await browserSession(provider, request, response);
  const account = session && (await tenant.accounts.find(session.accountId));
  return session && account && !account.disabled ? { session, account } : undefined;
}

function assuranceOf(parameters: URLSearchParams): Assurance {
  const acr = parameters.get('acr') ?? '';
  const maxAge = parameters.get('max_age') ?? '';
  return { ...(isAcr(acr) && { acr }), ...(/^\d{1,9}$/.test(maxAge) && { maxAge: Number(maxAge) }) };
}

function askingOf(
  { tenant, request, returnTo, asked }: Visit,
  mark: string,
  current: Current | undefined,
): Asking {
  const why = current && whyAgain(current.session, asked);
  return {
    tenant,
    form: { action: signInAddress(tenant, returnTo, asked), csrf: tenant.keys.proof(`sign-in ${mark}`) },
    others: providerButton(tenant, mark, { kind: 'own', returnTo, asked }),
    address: clientAddress(request, tenant.proxies),
    device: deviceOf(request, tenant) ?? newMark(),
    requestId: String(request.headers['x-request-id']),
    ...(why !== undefined && { why }),
    ...(current && { again: current.account.id }),
  };
}

function whyAgain({ acr }: BrowserSession, asked: Assurance): string {
  return asked.acr !== undefined && !isAtLeast(acr, asked.acr)
    ? `What you are opening asks for ${acrInWords(asked.acr)}.`
    : 'It is a while since you signed in. Show that it is still you.';
}

async function answer(visit: Visit, { device }: Asking, outcome: SignInOutcome): Promise<void> {
  const { tenant, provider, request, response, asked } = visit;
  if ('page' in outcome) {
    if (outcome.retryAfter !== undefined) response.setHeader('retry-after', String(outcome.retryAfter));
    return send(response, outcome.status ?? 200, outcome.page, tenant.pages.headers);
  }
  const { account, methods } = outcome.signedIn;
  await openSession(tenant, provider, request, response, { accountId: account.id, methods });
  keepDevice(response, tenant, device);
  if (asked.acr !== undefined && !isAtLeast(acrOf(methods), asked.acr)) return setUpFirst(visit);
  goOn(visit);
}

/** Where an account gets what it lacks; from there the way goes on. */
function setUpFirst({ tenant, response, returnTo, asked }: Visit): void {
  const query = new URLSearchParams({
    need: asked.acr === ACR.phr ? 'passkey' : 'second-step',
    return: returnTo,
  });
  seeOther(response, `${tenant.origin}/account/security?${query.toString()}`);
}

const goOn = ({ tenant, response, returnTo }: Visit): void => seeOther(response, tenant.origin + returnTo);
