/**
 * One look at a server from outside: what its checks share, each fetched or done once. The apps are registered for the occasion unless they were given; the
 * people are those of the demo unless they were given. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { signAssertion, type Jwk } from '../../smart/backend-key.ts';
import {
  ask,
  browser,
  CALLBACK_MARK,
  hasField,
  jsonOf,
  valuesOf,
  type Answer,
  type Browser,
} from './browser.ts';

export interface DoctorOptions {
  /** FHIR base or origin */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** a public and a confidential app that are registered already, with this redirect address */
  readonly publicClient?: string;
  readonly confidentialClient?: string;
  readonly secret?: string;
  readonly redirectUri?: string;
  readonly backendClient?: string;
  /** a file with the private key of the backend service as a JWK */
  readonly backendKey?: string;
}

export type Json = Readonly<Record<string, unknown>>;

export interface App {
  readonly id: string;
  readonly secret: string | undefined;
  readonly redirectUri: string;
}

export interface Launched {
  readonly app: App;
  readonly token: Json;
  readonly tokenAnswer: Answer;
  readonly browser: Browser;
}

/** What is not there to be checked, and why. */
export class Skipped extends Error {}
/** What a check has found to be wrong, in a sentence. */
export class Fault extends Error {}

export interface Exam {
  readonly options: DoctorOptions;
  readonly base: () => Promise<string>;
  readonly discoveryAnswer: () => Promise<Answer>;
  readonly discovery: () => Promise<Json>;
  readonly metadata: () => Promise<Answer>;
  readonly app: (kind: 'public' | 'confidential') => Promise<App>;
  /** a whole launch of one's own choice of patient, by a browser that has been here before where it is not the first */
  readonly standalone: (kind: 'public' | 'confidential') => Promise<Launched>;
  /** the first page that a person sees */
  readonly signInPage: () => Promise<Answer>;
  /** an endpoint that discovery names */
  readonly endpoint: (name: string) => Promise<string>;
  readonly authorizeUrl: (
    app: App,
    over?: Readonly<Record<string, string | undefined>>,
  ) => Promise<AuthorizeUrl>;
  readonly authorize: (app: App, over?: Readonly<Record<string, string | undefined>>) => Promise<Authorized>;
  readonly redeem: (app: App, form: Readonly<Record<string, string>>) => Promise<Answer>;
}

export interface AuthorizeUrl {
  readonly url: string;
  readonly verifier: string;
}

export interface Authorized extends AuthorizeUrl {
  readonly code: string;
  readonly browser: Browser;
}

export const SCOPES =
  'openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs';

/** What was found out before any app is there. */
function knownOf(options: DoctorOptions, once: Once) {
  const url = options.url.replace(/\/+$/, '');
  const discoveryAnswer = once('discovery', () => ask(`${url}/.well-known/smart-configuration`));
  const discovery = async (): Promise<Json> => {
    const answer = await discoveryAnswer();
    if (answer.status !== 200) throw new Fault(`${answer.url} answers ${answer.status}`);
    return jsonOf(answer);
  };
  const base = async (): Promise<string> => {
    const { issuer } = await discovery();
    return new URL(url).pathname === '/' && typeof issuer === 'string' ? issuer : url;
  };
  const endpoint = async (name: string): Promise<string> => {
    const value = (await discovery())[name];
    if (typeof value !== 'string' || !URL.canParse(value)) throw new Fault(`discovery names no ${name}`);
    return value;
  };
  const headers = { accept: 'application/fhir+json' };
  const metadata = once('metadata', async () => ask(`${await base()}/metadata`, { headers }));
  return { options, base, discoveryAnswer, discovery, endpoint, metadata };
}

export function exam(options: DoctorOptions): Exam {
  const once = memory();
  const known = knownOf(options, once);
  const { origin } = new URL(options.url);
  const people = browser(origin);
  const app: Exam['app'] = (kind) => once(kind, () => appOf(known, kind))();
  const authorizeUrl: Exam['authorizeUrl'] = (one, over) => authorizeUrlOf(known, one, over);
  const authorize: Exam['authorize'] = (one, over) => authorizeBy(known, people, one, over);
  const redeem: Exam['redeem'] = (one, form) => redeemAt(known, one, form);
  const launch = async (one: App): Promise<Launched> => {
    const { code, verifier } = await authorize(one);
    const grant = { grant_type: 'authorization_code', code, redirect_uri: one.redirectUri };
    const answer = await redeem(one, { ...grant, code_verifier: verifier });
    if (answer.status !== 200)
      throw new Fault(`the token endpoint answers ${answer.status}: ${answer.text.slice(0, 200)}`);
    return { app: one, token: jsonOf(answer), tokenAnswer: answer, browser: people };
  };
  const signInPage = once('page', async () => {
    const { url } = await authorizeUrl(await app('public'));
    return browser(origin).open(url);
  });
  const standalone: Exam['standalone'] = (kind) =>
    once(`launch ${kind}`, async () => launch(await app(kind)))();
  return { ...known, app, standalone, signInPage, authorizeUrl, authorize, redeem };
}

type Once = ReturnType<typeof memory>;

/** Does a thing the first time it is asked for; a failure is kept, too. */
function memory(): <T>(name: string, work: () => Promise<T>) => () => Promise<T> {
  const done = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>) =>
    () => {
      if (!done.has(name)) done.set(name, work());
      return done.get(name) as Promise<T>;
    };
}

type Known = Pick<Exam, 'options' | 'base' | 'endpoint' | 'discovery'>;

async function appOf(known: Known, kind: 'public' | 'confidential'): Promise<App> {
  const { publicClient, confidentialClient, secret, redirectUri } = known.options;
  const given = kind === 'public' ? publicClient : confidentialClient;
  if (given !== undefined)
    return { id: given, secret: kind === 'public' ? undefined : secret, redirectUri: redirectUri ?? '' };
  const callback = `https://app.example.org/${CALLBACK_MARK}/${kind}`;
  const body = JSON.stringify({
    client_name: `Embergate doctor (${kind})`,
    redirect_uris: [callback],
    launch_uri: `https://app.example.org/${CALLBACK_MARK}/launch`,
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: kind === 'public' ? 'none' : 'client_secret_basic',
    scope: `launch ${SCOPES}`,
  });
  const { registration_endpoint: at } = await known.discovery();
  if (typeof at !== 'string')
    throw new Skipped(
      `no registration_endpoint: give a registered client with --${kind}-client and --redirect-uri`,
    );
  const answer = await ask(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (answer.status !== 201)
    throw new Fault(`registration answers ${answer.status}: ${answer.text.slice(0, 200)}`);
  const { client_id: id, client_secret: made } = jsonOf(answer);
  return { id: String(id), secret: typeof made === 'string' ? made : undefined, redirectUri: callback };
}

async function authorizeUrlOf(
  known: Known,
  app: App,
  over: Readonly<Record<string, string | undefined>> = {},
): Promise<AuthorizeUrl> {
  const verifier = randomBytes(32).toString('base64url');
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: app.id,
    redirect_uri: app.redirectUri,
    scope: SCOPES,
    state: randomBytes(12).toString('base64url'),
    aud: await known.base(),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...over,
  };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const url = `${await known.endpoint('authorization_endpoint')}?${new URLSearchParams(given).toString()}`;
  return { url, verifier };
}

const MOST_PAGES = 8;

/** Goes through the pages as a person would: signs in, takes the first patient and visit, agrees to everything. */
async function authorizeBy(
  known: Known,
  people: Browser,
  app: App,
  over?: Readonly<Record<string, string | undefined>>,
): Promise<Authorized> {
  const { url, verifier } = await authorizeUrlOf(known, app, over);
  let at = await people.open(url);
  for (let pages = 0; pages < MOST_PAGES && at.status === 200; pages++)
    at = await people.submit(at, fieldsOf(at, known.options));
  if (at.status >= 400 && hasField(at, 'password'))
    throw new Fault(`the sign-in as ${known.options.username} is refused: give --username and --password`);
  const location = at.headers.get('location');
  if (location === null) throw new Fault(`no way back to the app: ${at.url} answers ${at.status}`);
  const back = new URL(location, at.url).searchParams;
  const code = back.get('code');
  if (code === null)
    throw new Fault(
      `the app is told ${back.get('error') ?? 'nothing'}: ${back.get('error_description') ?? ''}`,
    );
  return { url, verifier, code, browser: people };
}

function fieldsOf(page: Answer, { username, password }: DoctorOptions): [string, string][] {
  if (hasField(page, 'password'))
    return [
      ['username', username],
      ['password', password],
    ];
  for (const name of ['patient', 'encounter']) {
    const [first] = valuesOf(page, name);
    if (first !== undefined) return [[name, first]];
  }
  if (hasField(page, 'decision'))
    return [
      ...valuesOf(page, 'scope', /\bchecked\b/).map((scope): [string, string] => ['scope', scope]),
      ['decision', 'allow'],
    ];
  throw new Fault(`${page.url} shows a page that asks for nothing known`);
}

async function redeemAt(known: Known, app: App, form: Readonly<Record<string, string>>): Promise<Answer> {
  const headers =
    app.secret === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}` };
  const body = new URLSearchParams({ ...form, ...(app.secret === undefined && { client_id: app.id }) });
  return ask(await known.endpoint('token_endpoint'), { method: 'POST', headers, body });
}

/** A token of the backend service that was given. */
export async function backendToken({ options, endpoint }: Exam): Promise<Answer> {
  const { backendClient, backendKey } = options;
  if (backendClient === undefined || backendKey === undefined)
    throw new Skipped('give --backend-client and --backend-key to check a backend service');
  const at = await endpoint('token_endpoint');
  const jwk = JSON.parse(readFileSync(backendKey, 'utf8')) as Jwk;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/Patient.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signAssertion(jwk, backendClient, at),
  });
  return ask(at, { method: 'POST', body });
}
