/**
 * Random requests to the open endpoints of an authorization server: right but for a few changes, or nonsense.
 * https://www.rfc-editor.org/rfc/rfc6749, RFC 7009, 7591, 7662, https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import fc from 'fast-check';
import { changed, changes, slipped, slips, type Json } from './mutate.ts';
import type { HttpRequest } from './material.ts';

const FORM = 'application/x-www-form-urlencoded';

/** What a client of the demo would send; a fuzzer changes it. */
export interface OAuthMaterial {
  readonly base: string;
  readonly clientId: string;
  readonly secret: string;
  readonly redirectUri: string;
  /** texts of people, such as names and dates, that must not come to light anywhere */
  readonly personal: readonly string[];
}

type Fields = Readonly<Record<string, string>>;

const WILD = [
  '',
  ' ',
  '\u0000',
  '\u0001\u001f',
  '%',
  '%00',
  '<script>alert(1)</script>',
  '"><img src=x onerror=x>',
  "' OR 1=1 --",
  '$ne',
  '{"$gt":""}',
  '__proto__',
  'constructor',
  '..',
  '../../etc/passwd',
  'javascript:alert(1)',
  'http://169.254.169.254/',
  'https://user:pw@evil.test/#x',
  'null',
  '-1',
  '9'.repeat(400),
  'ä'.repeat(300),
  '\u{1f600}\ufffe',
  'a.b.c',
  'eyJhbGciOiJub25lIn0.e30.',
  'x'.repeat(4000),
  'patient/*.rs '.repeat(200),
  'openid fhirUser launch',
  'patient/Observation.rs?category=vital-signs&code=%',
  'system/*.cruds',
  'none',
  'login consent',
  'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
];

/** Form fields with some left out, doubled, renamed or of other content. */
function mutated(fields: fc.Arbitrary<Fields>, personal: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...WILD) },
    { weight: 1, arbitrary: fc.constantFrom(...personal) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  );
  const act = fc.record({
    at: fc.nat(30),
    kind: fc.constantFrom('drop', 'value', 'value', 'twice', 'name', 'array'),
    value,
  });
  return fc.tuple(fields, fc.array(act, { maxLength: 3 })).map(([given, acts]) => {
    const pairs = Object.entries(given);
    for (const { at, kind, value: text } of acts) {
      const place = pairs.length === 0 ? 0 : at % pairs.length;
      const [name = 'x'] = pairs[place] ?? [];
      if (kind === 'drop') pairs.splice(place, 1);
      else if (kind === 'twice') pairs.push([name, text]);
      else if (kind === 'name') pairs.push([text.slice(0, 50), text]);
      else if (kind === 'array') pairs.push([`${name}[]`, text]);
      else pairs[place] = [name, text];
    }
    return pairs
      .map(([name, text]) => `${encode(name)}=${encode(text)}`)
      .join('&')
      .slice(0, 12_000);
  });
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

const SCOPES = [
  'openid fhirUser launch/patient patient/*.rs offline_access',
  'launch openid patient/Observation.rs',
  'user/*.cruds',
  'system/Patient.rs',
  'patient/*.read',
  '',
];

const token43 = fc.constantFrom('A'.repeat(43), 'b-_'.repeat(14) + 'x', 'never-issued', '');

function authorizeFields({ base, clientId, redirectUri }: OAuthMaterial): fc.Arbitrary<Fields> {
  return fc.constantFrom(...SCOPES).map((scope) => ({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state: 'a-state',
    aud: base,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    launch: 'never-made',
    nonce: 'n',
    prompt: 'login',
    max_age: '10',
    acr_values: 'x',
    claims: '{"id_token":{"acr":null}}',
    login_hint: 'patient',
    ui_locales: 'de',
    display: 'page',
    response_mode: 'query',
    id_token_hint: 'a.b.c',
    request: '',
  }));
}

function tokenFields({ clientId, secret, redirectUri }: OAuthMaterial): fc.Arbitrary<Fields> {
  const grant = fc.constantFrom(
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'password',
    'urn:x',
  );
  return fc.tuple(grant, token43, fc.constantFrom(...SCOPES)).map(([grant_type, text, scope]) => ({
    grant_type,
    code: text,
    refresh_token: text,
    redirect_uri: redirectUri,
    code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    client_id: clientId,
    client_secret: secret,
    scope,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: 'eyJhbGciOiJSUzM4NCIsImtpZCI6ImsifQ.eyJpc3MiOiJ4Iiwic3ViIjoieCJ9.AAAA',
  }));
}

const registration = ({ redirectUri, personal }: OAuthMaterial): Json => ({
  client_name: 'An app',
  redirect_uris: [redirectUri],
  launch_uri: 'https://app.example.org/launch',
  logo_uri: 'https://app.example.org/logo.png',
  client_uri: 'https://app.example.org/',
  contacts: [personal[0] ?? 'a@example.org'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: 'launch patient/*.rs offline_access',
  token_endpoint_auth_method: 'none',
  jwks: { keys: [{ kty: 'EC', crv: 'P-384', kid: 'k', x: 'AA', y: 'AA', alg: 'ES384', use: 'sig' }] },
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const PATHS = [
  '/oidc/authorize',
  '/oidc/token',
  '/oidc/register',
  '/oidc/register/abc',
  '/oidc/revoke',
  '/oidc/introspect',
  '/oidc/userinfo',
  '/oidc/jwks',
  '/oidc/logout',
  '/oidc/interaction/abc',
  '/oidc/interaction/abc/search',
  '/oidc/sign-in?return=%2Faccount',
  '/oidc/sign-in?return=https%3A%2F%2Fevil.test',
  '/oidc/sign-out',
  '/oidc/state/Basic',
  '/oidc/state/Basic/x',
  '/oidc/brands',
  '/oidc/',
  '/oidc/%00',
  '/oidc/authorize/%2e%2e/x',
  '/fhir/.well-known/smart-configuration',
  '/fhir/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server/fhir',
  '/t/none/oidc/token',
  '/t/none/fhir/Patient',
  '/apps',
  '/apps/launch',
  '/apps/ehr?user=x&patient=y',
  '/',
  '/metrics',
  '/nothing-here',
];
const AUTHORIZATIONS = [
  'Basic !!!',
  'Basic ZGVtby1jb25maWRlbnRpYWw6ZGVtby1zZWNyZXQ=',
  'Basic ZGVtby1jb25maWRlbnRpYWw6d3Jvbmc=',
  'Basic JTAwOiUwMA==',
  'Bearer',
  'Bearer x',
  `Bearer ${'A'.repeat(43)}`,
  'DPoP x',
  'Negotiate x',
];

/** Any request to what is open to all. `target` counts from the root of the server. */
export function oauthRequests(material: OAuthMaterial): fc.Arbitrary<HttpRequest> {
  const { personal } = material;
  const headers = fc
    .record(
      {
        authorization: fc.constantFrom(...AUTHORIZATIONS),
        accept: fc.constantFrom('text/html', 'application/json', '*/*', 'x', ''),
        origin: fc.constantFrom('https://app.example.org', 'null', 'x'),
        cookie: fc.constantFrom('embergate_default=x; embergate_step_default=y', ';;=', 'a'.repeat(3000)),
        'x-forwarded-host': fc.constant('evil.test'),
      },
      { requiredKeys: [] },
    )
    .map((all): Fields => all as Fields);
  const form = (path: string, fields: fc.Arbitrary<Fields>): fc.Arbitrary<HttpRequest> =>
    fc.tuple(mutated(fields, personal), headers).map(([body, more]) => ({
      method: 'POST',
      target: path,
      headers: { 'content-type': FORM, ...more },
      body,
    }));
  const authorize = fc
    .tuple(mutated(authorizeFields(material), personal), headers)
    .map(([query, more]): HttpRequest => ({
      method: 'GET',
      target: `/oidc/authorize?${query}`,
      headers: more,
    }));
  const whole = registration(material);
  const register = fc
    .tuple(changes, fc.option(slips, { freq: 4 }), fc.constantFrom('POST', 'POST', 'POST', 'PUT'), headers)
    .map(([all, cuts, method, more]): HttpRequest => {
      const text = JSON.stringify(changed(whole, all)) ?? 'null';
      const body = cuts ? slipped(text, cuts) : text;
      const target = method === 'PUT' ? '/oidc/register/abc' : '/oidc/register';
      return { method, target, headers: { 'content-type': 'application/json', ...more }, body };
    });
  const looked = token43.map((token): Fields => ({
    token,
    token_type_hint: 'refresh_token',
    client_id: material.clientId,
    client_secret: material.secret,
  }));
  const chaos = fc
    .tuple(
      fc.constantFrom(...METHODS),
      fc.constantFrom(...PATHS),
      headers,
      fc.constantFrom(FORM, 'application/json', 'multipart/form-data; boundary=x', 'text/plain', 'x'),
      fc.option(fc.oneof(fc.constantFrom(...WILD), fc.constantFrom(...personal))),
    )
    .map(([method, target, more, type, body]): HttpRequest =>
      body === null || method === 'GET' || method === 'HEAD'
        ? { method, target, headers: more }
        : { method, target, headers: { 'content-type': type, ...more }, body: body.toWellFormed() },
    );
  return fc.oneof(
    { weight: 4, arbitrary: authorize },
    { weight: 1, arbitrary: form('/oidc/authorize', authorizeFields(material)) },
    { weight: 4, arbitrary: form('/oidc/token', tokenFields(material)) },
    { weight: 3, arbitrary: register },
    { weight: 1, arbitrary: form('/oidc/introspect', looked) },
    { weight: 1, arbitrary: form('/oidc/revoke', looked) },
    { weight: 3, arbitrary: chaos },
  );
}
