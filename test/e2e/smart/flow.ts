/** What the suites of the authorization server share: the people, the apps, and one launch from the authorization request to the tokens. */
import type { Reply } from '../../support/api.ts';
import { createHash, randomBytes } from 'node:crypto';
import { createLaunch, type Launch } from '../../../src/smart/launch.ts';
import { PASSWORD, type SmartServer } from '../../support/smart-server.ts';
import { Visitor, valuesOf, type Visit } from '../../support/visitor.ts';

export const REDIRECT = 'https://app.example.org/app/callback';
export const LAUNCH_URI = 'https://app.example.org/app/launch';

export interface People {
  readonly clinician: string;
  readonly patient: string;
  readonly parent: string;
  readonly admin: string;
}

const person = (id: string, given: string, family: string, birthDate: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ given: [given], family }],
  gender: 'female',
  birthDate,
});

/** Two adults, a child and its mother, a clinician; a visit of the first adult. */
export async function seed(server: SmartServer): Promise<People> {
  await server.put({ resourceType: 'Practitioner', id: 'doc', name: [{ given: ['Ana'], family: 'Silva' }] });
  await server.put(person('anna', 'Anna', 'Berg', '1980-02-03'));
  await server.put(person('bella', 'Bella', 'Cruz', '1990-05-06'));
  await server.put(person('kid', 'Kim', 'Dahl', '2019-07-08'));
  await server.put({
    resourceType: 'RelatedPerson',
    id: 'mum',
    active: true,
    patient: { reference: 'Patient/kid' },
  });
  await server.put({
    resourceType: 'Encounter',
    id: 'visit',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/anna' },
    period: { start: '2026-03-01T09:00:00Z' },
  });
  return {
    clinician: await server.account({
      username: 'clinician',
      name: 'Dr Silva',
      role: 'practitioner',
      fhirUser: 'Practitioner/doc',
    }),
    patient: await server.account({
      username: 'patient',
      name: 'Anna Berg',
      role: 'patient',
      fhirUser: 'Patient/anna',
    }),
    parent: await server.account({
      username: 'parent',
      name: 'Mum Dahl',
      role: 'related',
      fhirUser: 'RelatedPerson/mum',
    }),
    admin: await server.account({ username: 'admin', name: 'Operator', role: 'operator' }),
  };
}

export const PUBLIC_APP = {
  client_id: 'public-app',
  client_name: 'Growth chart',
  redirect_uris: [REDIRECT],
  launch_uri: LAUNCH_URI,
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
} as const;

export const CONFIDENTIAL_APP = {
  ...PUBLIC_APP,
  client_id: 'confidential-app',
  client_secret: 'a-secret-of-the-tests-which-is-long-enough',
  token_endpoint_auth_method: 'client_secret_basic',
} as const;

export interface Request {
  readonly clientId?: string;
  readonly scope?: string;
  readonly launch?: string;
  /** parameters over those of a right request; undefined leaves one out */
  readonly over?: Readonly<Record<string, string | undefined>>;
}

export interface Prepared {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
}

export function authorization(server: SmartServer, request: Request): Prepared {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: request.clientId ?? PUBLIC_APP.client_id,
    redirect_uri: REDIRECT,
    scope: request.scope ?? 'launch/patient patient/*.rs openid fhirUser',
    state,
    aud: server.base,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    launch: request.launch,
    ...request.over,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return { url: `${server.origin}/oidc/authorize?${query.toString()}`, verifier, state };
}

export interface Choices {
  readonly username?: string;
  readonly password?: string;
  readonly patient?: string;
  readonly encounter?: string;
  readonly duration?: string;
  /** scopes to tick; those that are ticked as the page comes otherwise */
  readonly tick?: readonly string[];
  readonly deny?: boolean;
}

const isPage = (visit: Visit, field: string): boolean => new RegExp(`name="${field}"`).test(visit.text);

/** Goes through the pages as they come, up to the redirect to the app or a page that asks for nothing. */
export async function walk(visitor: Visitor, start: Visit, choices: Choices = {}): Promise<Visit> {
  let at = start;
  for (let pages = 0; pages < 8 && at.status < 300; pages++) {
    if (isPage(at, 'password')) {
      at = await visitor.submit(at, [
        ['username', choices.username ?? 'clinician'],
        ['password', choices.password ?? PASSWORD],
      ]);
    } else if (isPage(at, 'patient')) at = await visitor.submit(at, [['patient', choices.patient ?? 'anna']]);
    else if (isPage(at, 'encounter'))
      at = await visitor.submit(at, [['encounter', choices.encounter ?? 'visit']]);
    else if (isPage(at, 'decision')) at = await visitor.submit(at, answers(at, choices));
    else return at;
  }
  return at;
}

function answers(page: Visit, choices: Choices): [string, string][] {
  if (choices.deny) return [['decision', 'deny']];
  const ticked = choices.tick ?? valuesOf(page.text, 'scope', /\bchecked\b/);
  return [
    ...ticked.map((scope): [string, string] => ['scope', scope]),
    ...(choices.duration === undefined ? [] : [['duration', choices.duration] as [string, string]]),
    ['decision', 'allow'],
  ];
}

export interface Authorized extends Prepared {
  readonly code: string;
  readonly callback: URL;
  readonly visitor: Visitor;
}

/** Through the pages to the code. */
export async function authorize(
  server: SmartServer,
  request: Request = {},
  choices: Choices = {},
  visitor = new Visitor(),
): Promise<Authorized> {
  const prepared = authorization(server, request);
  const end = await walk(visitor, await visitor.open(prepared.url), choices);
  const location = end.headers.get('location');
  if (location === null)
    throw new Error(`no redirect to the app, but ${end.status}:\n${end.text.slice(0, 2000)}`);
  const callback = new URL(location);
  const code = callback.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${location}`);
  return { ...prepared, code, callback, visitor };
}

/** What a token endpoint answered, as a test looks into it. */
export type TokenAnswer = Pick<Reply, 'status' | 'headers' | 'body'>;

export async function post(
  url: string,
  form: Readonly<Record<string, string>> | URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
    redirect: 'manual',
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** HTTP Basic of a confidential app. */
export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

export function redeem(
  server: SmartServer,
  { code, verifier }: Pick<Authorized, 'code' | 'verifier'>,
  clientId = 'public-app',
): Promise<TokenAnswer> {
  return post(`${server.origin}/oidc/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    client_id: clientId,
  });
}

export function refresh(
  server: SmartServer,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> {
  return post(`${server.origin}/oidc/token`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: 'public-app',
    ...more,
  });
}

/** One launch of the public app, from the request to its tokens. */
export async function tokensOf(
  server: SmartServer,
  request: Request = {},
  choices: Choices = {},
): Promise<TokenAnswer['body']> {
  const answer = await redeem(server, await authorize(server, request, choices), request.clientId);
  if (answer.status !== 200) throw new Error(`token: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export const launchOf = (server: SmartServer, launch: Partial<Launch>): Promise<string> =>
  createLaunch(server.tokens(), { clientId: 'public-app', context: {}, ...launch }, Date.now());
