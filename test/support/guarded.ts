/** A server that asks for tokens, in this process on a free port, with its store at hand so that tokens can be put straight into it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { secretId, type AccessTokenPayload, type TokenExtra } from '../../src/access/access-token.ts';
import { OPEN_ACCESS } from '../../src/access/context.ts';
import { compose, type Composition } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import type { JsonObject } from '../../src/fhir/model/tree.ts';
import { dispatch } from '../../src/rest/dispatch.ts';
import type { TenantStore } from '../../src/store/ports.ts';
import { apiOf, type Api } from './api.ts';

/** What a token says; sensible for a person's app where left out. */
export interface TokenSpec {
  readonly scope: string;
  readonly extra?: TokenExtra;
  readonly kind?: AccessTokenPayload['kind'];
  readonly clientId?: string;
  readonly accountId?: string;
  readonly aud?: string | undefined;
  /** seconds from now */
  readonly lives?: number;
  /** further fields of the payload */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Guarded {
  readonly base: string;
  readonly composition: Composition;
  readonly store: TenantStore;
  /** puts a token into the store and gives it as a client has it */
  issue(spec: TokenSpec): Promise<string>;
  /** a client that sends this token */
  as(token: string): Api;
  /** a new token and a client with it */
  client(spec: TokenSpec): Promise<Api>;
  /** writes without a token, past the guard: a transaction of the server itself */
  load(bundle: JsonObject): Promise<void>;
  stop(): Promise<void>;
}

export async function startGuarded(environment: Record<string, string>): Promise<Guarded> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = readConfig({
    ACCESS: 'smart',
    PUBLIC_URL: origin,
    DEMO: 'off',
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const observe = ({ failure }: { failure?: unknown }): void => {
    if (failure !== undefined) console.error('a request failed', failure);
  };
  const composition = await compose(config, { version: 'test', observe });
  server.on('request', (request, response) => {
    if (!composition.edge(request, response)) response.writeHead(404).end();
  });
  const base = `${origin}/fhir`;
  const { store } = (await composition.record('default'))!;
  const issue = async (spec: TokenSpec): Promise<string> => {
    const token = randomBytes(32).toString('base64url');
    await store.tokens.put(tokenRecord(secretId(token), spec, base));
    return token;
  };
  const as = (token: string): Api => bearing(apiOf(base), token);
  return {
    base,
    composition,
    store,
    issue,
    as,
    client: async (spec) => as(await issue(spec)),
    load: (bundle) => load(composition, base, bundle),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await composition.close();
    },
  };
}

function tokenRecord(id: string, spec: TokenSpec, base: string) {
  const { scope, extra, kind = 'AccessToken', clientId = 'app', lives = 3600, more } = spec;
  const accountId = kind === 'AccessToken' ? (spec.accountId ?? 'account') : undefined;
  const iat = Math.floor(Date.now() / 1000);
  const aud = 'aud' in spec ? spec.aud : base;
  const payload = { kind, clientId, accountId, scope, aud, iat, exp: iat + lives, extra, ...more };
  return {
    model: kind,
    id,
    payload: JSON.stringify(payload),
    expiresAt: (iat + Math.max(lives, 60)) * 1000,
    clientId,
    accountId,
  };
}

function bearing(api: Api, token: string): Api {
  const send: Api['send'] = (method, path, body, headers) =>
    api.send(method, path, body, { authorization: `Bearer ${token}`, ...headers });
  return {
    base: api.base,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body, headers) => send('PUT', path, body, headers),
    patch: (path, body, headers) => send('PATCH', path, body, headers),
    remove: (path, headers) => send('DELETE', path, undefined, headers),
  };
}

async function load(composition: Composition, baseUrl: string, tree: JsonObject): Promise<void> {
  const record = (await composition.record('default'))!;
  const { response } = await dispatch(record, OPEN_ACCESS, {
    method: 'POST',
    path: [],
    query: [],
    headers: { prefer: 'return=minimal' },
    body: { kind: 'tree', tree },
    baseUrl,
    id: 'load',
  });
  if (response.status !== 200)
    throw new Error(`not loaded: ${response.status} ${JSON.stringify(response.body).slice(0, 2000)}`);
}
