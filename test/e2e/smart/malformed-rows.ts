/** Requests that are wrong in one thing, by endpoint, and what each is answered. https://www.rfc-editor.org/rfc/rfc6749#section-5.2, RFC 7009, 7591, 7662 */
import { JWT_BEARER } from './assertion.ts';
import * as flow from './flow.ts';

export const FORM = 'application/x-www-form-urlencoded';
const SECRET = flow.CONFIDENTIAL_APP.client_secret;

export interface Row {
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

export const TOKEN: readonly Row[] = [
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

export const INTROSPECT: readonly Row[] = [
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

export const REVOKE: readonly Row[] = [
  row('no client', '/revoke', 'token=x', [400, 'invalid_request', /client/]),
  row('no token', '/revoke', 'client_id=public-app', [400, 'invalid_request', /token/]),
  row('an unknown client', '/revoke', 'token=x&client_id=nobody', [401, 'invalid_client', /not registered/]),
  row('JSON', '/revoke', '{}', [400, 'invalid_request', /urlencoded/], json),
  row('GET', '/revoke', undefined, [405, 'invalid_request', /POST/], { method: 'GET' }),
];

const redirects = `"redirect_uris":["${flow.REDIRECT}"]`;
export const REGISTER: readonly Row[] = [
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

export const USERINFO: readonly Row[] = [
  row('no token', '/userinfo', undefined, [401, 'invalid_token', /./], { method: 'GET' }),
];
