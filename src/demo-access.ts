/**
 * The ways into the demo: accounts, clients and the key pair of the backend client. Seeded with the demo only, at every start, so that redirect
 * addresses follow PUBLIC_URL; what is there already stays as it is.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  existsSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { ConfigError, isLoopback } from './setting.ts';
import { DEMO_SEED } from './demo-wanted.ts';
import { demoIdentities, type DemoIdentities } from './demo/records.ts';
import { accountOf, addAccount, type NewAccount } from './smart/accounts.ts';
import { newBackendKeys, publicPart, type Jwk } from './smart/backend-key.ts';
import { clientOf, saveClient, type ClientRecord } from './smart/registered-clients.ts';
import type { TokenStore } from './store/ports.ts';

/** What the banner shows of them. */
export interface DemoAccess {
  readonly accounts: readonly {
    readonly username: string;
    readonly password: string;
    readonly who: string;
  }[];
  readonly clients: readonly { readonly id: string; readonly how: string }[];
  /** of demo-backend: a file with its private key */
  readonly keyFile: string;
}

export const DEMO_PASSWORD = 'demo';
export const DEMO_SECRET = 'demo-secret';
const BACKEND = 'demo-backend';
const KEY_FILE = 'demo-backend.jwk.json';
const CONFIDENTIAL_SCOPES =
  'launch launch/patient launch/encounter openid fhirUser profile offline_access online_access patient/*.cruds user/*.cruds system/*.rs';
const SMART_APPS = resolve(import.meta.dirname, '..', 'smart-apps');

/** Throws ConfigError where others than this machine could use accounts whose passwords everyone knows, and no one has said that they may. */
export function refuseExposedDemo(config: Config): void {
  const { host, publicUrl, demo } = config;
  const seenAs = [host, new URL(publicUrl).hostname].find((name) => !isLoopback(name));
  if (seenAs === undefined || demo === 'on') return;
  throw new ConfigError(
    `This store has the demo, whose passwords everyone knows, and ${seenAs} is not only this machine: say DEMO=on to serve it all the same, or name another STORE and say DEMO=off`,
  );
}

/** Makes what is missing. The records themselves may still be on their way. */
export async function seedDemoAccess(tokens: TokenStore, config: Config): Promise<DemoAccess> {
  const now = Date.now();
  const people = accountsOf(demoIdentities(DEMO_SEED));
  for (const one of people)
    if (!(await accountOf(tokens, one.username, now))) await addAccount(tokens, one, now).catch(unlessTaken);
  const { jwk, file } = await backendKey(config);
  const apps = sampleApps(config.publicUrl);
  for (const client of [...apps, ...ownClients(apps, publicPart(jwk))]) await seedClient(tokens, client, now);
  return {
    accounts: people.map(({ username, password, who }) => ({ username, password, who })),
    clients: [
      { id: 'demo-public', how: 'public, PKCE, no secret' },
      { id: 'demo-confidential', how: `secret ${DEMO_SECRET}` },
      { id: BACKEND, how: `private_key_jwt, private key in ${file}` },
    ],
    keyFile: file,
  };
}

/** What an operator has switched off stays so. */
async function seedClient(tokens: TokenStore, client: ClientRecord, now: number): Promise<void> {
  const was = await clientOf(tokens, client.client_id, now);
  await saveClient(tokens, { ...client, ...(was?.disabled === true && { disabled: true }) });
}

/** Another process was faster. */
function unlessTaken(error: Error & { status?: number }): void {
  if (error.status !== 409) throw error;
}

type Person = NewAccount & { readonly who: string };

function accountsOf(ids: DemoIdentities): readonly Person[] {
  const person = (
    username: string,
    role: Person['role'],
    name: string,
    who: string,
    fhirUser?: string,
  ): Person => ({ id: username, username, role, name, who, fhirUser, demo: true, password: DEMO_PASSWORD });
  return [
    person(
      'clinician',
      'practitioner',
      'Amara Osei',
      'Dr. Amara Osei, sees all records',
      `Practitioner/${ids.clinician}`,
    ),
    person('patient', 'patient', 'Daniel Okafor', 'Daniel Okafor, 58, a patient', `Patient/${ids.patient}`),
    person(
      'parent',
      'related',
      'Lin Chen',
      'Lin Chen, mother of Maya Chen, 7',
      `RelatedPerson/${ids.parent}`,
    ),
    person('admin', 'operator', 'Operator', 'runs the server, sees no records'),
  ];
}

interface SmartApp {
  readonly client_id: string;
  readonly client_name?: string;
  readonly launch_uri?: string;
  readonly redirect_uris?: readonly string[];
  readonly logo?: string;
  readonly scope?: string;
  readonly token_endpoint_auth_method?: ClientRecord['token_endpoint_auth_method'];
  readonly grant_types?: readonly string[];
}

/** The registrations of the sample apps that run in a browser, from the files beside them. */
function sampleApps(origin: string): readonly ClientRecord[] {
  const folders = existsSync(SMART_APPS) ? readdirSync(SMART_APPS).sort() : [];
  return folders.flatMap((folder) => {
    const file = join(SMART_APPS, folder, 'smart-app.json');
    if (!existsSync(file)) return [];
    const app = JSON.parse(readFileSync(file, 'utf8')) as SmartApp;
    return app.redirect_uris ? [registrationOf(app, `${origin}/smart-apps/${folder}/`)] : [];
  });
}

function registrationOf(app: SmartApp, base: string): ClientRecord {
  const at = (path: string): string => new URL(path, base).href;
  return {
    client_id: app.client_id,
    client_name: app.client_name ?? app.client_id,
    redirect_uris: (app.redirect_uris ?? []).map(at),
    grant_types: app.grant_types ?? ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: app.token_endpoint_auth_method ?? 'none',
    ...(app.launch_uri !== undefined && { launch_uri: at(app.launch_uri) }),
    ...(app.logo !== undefined && { logo_uri: at(app.logo) }),
    ...(app.scope !== undefined && { smart_scopes: app.scope }),
    demo: true,
  };
}

/** The three clients to try things with. Those of people come back to any of the sample apps. */
function ownClients(apps: readonly ClientRecord[], jwk: Jwk): readonly ClientRecord[] {
  const inBrowser = {
    redirect_uris: apps.flatMap(({ redirect_uris: uris }) => uris),
    response_types: ['code'],
    ...(apps[0]?.launch_uri !== undefined && { launch_uri: apps[0].launch_uri }),
    demo: true,
  };
  return [
    {
      ...inBrowser,
      client_id: 'demo-public',
      client_name: 'Demo (public)',
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    {
      ...inBrowser,
      client_id: 'demo-confidential',
      client_name: 'Demo (confidential)',
      client_secret: DEMO_SECRET,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      introspects: true,
      smart_scopes: CONFIDENTIAL_SCOPES,
    },
    {
      client_id: BACKEND,
      client_name: 'Demo (backend service)',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      smart_scopes: 'system/*.cruds',
      jwks: { keys: [{ ...jwk }] },
      demo: true,
    },
  ];
}

/** The key pair of demo-backend: made once and kept in the data folder, readable by this user only. */
async function backendKey(config: Config): Promise<{ readonly jwk: Jwk; readonly file: string }> {
  const folder = keyFolder(config);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, KEY_FILE);
  const kept = existsSync(file) ? keyIn(file) : undefined;
  if (kept) return { jwk: kept, file };
  const { privateJwk } = await newBackendKeys('ES384');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(privateJwk, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return { jwk: privateJwk, file };
}

function keyIn(file: string): Jwk | undefined {
  try {
    const jwk = JSON.parse(readFileSync(file, 'utf8')) as Jwk;
    return jwk.kty === 'EC' && jwk.crv === 'P-384' && jwk.d !== undefined && jwk.kid !== undefined
      ? jwk
      : undefined;
  } catch {
    return undefined;
  }
}

/** A store in memory is gone after the stop, and so may its key be. */
function keyFolder({ store }: Config): string {
  if (store.kind === 'mongo') return 'data';
  return store.location === ':memory:' ? mkdtempSync(join(tmpdir(), 'embergate-demo-')) : store.location;
}
