/**
 * A server with its authorization server in this process, over a real socket, answered in turn by two compositions on one store as by two threads.
 * The test can reach the store: accounts, clients and launches are put in directly. `restart` closes everything and opens the same data again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPEN_ACCESS } from '../../src/access/context.ts';
import { compose, type Composition } from '../../src/compose.ts';
import { readConfig, type Config } from '../../src/config.ts';
import { dispatch } from '../../src/rest/dispatch.ts';
import type { JsonObject } from '../../src/fhir/model/tree.ts';
import { addAccount, type NewAccount } from '../../src/smart/accounts.ts';
import { hashSecret } from '../../src/smart/client-secret.ts';
import type { SmartEvent } from '../../src/smart/events.ts';
import type { TenantStore, TokenStore } from '../../src/store/ports.ts';
import type { SqliteStores } from '../../src/store/sqlite/stores.ts';

export interface SmartServer {
  readonly origin: string;
  /** FHIR base */
  readonly base: string;
  readonly tokens: () => TokenStore;
  readonly events: SmartEvent[];
  /** all that is kept for the default tenant */
  store(): Promise<TenantStore>;
  /** the secret of the default tenant */
  secret(): Promise<Uint8Array>;
  /** makes another tenant */
  tenant(name: string): Promise<{ readonly base: string }>;
  put(resource: JsonObject): Promise<void>;
  account(account: Omit<NewAccount, 'password'> & { readonly password?: string }): Promise<string>;
  client(metadata: Readonly<Record<string, unknown>> & { readonly client_id: string }): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SmartServerOptions {
  /** a MongoDB URL; the embedded store in a folder of its own otherwise */
  readonly mongo?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** fetches the key sets of clients; those on this machine are refused without it */
  readonly fetch?: typeof globalThis.fetch;
  /** answers what neither the authorization server nor FHIR does */
  readonly pages?: (composition: Composition, config: Config) => Listener;
  /** what the server is called; browsers make passkeys for `localhost`, not for an address */
  readonly host?: 'localhost';
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export const PASSWORD = 'correct horse battery';

export async function startSmartServer(options: SmartServerOptions = {}): Promise<SmartServer> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-smart-'));
  const events: SmartEvent[] = [];
  let threads: readonly Composition[] = [];
  let turn = 0;
  const pages = new WeakMap<Composition, Listener>();
  // Each request is answered by the other one: no state may be in either.
  const server: Server = createServer((request, response) => {
    const composition = threads[turn++ % threads.length]!;
    if (composition.smart(request, response) || composition.edge(request, response)) return;
    const page = pages.get(composition);
    if (page) page(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://${options.host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`;
  const config = readConfig({
    STORE: options.mongo ?? `sqlite:${folder}`,
    PUBLIC_URL: origin,
    DEMO: 'off',
    ACCESS: 'smart',
    LOG_LEVEL: 'silent',
    ...options.settings,
  });
  const open = async (): Promise<void> => {
    const wiring = {
      version: 'test',
      observe: () => undefined,
      observeSmart: (event: SmartEvent) => events.push(event),
      ...(options.fetch && { fetch: options.fetch }),
    };
    const first = await compose(config, wiring);
    const { attach } = first.stores as Partial<SqliteStores>;
    threads = [first, await compose(config, { ...wiring, writer: attach?.().attachment })];
    if (options.pages) for (const one of threads) pages.set(one, options.pages(one, config));
  };
  await open();
  let tokens = (await threads[0]!.stores.tenant('default')).tokens;
  const close = async (): Promise<void> => {
    for (const composition of threads.toReversed()) await composition.close();
  };
  const base = `${origin}/fhir`;
  return {
    origin,
    base,
    events,
    tokens: () => tokens,
    store: () => threads[0]!.stores.tenant('default'),
    secret: async () => (await threads[0]!.stores.tenant('default')).secret,
    tenant: async (name) => {
      await threads[0]!.stores.tenant(name);
      return { base: `${origin}/t/${name}/fhir` };
    },
    put: async (resource) => {
      const record = (await threads[0]!.record('default'))!;
      const path = [String(resource['resourceType']), String(resource['id'])];
      const body = { kind: 'tree', tree: resource } as const;
      const request = {
        method: 'PUT',
        path,
        query: [],
        headers: {},
        body,
        baseUrl: base,
        id: 'test',
      } as const;
      const { response } = await dispatch(record, OPEN_ACCESS, request);
      if (response.status >= 300) throw new Error(`PUT ${path.join('/')}: ${response.status}`);
    },
    account: async (account) => (await addAccount(tokens, { password: PASSWORD, ...account }, Date.now())).id,
    client: async ({ client_secret: secret, ...metadata }) => {
      const kept = { ...metadata, ...(typeof secret === 'string' && { client_secret: hashSecret(secret) }) };
      await tokens.put({ model: 'Client', id: metadata.client_id, payload: JSON.stringify(kept) });
    },
    restart: async () => {
      await close();
      await open();
      tokens = (await threads[0]!.stores.tenant('default')).tokens;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
