/**
 * The door of the authorization server: discovery, the endpoints of the library behind what SMART adds to them, and the pages of a launch. It
 * answers on node:http before any framework reads a body. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { egress } from '../access/egress/egress.ts';
import { FhirError } from '../fhir/model/outcome.ts';
import { completeAnswers } from './answers.ts';
import { appState } from './app-state.ts';
import { askedOf, type Asked } from './asked.ts';
import { authorizeQuery } from './authorize.ts';
import { BRANDS_PATH } from './brands.ts';
import { clientAddress } from './client-address.ts';
import { clientKeys, type ClientKeys } from './client-keys.ts';
import { followSessions } from './devices.ts';
import { doorOf, SIGN_IN_PATH, SIGN_OUT_PATH } from './door.ts';
import type { SmartEndpoint } from './events.ts';
import * as http from './http.ts';
import { interact } from './interaction.ts';
import { introspectWithBearer } from './introspection.ts';
import { ownSignIn } from './own-sign-in.ts';
import { ROUTES, smartProvider } from './provider.ts';
import { brands, discover, openPreflight, style } from './published.ts';
import { forwardRegistration } from './registration.ts';
import { accountSecurity, type AccountSecurity } from './security.ts';
import { signOut, signOutPage } from './sign-out.ts';
import { signingKeys } from './signing-keys.ts';
import { STYLE_PATH } from './style.ts';
import type { SmartTenant } from './tenant.ts';
import { completeTokenForm, refreshKeys } from './token.ts';
import { CALLBACK_PATH, UPSTREAM_PATH } from './upstream/upstream.ts';
import { endUpstream, startUpstream } from './upstream/visit.ts';
import { userInfo } from './userinfo.ts';
import type { Door } from './visitor.ts';

export interface SmartOptions {
  /** the authorization server of a tenant, undefined where there is none */
  readonly tenant: (name: string) => Promise<SmartTenant | undefined>;
}

/** A tenant at work in this thread. */
export interface Running {
  readonly tenant: SmartTenant;
  readonly provider: Provider;
  readonly keys: ClientKeys;
}

export interface SmartServer {
  /** answers what is the authorization server's and gives false for anything else */
  readonly edge: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** for the pages of our own; undefined where there is no such tenant */
  readonly door: (tenant: string) => Promise<Door | undefined>;
  /** what a person does about their own sign-in */
  readonly security: (tenant: string) => Promise<AccountSecurity | undefined>;
}

export function smartServer(options: SmartOptions): SmartServer {
  const running = new Map<string, Kept>();
  const providerOf = (tenant: SmartTenant) => async () => (await runningFor(running, tenant)).provider;
  const forTenant = <T>(make: (tenant: SmartTenant, provider: () => Promise<Provider>) => T) => {
    const made = new WeakMap<SmartTenant, T>();
    return async (name: string): Promise<T | undefined> => {
      const tenant = await options.tenant(name);
      if (tenant && !made.has(tenant)) made.set(tenant, make(tenant, providerOf(tenant)));
      return tenant && made.get(tenant);
    };
  };
  return {
    edge: (request, response) => {
      const asked = askedOf(request.url ?? '');
      if (!asked) return false;
      void serve(options, running, asked, request, response).catch((error: unknown) => fail(response, error));
      return true;
    },
    door: forTenant(doorOf),
    security: forTenant(accountSecurity),
  };
}

interface Kept {
  readonly running: Running;
  readonly version: string;
  readonly checkedAt: number;
}

/** How long a thread goes on with a key set before it looks for a newer one: less than a new key waits before it signs. */
const KEYS_KEPT_MS = 30_000;

async function serve(
  options: SmartOptions,
  kept: Map<string, Kept>,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.headers['x-request-id'] = requestId(request.headers['x-request-id']);
  response.setHeader('x-request-id', request.headers['x-request-id']);
  response.setHeader('x-content-type-options', 'nosniff');
  const tenant = await options.tenant(asked.tenant);
  if (!tenant) return http.oauthError(response, 404, 'invalid_request', `There is no tenant ${asked.tenant}`);
  pinOrigin(tenant, request);
  try {
    await route(await runningFor(kept, tenant), asked, request, response);
  } catch (error) {
    if (!(error instanceof http.TooLarge)) throw error;
    http.oauthError(response, 413, 'invalid_request', 'The request body is too large', {
      connection: 'close',
    });
  }
}

const requestId = (sent: unknown): string =>
  typeof sent === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(sent) ? sent : randomUUID();

async function runningFor(kept: Map<string, Kept>, tenant: SmartTenant): Promise<Running> {
  const now = Date.now();
  const old = kept.get(tenant.name);
  if (old && now - old.checkedAt < KEYS_KEPT_MS) return old.running;
  const keySet = await signingKeys(tenant.tokens, tenant.keys, now);
  const running = old?.version === keySet.version ? old.running : start(tenant, keySet);
  kept.set(tenant.name, { running, version: keySet.version, checkedAt: now });
  return running;
}

function start(tenant: SmartTenant, keySet: Awaited<ReturnType<typeof signingKeys>>): Running {
  const keys = clientKeys(tenant.fetch ?? egress());
  const provider = smartProvider(tenant, keySet, keys.fetch);
  provider.proxy = true;
  completeAnswers(tenant, provider);
  followSessions(tenant, provider);
  return { tenant, provider, keys };
}

type Handler = (
  running: Running,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** Paths below the mount that are not, or not at once, the library's. */
const HANDLERS: readonly (readonly [path: RegExp, methods: readonly string[], handler: Handler])[] = [
  [/^\/\.well-known\/smart-configuration$/, ['GET', 'HEAD', 'OPTIONS'], discover],
  [new RegExp(`^${ROUTES.authorization}$`), ['GET', 'POST'], authorize],
  [new RegExp(`^${ROUTES.token}$`), ['POST', 'OPTIONS'], token],
  [new RegExp(`^${ROUTES.introspection}$`), ['POST', 'OPTIONS'], introspect],
  [new RegExp(`^${ROUTES.revocation}$`), ['POST', 'OPTIONS'], revoke],
  [new RegExp(`^${ROUTES.registration}$`), ['POST'], register],
  [new RegExp(`^${ROUTES.registration}/[^/]+$`), ['GET', 'PUT', 'DELETE'], register],
  [new RegExp(`^${ROUTES.end_session}$`), ['POST'], leave],
  [new RegExp(`^${SIGN_IN_PATH}$`), ['GET', 'HEAD', 'POST'], signInPage],
  [
    new RegExp(`^${UPSTREAM_PATH}$`),
    ['POST'],
    (running, _asked, request, response) => startUpstream({ ...running, request, response }),
  ],
  [
    new RegExp(`^${CALLBACK_PATH}$`),
    ['GET'],
    (running, { query }, request, response) => endUpstream({ ...running, request, response }, query),
  ],
  [new RegExp(`^${SIGN_OUT_PATH}$`), ['GET', 'HEAD', 'POST'], leavePage],
  [/^\/userinfo$/, ['GET', 'POST', 'OPTIONS'], whoIsIt],
  [/^\/interaction\/([A-Za-z0-9_-]{1,100})(?:\/(search|other))?$/, ['GET', 'POST'], pages],
  [/^\/state\/Basic(?:\/[A-Za-z0-9-]{1,64})?$/, ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'], state],
  [new RegExp(`^${BRANDS_PATH}$`), ['GET', 'HEAD', 'OPTIONS'], brands],
  [new RegExp(`^${STYLE_PATH.replace('.', '\\.')}$`), ['GET', 'HEAD', 'OPTIONS'], style],
];

async function route(
  running: Running,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const known = HANDLERS.find(([path]) => path.test(asked.path));
  if (!known) return forward(running, asked, request, response);
  const [, methods, handler] = known;
  if (methods.includes(request.method ?? '')) return handler(running, asked, request, response);
  const allow = methods.join(', ');
  http.oauthError(response, 405, 'invalid_request', `Use ${allow} here, not ${request.method ?? ''}`, {
    allow,
  });
}

/** Addresses and cookies are made for the origin of the settings, never for what the request claims. */
function pinOrigin({ origin, proxies }: SmartTenant, request: IncomingMessage): void {
  // Read before the header goes, and remembered.
  clientAddress(request, proxies);
  const { host, protocol } = new URL(origin);
  for (const name of ['x-forwarded-host', 'x-forwarded-for', 'forwarded', ':authority'])
    delete request.headers[name];
  request.headers.host = host;
  request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
}

/** Hands a request to the library. */
async function forward(
  { tenant, provider }: Running,
  { path, query }: Pick<Asked, 'path' | 'query'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.url = query === '' ? path : `${path}?${query}`;
  (request as { originalUrl?: string }).originalUrl = tenant.mount + request.url;
  await provider.callback()(request, response);
}

async function authorize(running: Running, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  const query = await authorizeQuery(running.tenant, request, response, asked.query);
  if (query === undefined) return;
  request.method = 'GET';
  delete request.headers['content-type'];
  await forward(running, { ...asked, query }, request, response);
}

async function token(running: Running, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  if (request.method === 'POST' && http.isForm(request)) {
    const { tenant, provider, keys } = running;
    const form = await http.readForm(request);
    await refreshKeys(provider, keys, form);
    const completed = await completeTokenForm(tenant, provider, form, request.headers.authorization);
    http.replay(request, completed.toString());
  }
  await forward(running, asked, request, response);
}

async function introspect(
  running: Running,
  asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'POST' && http.isForm(request)) {
    const form = await http.readForm(request);
    if (/^Bearer /i.test(request.headers.authorization ?? '')) {
      note(running.tenant, 'introspect', request, response);
      return introspectWithBearer(running.tenant, running.provider, request, response, form);
    }
    await refreshKeys(running.provider, running.keys, form);
    http.replay(request, form.toString());
  }
  await forward(running, asked, request, response);
}

async function revoke(running: Running, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  if (request.method === 'POST' && http.isForm(request)) {
    const form = await http.readForm(request);
    await refreshKeys(running.provider, running.keys, form);
    http.replay(request, form.toString());
  }
  await forward(running, asked, request, response);
}

async function register(running: Running, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  if (await forwardRegistration(running, request, response)) await forward(running, asked, request, response);
}

/** Notes how a request ends that the library does not see. */
function note(
  { observe, name }: SmartTenant,
  endpoint: SmartEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.once('finish', () => {
    const { statusCode: status } = response;
    const outcome = status < 400 ? 'done' : status < 500 ? 'refused' : 'failed';
    const requestId = String(request.headers['x-request-id']);
    observe({ at: Date.now(), tenant: name, endpoint, outcome, requestId });
  });
}

async function whoIsIt(
  { tenant }: Running,
  _asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'OPTIONS') return openPreflight(response);
  note(tenant, 'userinfo', request, response);
  await userInfo(tenant, request, response, http.OPEN_CORS);
}

async function state(
  { tenant }: Running,
  { path, query }: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const [, , , id] = path.split('/');
  note(tenant, 'app-state', request, response);
  await appState(tenant, request, response, id, new URLSearchParams(query));
}

async function leave(
  { tenant, provider }: Running,
  _asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  await signOut(tenant, provider, request, response);
}

async function leavePage(
  { tenant, provider }: Running,
  _asked: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  await signOutPage(tenant, provider, request, response);
}

async function signInPage(
  { tenant, provider }: Running,
  { query }: Asked,
  request: IncomingMessage,
  response: ServerResponse,
) {
  await ownSignIn(tenant, provider, request, response, query);
}

async function pages(running: Running, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  const [, uid, part] = /^\/interaction\/([^/]+)(?:\/(\w+))?$/.exec(asked.path)!;
  await interact(running, request, response, { uid: uid!, part, query: asked.query });
}

/** What no one foresaw: no detail for the client, the connection closed where the answer has begun. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  // The trail or the store cannot be written for the moment.
  if (error instanceof FhirError && error.status === 503)
    return http.oauthError(response, 503, 'temporarily_unavailable', error.message, { 'retry-after': '1' });
  http.oauthError(response, 500, 'server_error', 'The server failed to answer this', { connection: 'close' });
}
