/**
 * The way to another provider and back: a form of ours starts it, what the browser has to bring back is kept sealed and taken once, and the browser that
 * started is the one that ends. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { secretId } from '../../access/access-token.ts';
import { browserSession } from '../browser-session.ts';
import { formMark } from '../device-cookie.ts';
import { meets, signInAddress } from '../door.ts';
import { problemView } from '../explain.ts';
import { provesForm } from '../form-proof.ts';
import { isForm, readForm, seeOther, send } from '../http.ts';
import type { OtherProviderView } from '../pages.ts';
import type { Problem } from '../problem.ts';
import { personOf } from '../sign-in-note.ts';
import type { SmartTenant, UserAccount } from '../tenant.ts';
import { FRESH_SECONDS } from '../visitor.ts';
import type { Back } from './back.ts';
import { addLink, linkedAccount } from './links.ts';
import {
  UPSTREAM_PATH,
  upstreamAddress,
  upstreamPerson,
  type Checks,
  type UpstreamPerson,
} from './upstream.ts';

interface Started extends Checks {
  readonly back: Back;
  /** of the browser */
  readonly mark: string;
}

const STATE = 'UpstreamState';
const RESULT = 'UpstreamResult';
const STATE_MS = 10 * 60_000;
const RESULT_MS = 2 * 60_000;
/** Of the address of a sign-in page: names a result. */
export const RESULT_PARAMETER = 'with';

const subjectOf = (mark: string): string => `upstream ${mark}`;

/** The button of a sign-in page. */
export function providerButton(tenant: SmartTenant, mark: string, back: Back): readonly OtherProviderView[] {
  const { upstream, keys, mount } = tenant;
  if (!upstream) return [];
  const form = { action: mount + UPSTREAM_PATH, csrf: keys.proof(subjectOf(mark)) };
  return [{ form, name: upstream.name, back: keys.seal(JSON.stringify(back)) }];
}

export interface UpstreamVisit {
  readonly tenant: SmartTenant;
  readonly provider: Provider;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** POST `/upstream` */
export async function startUpstream(visit: UpstreamVisit): Promise<void> {
  const { tenant, request, response } = visit;
  const { upstream } = tenant;
  const fields = isForm(request) ? await readForm(request) : new URLSearchParams();
  const mark = formMark(request, response, tenant);
  const back = backOf(tenant, fields.get('back') ?? '');
  if (!upstream || !back || !(await isProven(visit, back, mark, fields.get('csrf') ?? '')))
    return showProblem(visit, { kind: 'session' });
  const started = await quiet(() => upstreamAddress(tenant, upstream, isAgain(back)));
  if (!started) return showProblem(visit, { kind: 'upstream', fault: 'away', name: upstream.name });
  const { address, checks } = started;
  const kept: Started = { ...checks, back, mark };
  await keep(tenant, STATE, checks.state, kept, STATE_MS);
  seeOther(response, address);
}

/** Who is to prove themselves anew must do so there, too. */
const isAgain = (back: Back): boolean => back.kind === 'own' && back.asked.maxAge !== undefined;

function backOf({ keys }: SmartTenant, sealed: string): Back | undefined {
  try {
    return JSON.parse(keys.open(sealed)) as Back;
  } catch {
    return undefined;
  }
}

/** A sign-in is proved by the browser's mark; a link by the session of who links, which has to be fresh. */
async function isProven(visit: UpstreamVisit, back: Back, mark: string, csrf: string): Promise<boolean> {
  const { keys } = visit.tenant;
  if (back.kind !== 'link') return keys.proves(csrf, subjectOf(mark));
  const session = await sessionOf(visit, back);
  return (
    session !== undefined &&
    provesForm(keys, back, csrf) &&
    meets(session, { maxAge: FRESH_SECONDS }, Date.now())
  );
}

async function sessionOf(
  { provider, request, response }: UpstreamVisit,
  back: Extract<Back, { kind: 'link' }>,
) {
  const session = await browserSession(provider, request, response);
  return session?.uid === back.sessionUid && session.accountId === back.accountId ? session : undefined;
}

async function keep(
  { tokens, keys }: SmartTenant,
  model: string,
  secret: string,
  what: object,
  ms: number,
): Promise<void> {
  const payload = JSON.stringify({ sealed: keys.seal(JSON.stringify(what)) });
  await tokens.put({ model, id: secretId(secret), payload, expiresAt: Date.now() + ms });
}

/** Takes what was kept; of two who bring the same one is heard. */
async function takeKept<T>(
  { tokens, keys }: SmartTenant,
  model: string,
  secret: string,
): Promise<T | undefined> {
  const id = secretId(secret);
  const record = await tokens.find(model, id, Date.now());
  if (!record || !(await tokens.consume(model, id, Date.now()))) return undefined;
  await tokens.remove(model, id);
  return JSON.parse(keys.open((JSON.parse(record.payload) as { sealed: string }).sealed)) as T;
}

/** GET `/upstream/callback` */
export async function endUpstream(visit: UpstreamVisit, query: string): Promise<void> {
  const { tenant, request, response } = visit;
  const { upstream } = tenant;
  const state = new URLSearchParams(query).get('state') ?? '';
  const started = await takeKept<Started>(tenant, STATE, state);
  if (!upstream || !started || started.mark !== formMark(request, response, tenant))
    return showProblem(visit, { kind: 'session' });
  const person = await quiet(() => upstreamPerson(tenant, upstream, query, started));
  if (!person) {
    await note(visit, undefined, 'refused', `${upstream.name}: the answer does not hold`);
    return showProblem(visit, { kind: 'upstream', fault: 'refused', name: upstream.name });
  }
  if (started.back.kind === 'link') return link(visit, started.back, person);
  const accountId = await linkedAccount(tenant.tokens, upstream, person, Date.now());
  const account = accountId === undefined ? undefined : await tenant.accounts.find(accountId);
  if (!account || account.disabled) {
    await note(visit, account, 'refused', account ? 'the account is switched off' : 'linked to no account');
    return showProblem(visit, { kind: 'upstream', fault: 'unknown', name: upstream.name });
  }
  seeOther(response, await wayBack(tenant, started, account.id));
}

/** The sign-in page goes on with who it was: it asks for the second step where there is one. */
async function wayBack(tenant: SmartTenant, { back, mark }: Started, accountId: string): Promise<string> {
  const result = randomBytes(24).toString('base64url');
  await keep(tenant, RESULT, result, { accountId, mark }, RESULT_MS);
  if (back.kind === 'own')
    return `${tenant.origin}${signInAddress(tenant, back.returnTo, back.asked)}&${RESULT_PARAMETER}=${result}`;
  const { uid } = back as Extract<Back, { kind: 'step' }>;
  return `${tenant.origin}${tenant.mount}/interaction/${uid}?${RESULT_PARAMETER}=${result}`;
}

/** Who has come back to a sign-in page of this browser; undefined: nobody, or a moment too late. */
export async function cameBack(
  tenant: SmartTenant,
  query: string,
  mark: string,
): Promise<UserAccount | undefined> {
  const result = new URLSearchParams(query).get(RESULT_PARAMETER);
  if (result === null) return undefined;
  const kept = await takeKept<{ accountId: string; mark: string }>(tenant, RESULT, result);
  const account = kept?.mark === mark ? await tenant.accounts.find(kept.accountId) : undefined;
  return account?.disabled ? undefined : account;
}

async function link(
  visit: UpstreamVisit,
  back: Extract<Back, { kind: 'link' }>,
  person: UpstreamPerson,
): Promise<void> {
  const { tenant, response } = visit;
  const account = (await sessionOf(visit, back)) && (await tenant.accounts.find(back.accountId));
  if (!account || account.disabled) return showProblem(visit, { kind: 'session' });
  if (!(await addLink(tenant.tokens, account.id, person, Date.now())))
    return showProblem(visit, { kind: 'upstream', fault: 'taken', name: tenant.upstream!.name });
  await note(visit, account, 'done', 'linked to another provider');
  seeOther(response, `${tenant.origin}/account/security?done=link`);
}

async function quiet<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

function note(
  { tenant, request }: UpstreamVisit,
  account: UserAccount | undefined,
  outcome: 'done' | 'refused',
  reason: string,
) {
  return tenant.audit.note({
    at: Date.now(),
    happening: outcome === 'done' ? 'administration' : 'sign-in',
    outcome,
    who: account ? personOf(account) : { kind: 'nobody' },
    requestId: String(request.headers['x-request-id']),
    reason,
  });
}

function showProblem({ tenant, request, response }: UpstreamVisit, problem: Problem): void {
  const requestId = String(request.headers['x-request-id']);
  const view = problemView(problem, requestId);
  tenant.observe({
    at: Date.now(),
    tenant: tenant.name,
    endpoint: 'interaction',
    outcome: 'refused',
    problem,
    requestId,
  });
  send(response, view.status, tenant.pages.problem(view), tenant.pages.headers);
}
