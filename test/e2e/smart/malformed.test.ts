/**
 * Requests that are wrong in one thing: each endpoint answers with the error of its RFC and a description that helps, and never with 500.
 * https://www.rfc-editor.org/rfc/rfc6749#section-5.2, RFC 7009, RFC 7591, RFC 7662
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import { JWT_BEARER } from './assertion.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

const FORM = 'application/x-www-form-urlencoded';
const SECRET = flow.CONFIDENTIAL_APP.client_secret;

interface Row {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly error: string;
  readonly says: RegExp;
}

const row = (
  name: string,
  path: string,
  body: string | undefined,
  expected: readonly [number, string, RegExp],
  more: Partial<Row> = {},
): Row => {
  const [status, error, says] = expected;
  return { name, path, status, error, says, ...(body !== undefined && { body }), ...more };
};

const basic = { headers: flow.basic('confidential-app', SECRET) };
const json = { headers: { 'content-type': 'application/json' } };
const code = `grant_type=authorization_code&client_id=public-app&redirect_uri=${encodeURIComponent(flow.REDIRECT)}`;

const TOKEN: readonly Row[] = [
  row('nothing', '/token', '', [400, 'invalid_request', /client/]),
  row('no grant_type', '/token', 'client_id=public-app', [400, 'invalid_request', /grant_type/]),
  row('an unknown grant_type', '/token', 'client_id=public-app&grant_type=magic', [
    400,
    'unsupported_grant_type',
    /./,
  ]),
  row(
    'a grant_type that the client is not registered for',
    '/token',
    'client_id=public-app&grant_type=client_credentials',
    [400, 'invalid_request', /not allowed/],
  ),
  row('no code', '/token', code, [400, 'invalid_request', /code/]),
  row('a code that never was', '/token', `${code}&code=made-up&code_verifier=${'v'.repeat(43)}`, [
    400,
    'invalid_grant',
    /not one of this server/,
  ]),
  row('no redirect_uri', '/token', 'grant_type=authorization_code&client_id=public-app&code=x', [
    400,
    'invalid_request',
    /redirect_uri/,
  ]),
  row('a code twice', '/token', `${code}&code=a&code=b`, [400, 'invalid_request', /twice/]),
  row('no refresh_token', '/token', 'grant_type=refresh_token&client_id=public-app', [
    400,
    'invalid_request',
    /refresh_token/,
  ]),
  row('an unknown refresh_token', '/token', 'grant_type=refresh_token&client_id=public-app&refresh_token=x', [
    400,
    'invalid_grant',
    /not one of this server/,
  ]),
  row('an unknown client', '/token', 'grant_type=authorization_code&client_id=nobody&code=x', [
    401,
    'invalid_client',
    /not registered/,
  ]),
  row(
    'a wrong secret',
    '/token',
    'grant_type=refresh_token&refresh_token=x',
    [401, 'invalid_client', /client_secret is wrong/],
    { headers: flow.basic('confidential-app', 'wrong') },
  ),
  row(
    'a confidential client without its secret',
    '/token',
    'grant_type=refresh_token&refresh_token=x&client_id=confidential-app',
    [401, 'invalid_client', /registered for client_secret_basic/],
  ),
  row(
    'two ways of authentication',
    '/token',
    `grant_type=refresh_token&refresh_token=x&client_secret=${SECRET}`,
    [400, 'invalid_request', /one mechanism/],
    basic,
  ),
  row(
    'an Authorization header that is none',
    '/token',
    'grant_type=refresh_token&refresh_token=x',
    [400, 'invalid_request', /authorization header/],
    { headers: { authorization: 'Basic !!!' } },
  ),
  row(
    'an assertion that is no JWT',
    '/token',
    `grant_type=client_credentials&client_assertion_type=${JWT_BEARER}&client_assertion=x`,
    [400, 'invalid_request', /client_assertion/],
  ),
  row(
    'an assertion of another type',
    '/token',
    'grant_type=client_credentials&client_assertion_type=saml&client_assertion=a.b.c',
    [400, 'invalid_request', /client_assertion/],
  ),
  row(
    'a scope of characters that no scope has',
    '/token',
    `grant_type=refresh_token&client_id=public-app&refresh_token=x&scope=${encodeURIComponent('a"b')}`,
    [400, 'invalid_scope', /characters/],
  ),
  row(
    'JSON instead of a form',
    '/token',
    '{"grant_type":"client_credentials"}',
    [400, 'invalid_request', /urlencoded/],
    json,
  ),
  row('a megabyte', '/token', `scope=${'x'.repeat(1_000_000)}`, [413, 'invalid_request', /too large/]),
  row('GET', '/token', undefined, [405, 'invalid_request', /POST/], { method: 'GET' }),
];

const INTROSPECT: readonly Row[] = [
  row('no client', '/introspect', 'token=x', [400, 'invalid_request', /client/]),
  row('no token', '/introspect', '', [400, 'invalid_request', /token/], basic),
  row('a wrong secret', '/introspect', 'token=x', [401, 'invalid_client', /wrong/], {
    headers: flow.basic('confidential-app', 'no'),
  }),
  row('a Bearer that is none', '/introspect', 'token=x', [401, 'invalid_token', /unknown or expired/], {
    headers: { authorization: 'Bearer made-up' },
  }),
  row('a token twice', '/introspect', 'token=x&token=y', [400, 'invalid_request', /twice/], basic),
  row('GET', '/introspect', undefined, [405, 'invalid_request', /POST/], { method: 'GET' }),
];

const REVOKE: readonly Row[] = [
  row('no client', '/revoke', 'token=x', [400, 'invalid_request', /client/]),
  row('no token', '/revoke', 'client_id=public-app', [400, 'invalid_request', /token/]),
  row('an unknown client', '/revoke', 'token=x&client_id=nobody', [401, 'invalid_client', /not registered/]),
  row('JSON', '/revoke', '{}', [400, 'invalid_request', /urlencoded/], json),
  row('GET', '/revoke', undefined, [405, 'invalid_request', /POST/], { method: 'GET' }),
];

const redirects = `"redirect_uris":["${flow.REDIRECT}"]`;
const REGISTER: readonly Row[] = [
  row('a form', '/register', 'a=b', [400, 'invalid_client_metadata', /JSON/]),
  row('text that is no JSON', '/register', '{', [400, 'invalid_client_metadata', /JSON/], json),
  row('an array', '/register', '[]', [400, 'invalid_client_metadata', /JSON object/], json),
  row('nothing', '/register', '{}', [400, 'invalid_redirect_uri', /redirect_uris/], json),
  row(
    'redirect_uris that are no texts',
    '/register',
    '{"redirect_uris":[1]}',
    [400, 'invalid_redirect_uri', /redirect_uris\[0\]/],
    json,
  ),
  row(
    'an unknown way of authentication',
    '/register',
    `{${redirects},"token_endpoint_auth_method":"magic"}`,
    [400, 'invalid_client_metadata', /token_endpoint_auth_method/],
    json,
  ),
  row(
    'a scope that is none',
    '/register',
    `{${redirects},"scope":"patient/Observation.sr"}`,
    [400, 'invalid_client_metadata', /scope/],
    json,
  ),
  row(
    'a name that is a number',
    '/register',
    `{${redirects},"client_name":1}`,
    [400, 'invalid_client_metadata', /client_name/],
    json,
  ),
  row(
    'keys that are none',
    '/register',
    `{${redirects},"jwks":{"keys":[1]}}`,
    [400, 'invalid_client_metadata', /Key Set/],
    json,
  ),
  row('no token to read with', '/register/public-app', undefined, [401, 'invalid_token', /./], {
    method: 'GET',
  }),
  row('a token that is none', '/register/public-app', undefined, [401, 'invalid_token', /./], {
    method: 'DELETE',
    headers: { authorization: 'Bearer x' },
  }),
];

const USERINFO: readonly Row[] = [
  row('no token', '/userinfo', undefined, [401, 'invalid_token', /./], { method: 'GET' }),
];

describe('malformed requests', () => {
  let server: SmartServer;
  beforeAll(async () => {
    server = await startSmartServer();
    await flow.seed(server);
    await addClients(server);
  });
  afterAll(() => server.stop());

  describe.each([
    ['token', TOKEN],
    ['introspection', INTROSPECT],
    ['revocation', REVOKE],
    ['registration', REGISTER],
    ['userinfo', USERINFO],
  ])('%s', (_endpoint, rows) => {
    it.each(rows.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const { method = 'POST', body, headers = {} } = one;
      const answer = await fetch(`${server.origin}/oidc${one.path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': FORM }), ...headers },
        ...(body !== undefined && { body }),
      });
      const said = (await answer.json()) as { error: string; error_description: string };
      expect({ status: answer.status, error: said.error }).toEqual({ status: one.status, error: one.error });
      expect(said.error_description).toMatch(one.says);
      // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
      expect(said.error_description).toMatch(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/);
      expect(answer.headers.get('cache-control')).toContain('no-store');
    });
  });

  /** What goes back to the app. */
  const sentBack: readonly (readonly [string, Record<string, string | undefined>, string, RegExp])[] = [
    ['no response_type', { response_type: undefined }, 'invalid_request', /response_type/],
    ['another response_type', { response_type: 'token' }, 'unsupported_response_type', /./],
    [
      'no PKCE',
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
      /code_challenge.*S256/,
    ],
    ['PKCE by plain', { code_challenge_method: 'plain' }, 'invalid_request', /code_challenge_method/],
    [
      'a scope with its letters in disorder',
      { scope: 'patient/Observation.sr' },
      'invalid_scope',
      /did you mean patient\/Observation\.rs/,
    ],
    [
      'a scope of lower case',
      { scope: 'patient/observation.rs' },
      'invalid_scope',
      /did you mean patient\/Observation\.rs/,
    ],
    ['a scope of characters that no scope has', { scope: 'patient/"x"' }, 'invalid_scope', /characters/],
    ['an unknown prompt', { prompt: 'dance' }, 'invalid_request', /prompt/],
    ['prompt=none while no one is signed in', { prompt: 'none' }, 'login_required', /./],
    ['a max_age that is none', { max_age: '-1' }, 'invalid_request', /max_age/],
    ['a request object', { request: 'a.b.c' }, 'request_not_supported', /./],
    [
      'the resource of another server',
      { resource: 'https://other.test/fhir', aud: undefined },
      'invalid_target',
      /resource must be/,
    ],
  ];
  it.each(sentBack)('authorize: %s goes back to the app', async (_name, over, error, says) => {
    const { url } = flow.authorization(server, { over });
    const answer = await new Visitor().send('GET', url);
    expect(answer.status).toBe(303);
    const to = new URL(answer.headers.get('location')!);
    expect(to.href).toMatch(/^https:\/\/app\.example\.org\/app\/callback[?#]/);
    // The answer to `token` goes where that flow would have it: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
    const sent = to.hash === '' ? to.searchParams : new URLSearchParams(to.hash.slice(1));
    expect(sent.get('error')).toBe(error);
    expect(sent.get('error_description') ?? '').toMatch(error === 'request_not_supported' ? /^/ : says);
  });

  /** What stays with us, with a page that says why. */
  const shown: readonly (readonly [string, Record<string, string | undefined>, RegExp])[] = [
    ['no client_id', { client_id: undefined }, /client_id/],
    ['an unknown client', { client_id: 'nobody' }, /nobody/],
    ['no redirect_uri', { redirect_uri: undefined }, /redirect_uri/],
    [
      'another redirect_uri',
      { redirect_uri: 'https://app.example.org/app/other' },
      /app\/other[\s\S]*app\/callback/,
    ],
    ['no aud', { aud: undefined }, /aud/],
    ['the aud of another server', { aud: 'https://other.test/fhir' }, /https:\/\/other\.test\/fhir/],
    ['aud and resource that differ', { aud: 'https://other.test/fhir', resource: 'same' }, /aud|resource/],
    ['a launch that never was', { launch: 'made-up' }, /not made by this server/],
  ];
  it.each(shown)('authorize: %s is shown here', async (name, over, says) => {
    const sent = name.includes('differ') ? { ...over, resource: server.base } : over;
    const { url } = flow.authorization(server, { over: sent });
    const page = await new Visitor().send('GET', url);
    expect(page.status).toBe(400);
    expect(page.headers.get('location')).toBeNull();
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text.replace(/<[^>]*>/g, '')).toMatch(says);
    expect(page.text).toMatch(/hl7\.org\/fhir\/smart-app-launch|rfc-editor\.org/);
    const asJson = await new Visitor().send('GET', url, undefined, { accept: 'application/json' });
    expect(JSON.parse(asJson.text)).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
  });

  it.each(['/', '//', '/../fhir/', ''])('authorize: aud with %p at its end', async (end) => {
    const { url } = flow.authorization(server, { over: { aud: server.base + end } });
    const page = await new Visitor().open(url);
    if (end === '/../fhir/') expect(page.status).toBe(400);
    else expect(page.text).toContain('name="password"');
  });

  it('authorize: POST of anything but a form', async () => {
    const answer = await fetch(`${server.origin}/oidc/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('authorize: a megabyte of scope', async () => {
    const form = new URLSearchParams({ scope: 'patient/A.rs '.repeat(80_000) });
    const answer = await fetch(`${server.origin}/oidc/authorize`, { method: 'POST', body: form });
    expect(answer.status).toBe(413);
  });

  it('an address of the server that there is not', async () => {
    for (const path of [
      '/oidc',
      '/oidc/',
      '/oidc/nothing',
      '/oidc/authorize/none',
      '/oidc/interaction/none',
    ]) {
      const { status } = await fetch(server.origin + path, { redirect: 'manual' });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect((await fetch(`${server.origin}/t/nowhere/oidc/token`, { method: 'POST' })).status).toBe(404);
  });

  it('none of these was a failure of ours, and each refusal was noted with its client', () => {
    expect(server.events.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const refused = server.events.filter(({ outcome }) => outcome === 'refused');
    expect(refused.length).toBeGreaterThan(50);
    expect(refused).toContainEqual(
      expect.objectContaining({
        endpoint: 'token',
        clientId: 'confidential-app',
        error: 'invalid_client',
        detail: 'invalid secret provided',
      }),
    );
  });
});
