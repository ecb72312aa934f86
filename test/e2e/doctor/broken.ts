/** The ways in which a server can be wrong: each check of the doctor, and what spoils a right server just there. */
import type { Area } from '../../../src/cli/doctor/check.ts';
import type { Answered, Asked, Spoil } from '../../support/spoiler.ts';

const CALLBACK = 'https://app.example.org/embergate-doctor/public';

type Json = Record<string, unknown>;
const json = (answer: Answered, change: (one: Json) => void): void => {
  const one = JSON.parse(answer.text) as Json;
  change(one);
  answer.text = JSON.stringify(one);
};

/** On requests of a path (its end) that are answered like this. */
export const at =
  (path: RegExp, spoil: Spoil): Spoil =>
  (asked, answer) => {
    if (path.test(asked.path)) spoil(asked, answer);
  };
const SMART = /smart-configuration$/;
export const inDiscovery = (change: (one: Json) => void): Spoil =>
  at(SMART, (_asked, answer) => json(answer, change));
const without = (path: RegExp, header: string): Spoil =>
  at(path, (_asked, answer) => void delete answer.headers[header]);

const isToken = ({ form }: Asked, grant: string): boolean => form.get('grant_type') === grant;
const tokenAnswer = (grant: string, change: (one: Json) => void): Spoil =>
  at(/\/token$/, (asked, answer) => {
    if (isToken(asked, grant) && answer.status === 200) json(answer, change);
  });
/** A token endpoint that answers what it should refuse. */
const gives = (path: RegExp, when: (asked: Asked) => boolean, body: object, status = 200): Spoil =>
  at(path, (asked, answer) => {
    if (!when(asked)) return;
    answer.status = status;
    answer.text = JSON.stringify(body);
  });
/** An authorization endpoint that sends a code to who should get none. */
const sendsCode = (when: (asked: Asked) => boolean, to = CALLBACK): Spoil =>
  at(/\/authorize$/, (asked, answer) => {
    if (!when(asked)) return;
    answer.status = 303;
    answer.headers['location'] = `${to}?code=x`;
  });

/** What else cannot be good where a check fails, since it stands on the same. */
export const ALSO: Readonly<Record<string, readonly string[]>> = {
  'smart-configuration is served as JSON': [
    'the issuer',
    'every endpoint',
    'the capabilities',
    'openid-',
    'the Cap',
  ],
  'the issuer is the FHIR base': ['openid-configuration'],
  'every endpoint': ['openid-configuration', 'the CapabilityStatement'],
  'the id_token': ['and nothing else'],
  'a public app': ['a confidential app', 'a wrong secret'],
  'and of no token': ['an app learns'],
  standalone: ['from the EHR'],
  'from the EHR': ['standalone'],
};

const TOKEN = { access_token: 'x', token_type: 'Bearer' };

/** Area, the check that must fail, and how the server is spoiled. */
export const BROKEN: readonly (readonly [area: Area, check: string, spoil: Spoil])[] = [
  [
    'discovery',
    'smart-configuration is served as JSON',
    at(SMART, (_asked, answer) => (answer.status = 404)),
  ],
  [
    'discovery',
    'smart-configuration is served as JSON',
    at(SMART, (_asked, answer) => (answer.headers['content-type'] = 'text/html')),
  ],
  [
    'discovery',
    'the issuer is the FHIR base',
    inDiscovery((one) => (one['issuer'] = 'https://other.example.org')),
  ],
  ['discovery', 'every endpoint', inDiscovery((one) => delete one['revocation_endpoint'])],
  ['discovery', 'every endpoint', inDiscovery((one) => (one['token_endpoint'] = 'http://10.0.0.1/token'))],
  ['discovery', 'the capabilities', inDiscovery((one) => (one['capabilities'] = ['launch-ehr']))],
  [
    'discovery',
    'openid-configuration',
    at(/openid-configuration$/, (_asked, answer) =>
      json(answer, (one) => (one['issuer'] = 'https://x.test')),
    ),
  ],
  ['discovery', 'the CapabilityStatement', at(/\/metadata$/, (_asked, answer) => (answer.status = 401))],
  [
    'discovery',
    'the CapabilityStatement',
    at(/\/metadata$/, (_asked, answer) => json(answer, (one) => (one['fhirVersion'] = '3.0.2'))),
  ],
  ['cors', 'discovery can be read', without(SMART, 'access-control-allow-origin')],
  ['cors', 'the token endpoint can be called', without(/\/token$/, 'access-control-allow-origin')],
  [
    'cors',
    'FHIR can be called',
    at(/\/Patient$/, (asked, answer) => {
      if (asked.method === 'OPTIONS') answer.status = 403;
    }),
  ],
  ['cors', 'FHIR can be called', without(/\/Patient$/, 'access-control-allow-headers')],
  [
    'pkce',
    'S256 is offered',
    inDiscovery((one) => (one['code_challenge_methods_supported'] = ['S256', 'plain'])),
  ],
  ['pkce', 'a request without a challenge', sendsCode(({ query }) => !query.has('code_challenge'))],
  ['pkce', 'a plain challenge', sendsCode(({ query }) => query.get('code_challenge_method') === 'plain')],
  [
    'pkce',
    'a wrong verifier',
    gives(/\/token$/, ({ form }) => form.get('code_verifier')?.startsWith('www') === true, TOKEN),
  ],
  ['clients', 'a public app', at(/\/register$/, (_asked, answer) => (answer.status = 403))],
  ['clients', 'a public app', tokenAnswer('authorization_code', (one) => (one['token_type'] = 'mac'))],
  [
    'clients',
    'a confidential app',
    at(/\/token$/, (asked, answer) => {
      if (asked.headers.authorization && isToken(asked, 'authorization_code')) answer.status = 401;
    }),
  ],
  [
    'clients',
    'a wrong secret',
    gives(/\/token$/, ({ form }) => form.get('code') === 'x', { error: 'invalid_grant' }, 400),
  ],
  [
    'clients',
    'a backend service',
    gives(/\/token$/, (asked) => isToken(asked, 'client_credentials'), { error: 'invalid_client' }, 401),
  ],
  ['launch', 'standalone', tokenAnswer('authorization_code', (one) => delete one['patient'])],
  ['launch', 'from the EHR', tokenAnswer('authorization_code', (one) => delete one['patient'])],
  [
    'launch',
    'a request for another server',
    sendsCode(({ query }) => query.get('aud')?.includes('other') === true),
  ],
  [
    'launch',
    'an address that is not registered',
    sendsCode(({ query }) => query.get('redirect_uri')!.endsWith('public/embergate-doctor'), `${CALLBACK}/x`),
  ],
  [
    'scopes',
    'no more is granted',
    tokenAnswer('authorization_code', (one) => (one['scope'] = `${String(one['scope'])} user/*.cruds`)),
  ],
  ['scopes', 'the token opens', at(/\/Patient\/./, (_asked, answer) => (answer.status = 403))],
  ['scopes', 'and nothing else', at(/\/Condition$/, (_asked, answer) => (answer.status = 200))],
  ['scopes', 'without a token', at(/\/Patient$/, (_asked, answer) => (answer.status = 200))],
  ['scopes', 'without a token', without(/\/Patient$/, 'www-authenticate')],
  [
    'scopes',
    'the id_token',
    tokenAnswer('authorization_code', (one) => {
      const [head, , signature] = String(one['id_token']).split('.');
      const body = Buffer.from(JSON.stringify({ iss: 'x' })).toString('base64url');
      one['id_token'] = [head, body, signature].join('.');
    }),
  ],
  ['scopes', 'the id_token', at(/\/jwks$/, (_asked, answer) => json(answer, (one) => (one['keys'] = [])))],
  ['refresh', 'a refresh token', tokenAnswer('authorization_code', (one) => delete one['refresh_token'])],
  [
    'refresh',
    'a refresh token',
    gives(/\/token$/, (asked) => isToken(asked, 'refresh_token'), { ...TOKEN, refresh_token: 'same' }),
  ],
  ['introspection', 'an app learns', gives(/\/introspect$/, () => true, { active: false })],
  ['introspection', 'and of no token', gives(/\/introspect$/, () => true, { active: true })],
  ['introspection', 'and of no token', at(/\/introspect$/, (_asked, answer) => (answer.status = 404))],
  ['revocation', 'a token that was revoked', at(/\/revoke$/, (_asked, answer) => (answer.status = 503))],
  [
    'revocation',
    'a token that was revoked',
    at(/\/Patient\/./, (asked, answer) => {
      if (asked.headers.authorization) answer.status = 200;
    }),
  ],
  [
    'brands',
    'the brand',
    at(/\/brands$/, (_asked, answer) => (answer.text = '{"resourceType":"Bundle","entry":[]}')),
  ],
  ['brands', 'the brand', without(/\/brands$/, 'access-control-allow-origin')],
  ['headers', 'the sign-in runs no script', without(/\/interaction\//, 'content-security-policy')],
  [
    'headers',
    'the sign-in runs no script',
    at(/\/interaction\//, (_asked, answer) => {
      answer.headers['content-security-policy'] =
        "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
    }),
  ],
  ['headers', 'types are not guessed', without(/\/metadata$/, 'x-content-type-options')],
  ['headers', 'tokens are kept', without(/\/token$/, 'cache-control')],
  [
    'headers',
    'cookies are out of reach',
    at(/./, (_asked, answer) => {
      const cookies = answer.headers['set-cookie'];
      if (Array.isArray(cookies))
        answer.headers['set-cookie'] = cookies.map((one: string) => one.replace(/; httponly/i, ''));
    }),
  ],
  [
    'headers',
    'the software behind',
    at(/\/metadata$/, (_asked, answer) => (answer.headers['x-powered-by'] = 'X')),
  ],
  [
    'clock',
    'its clock and ours',
    at(
      /\/metadata$/,
      (_asked, answer) => (answer.headers['date'] = new Date(Date.now() - 120_000).toUTCString()),
    ),
  ],
  ['clock', 'its clock and ours', without(/\/metadata$/, 'date')],
  [
    'clock',
    'tokens begin now',
    tokenAnswer('authorization_code', (one) => {
      const [head, , signature] = String(one['id_token']).split('.');
      const body = Buffer.from(JSON.stringify({ iat: Date.now() / 1000 - 600 })).toString('base64url');
      one['id_token'] = [head, body, signature].join('.');
    }),
  ],
];
