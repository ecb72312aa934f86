/**
 * App state: small settings that an app keeps here, as Basic resources at an endpoint of their own, apart from the record. Each app sees its own
 * alone; what belongs to a patient or user only with a token for that patient or user. https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessTokenPayload } from '../access/access-token.ts';
import type { TokenRecord } from '../store/ports.ts';
import { bearerOf, refuseBearer } from './bearer.ts';
import { checkState, stateAllowed, type StateResource } from './app-state-rules.ts';
import * as http from './http.ts';
import type { SmartTenant } from './tenant.ts';

const MODEL = 'AppState';
export const MOST_STATE_BYTES = 256 * 1024;
/** How many an app may keep. */
const MOST_STATES = 1000;

interface Call {
  readonly tenant: SmartTenant;
  readonly token: AccessTokenPayload;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly isOperator: boolean;
  /** `system|code` that the operator lets this app share with others */
  readonly shared: readonly string[];
}

interface Kept {
  readonly record: TokenRecord;
  readonly state: StateResource;
}

/** Answers at `/state/Basic` and `/state/Basic/{id}`. */
export async function appState(
  tenant: SmartTenant,
  request: IncomingMessage,
  response: ServerResponse,
  id: string | undefined,
  query: URLSearchParams,
): Promise<void> {
  Object.entries(CORS).forEach(([name, value]) => response.setHeader(name, value));
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const token = await bearerOf(tenant, request);
  if (!token) return refuseBearer(response, tenant);
  const account = token.accountId === undefined ? undefined : await tenant.accounts.find(token.accountId);
  const isOperator = account?.role === 'operator';
  const call = {
    tenant,
    token,
    request,
    response,
    isOperator,
    shared: await sharedCodes(tenant, token.clientId),
  };
  const kind = `${request.method ?? ''} ${id === undefined ? 'all' : 'one'}`;
  const answer = ANSWERS[kind];
  if (!answer)
    return outcome(call, 405, 'not-supported', 'Use POST or GET /Basic, PUT or DELETE /Basic/[id]');
  await answer(call, id ?? '', query);
}

async function sharedCodes({ tokens }: SmartTenant, clientId: string): Promise<readonly string[]> {
  const record = await tokens.find('Client', clientId, Date.now());
  const { state_codes: codes } = (record ? JSON.parse(record.payload) : {}) as { state_codes?: unknown };
  return Array.isArray(codes) ? codes.map(String) : [];
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  'access-control-allow-headers': 'Accept, Authorization, Content-Type, If-Match',
  'access-control-expose-headers': 'ETag, Location',
  'cache-control': 'no-store',
} as const;

const ANSWERS: Readonly<Record<string, (call: Call, id: string, query: URLSearchParams) => Promise<void>>> = {
  'POST all': create,
  'GET all': search,
  'PUT one': update,
  'DELETE one': remove,
};

async function create(call: Call): Promise<void> {
  const { tenant, token } = call;
  const sent = await resourceOf(call);
  if (!sent || !mayTouch(call, sent, 'c')) return;
  if (sent.id !== undefined || sent.meta?.versionId !== undefined)
    return outcome(call, 400, 'invariant', 'id and meta.versionId are given here: leave them out');
  const own = await tenant.tokens.findBy('clientId', token.clientId, Date.now(), {
    model: MODEL,
    limit: MOST_STATES,
  });
  if (own.length >= MOST_STATES)
    return outcome(call, 422, 'too-costly', `An app keeps ${MOST_STATES} states at most`);
  const id = randomUUID();
  const state = { ...sent, id, meta: { ...sent.meta, versionId: '1' } };
  await tenant.tokens.put(keptAs(state, token.clientId));
  sendState(call, 201, state, { location: `${tenant.origin}${tenant.mount}/state/Basic/${id}` });
}

async function update(call: Call, id: string): Promise<void> {
  const kept = await current(call, id);
  if (!kept) return;
  const sent = await resourceOf(call);
  if (!sent || !mayTouch(call, kept.state, 'u')) return;
  if (sent.id !== id) return outcome(call, 400, 'invariant', 'id must be that of the address');
  if (subjectOf(sent) !== subjectOf(kept.state) || codeOf(sent) !== codeOf(kept.state))
    return outcome(
      call,
      412,
      'conflict',
      'subject and code cannot change: delete this state and make another one',
    );
  const versionId = String(Number(kept.state.meta?.versionId ?? 0) + 1);
  const state = { ...sent, meta: { ...sent.meta, versionId } };
  if (!(await replace(call, kept, keptAs(state, kept.record.clientId)))) return stale(call);
  sendState(call, 200, state);
}

async function remove(call: Call, id: string): Promise<void> {
  const kept = await current(call, id);
  if (!kept || !mayTouch(call, kept.state, 'd')) return;
  if (!(await replace(call, kept, undefined))) return stale(call);
  call.response.writeHead(204).end();
}

async function search(call: Call, _id: string, query: URLSearchParams): Promise<void> {
  const code = query.get('code');
  const subject = query.get('subject');
  const isGlobal = query.get('subject:missing') === 'true';
  if (code === null || (subject === null) === !isGlobal)
    return outcome(call, 400, 'invalid', 'Ask with code and either subject or subject:missing=true');
  const { tokens } = call.tenant;
  const records = await tokens.findBy('uid', code, Date.now(), { model: MODEL, limit: MOST_STATES });
  const states = records
    .filter(({ clientId }) => isTheirs(call, clientId, code))
    .map(({ payload }) => JSON.parse(payload) as StateResource)
    .filter((state) => subjectOf(state) === (subject ?? undefined))
    .filter((state) => allows(call, state, 's'));
  const entry = states.map((resource) => ({
    fullUrl: addressOf(call, resource.id!),
    resource,
    search: { mode: 'match' },
  }));
  sendFhir(call, 200, { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry });
}

/** A change is done in this time (ms); then the version itself tells. */
const CHANGE_MS = 30_000;

/** Of two changes to one version one wins: whoever takes its mark. */
async function replace(
  { tenant: { tokens } }: Call,
  { record, state }: Kept,
  next: TokenRecord | undefined,
): Promise<boolean> {
  const now = Date.now();
  const mark = {
    model: 'AppStateChange',
    id: `${record.id} ${state.meta?.versionId}`,
    payload: '{}',
    expiresAt: now + CHANGE_MS,
  };
  if (!(await tokens.add(mark, now))) return false;
  if (next) await tokens.put(next);
  else await tokens.remove(MODEL, record.id);
  return true;
}

/** The state of this app that If-Match names; the answer is out where there is none. */
async function current(call: Call, id: string): Promise<Kept | undefined> {
  const record = await call.tenant.tokens.find(MODEL, id, Date.now());
  const match = call.request.headers['if-match'];
  if (match === undefined) {
    outcome(call, 400, 'required', 'If-Match is missing: send the ETag of the version that you have seen');
    return undefined;
  }
  const state = record && (JSON.parse(record.payload) as StateResource);
  if (
    !record ||
    !state ||
    !isTheirs(call, record.clientId, codeOf(state)) ||
    etagOf(state) !== match.trim()
  ) {
    stale(call);
    return undefined;
  }
  return { record, state };
}

/** An app's own, or of a code that the operator lets it share. */
const isTheirs = ({ token, shared }: Call, clientId: string | undefined, code: string): boolean =>
  clientId === token.clientId || shared.includes(code);

const stale = (call: Call): void =>
  outcome(call, 412, 'conflict', 'There is no such state of this app in that version: read it again');

async function resourceOf(call: Call): Promise<StateResource | undefined> {
  const { request, tenant } = call;
  const body = await http.readBody(request, MOST_STATE_BYTES);
  const checked = checkState(body.toString('utf8'), tenant.base);
  if ('state' in checked) return checked.state;
  outcome(call, checked.status, checked.code, checked.fault);
  return undefined;
}

/** The app's scopes have to allow it, and what is about someone is for tokens about them. */
function mayTouch(call: Call, state: StateResource, letter: string): boolean {
  if (allows(call, state, letter)) return true;
  outcome(
    call,
    403,
    'forbidden',
    `The access token does not allow this: it needs a scope such as user/Basic.${letter}, and the subject in context`,
  );
  return false;
}

function allows({ tenant, token, isOperator }: Call, state: StateResource, letter: string): boolean {
  const { base } = tenant;
  return stateAllowed(token, { subject: subjectOf(state), code: codeOf(state), letter, base, isOperator });
}

/** Found by its code: `uid` is the lookup that is free. */
function keptAs(state: StateResource, clientId: string | undefined): TokenRecord {
  const kept = { model: MODEL, id: state.id!, uid: codeOf(state), payload: JSON.stringify(state) };
  return clientId === undefined ? kept : { ...kept, clientId };
}

const subjectOf = ({ subject }: StateResource): string | undefined => subject?.reference;

const codeOf = ({ code }: StateResource): string => {
  const [coding] = code.coding;
  return `${coding?.system ?? ''}|${coding?.code ?? ''}`;
};

const etagOf = ({ meta }: StateResource): string => `W/"${meta?.versionId ?? ''}"`;

const addressOf = ({ tenant }: Call, id: string): string =>
  `${tenant.origin}${tenant.mount}/state/Basic/${id}`;

function sendState(call: Call, status: number, state: StateResource, headers: http.Headers = {}): void {
  sendFhir(call, status, state, { etag: etagOf(state), ...headers });
}

function sendFhir({ response }: Call, status: number, body: object, headers: http.Headers = {}): void {
  http.sendJson(response, status, body, {
    'content-type': 'application/fhir+json; charset=utf-8',
    ...headers,
  });
}

function outcome(call: Call, status: number, code: string, diagnostics: string): void {
  const issue = [{ severity: 'error', code, diagnostics }];
  sendFhir(call, status, { resourceType: 'OperationOutcome', issue });
}
