/** What an app goes through: its kind, its launch, what it was granted. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { ask, browser, CALLBACK_MARK, jsonOf } from './browser.ts';
import { bearer, check, must, refusal, type Check } from './check.ts';
import { backendToken, SCOPES, Skipped, type Json } from './exam.ts';

export const CLIENTS: readonly Check[] = [
  check(
    'clients',
    'a public app gets a token',
    'register it with token_endpoint_auth_method none',
    async (exam) => {
      const { token } = await exam.standalone('public');
      must(
        typeof token['access_token'] === 'string' && /^bearer$/i.test(String(token['token_type'])),
        'no bearer token',
      );
      return String(token['scope']);
    },
  ),
  check(
    'clients',
    'a confidential app gets a token with its secret',
    'register it with client_secret_basic',
    async (exam) => {
      const { token } = await exam.standalone('confidential');
      must(typeof token['access_token'] === 'string', 'no token');
      return String(token['scope']);
    },
  ),
  check('clients', 'a wrong secret is refused', 'authenticate confidential clients', async (exam) => {
    const app = await exam.app('confidential');
    const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: app.redirectUri };
    const answer = await exam.redeem({ ...app, secret: `not-${app.secret ?? ''}` }, form);
    const { error } = jsonOf(answer);
    must(answer.status === 401 && error === 'invalid_client', `${answer.status} ${String(error)}`);
    return '401 invalid_client';
  }),
  check('clients', 'a backend service gets a token with its key', 'register its public key', async (exam) => {
    const answer = await backendToken(exam);
    must(answer.status === 200, `the token endpoint answers ${answer.status}: ${answer.text.slice(0, 200)}`);
    return String(jsonOf(answer)['scope']);
  }),
];

export const LAUNCH: readonly Check[] = [
  check(
    'launch',
    'standalone: the token names the patient that was chosen',
    'grant launch/patient',
    async (exam) => {
      const { token } = await exam.standalone('public');
      must(typeof token['patient'] === 'string', 'the token response has no patient');
      return `patient ${token['patient']}`;
    },
  ),
  check(
    'launch',
    'from the EHR: the token names the patient of the launch',
    'take up the launch parameter; the gallery at /apps makes launches where the demo is on',
    async (exam) => {
      const app = await exam.app('public');
      const { origin } = new URL(await exam.base());
      const body = new URLSearchParams({ app: app.id, mode: 'ehr', user: exam.options.username });
      const opened = await ask(`${origin}/apps/launch`, { method: 'POST', body });
      const launch = URL.parse(opened.headers.get('location') ?? '', origin)?.searchParams.get('launch');
      if (!launch)
        throw new Skipped('this server makes no launches for us: it has no gallery, or not the demo');
      const scope = SCOPES.replace('launch/patient', 'launch');
      const { code, verifier } = await exam.authorize(app, { launch, scope });
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: app.redirectUri,
        code_verifier: verifier,
      };
      const answer = await exam.redeem(app, form);
      const { patient } = jsonOf(answer);
      must(typeof patient === 'string', 'the token response has no patient');
      return `patient ${patient}`;
    },
  ),
  check('launch', 'a request for another server (aud) is refused', 'hold aud against the FHIR base', (exam) =>
    refusal(exam, { aud: 'https://other.example.org/fhir' }),
  ),
  check(
    'launch',
    'an address that is not registered is never redirected to',
    'compare redirect_uri as it is, letter by letter',
    async (exam) => {
      const app = await exam.app('public');
      const over = { redirect_uri: `${app.redirectUri}/${CALLBACK_MARK}`, code_challenge: undefined };
      const { url } = await exam.authorizeUrl(app, over);
      const at = await browser(new URL(url).origin).open(url);
      const location = at.headers.get('location') ?? '';
      must(!location.startsWith(app.redirectUri), `it redirects to ${location}`);
      must(at.status >= 400, `it is answered with ${at.status}`);
      return `answered ${at.status}`;
    },
  ),
];

export const GRANTED: readonly Check[] = [
  check('scopes', 'no more is granted than was asked for', 'grant what was asked, or less', async (exam) => {
    const { token } = await exam.standalone('public');
    const asked = SCOPES.split(' ');
    const more = String(token['scope'])
      .split(' ')
      .filter((one) => !asked.includes(one));
    must(more.length === 0, `granted beyond it: ${more.join(' ')}`);
    return String(token['scope']);
  }),
  check(
    'scopes',
    'the token opens what it is for',
    'let the FHIR base take the tokens of this server',
    async (exam) => {
      const { token } = await exam.standalone('public');
      const patient = String(token['patient']);
      const { status } = await ask(`${await exam.base()}/Patient/${patient}`, { headers: bearer(token) });
      must(status === 200, `reading Patient/${patient} is answered with ${status}`);
      return `Patient/${patient}: 200`;
    },
  ),
  check('scopes', 'and nothing else', 'hold every request against the scopes of its token', async (exam) => {
    const { token } = await exam.standalone('public');
    const { status } = await ask(`${await exam.base()}/Condition`, { headers: bearer(token) });
    must(status === 403, `a search of Condition, which was not granted, is answered with ${status}`);
    return 'Condition: 403';
  }),
  check('scopes', 'without a token nothing is served', 'set ACCESS=smart', async (exam) => {
    const { status, headers } = await ask(`${await exam.base()}/Patient`);
    must(status === 401, `a search without a token is answered with ${status}`);
    must(/^bearer\b/i.test(headers.get('www-authenticate') ?? ''), 'the 401 has no WWW-Authenticate: Bearer');
    return '401';
  }),
  check(
    'scopes',
    'the id_token is signed by a key of jwks_uri, for this app, by this issuer',
    'serve the keys that sign at jwks_uri',
    async (exam) => {
      const { token, app } = await exam.standalone('public');
      const claims = await verified(String(token['id_token']), await exam.endpoint('jwks_uri'));
      must(claims['iss'] === (await exam.base()), `iss is ${String(claims['iss'])}`);
      must([claims['aud']].flat().includes(app.id), `aud is ${String(claims['aud'])}`);
      return String(claims['fhirUser'] ?? claims['sub']);
    },
  ),
];

const HASHES: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  ES256: 'sha256',
  RS384: 'sha384',
  ES384: 'sha384',
};

async function verified(token: string, jwksUri: string): Promise<Json> {
  const [head = '', body = '', signature = ''] = token.split('.');
  const parse = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Json;
  const { kid, alg } = parse(head);
  const { keys } = jsonOf(await ask(jwksUri));
  const jwk = (Array.isArray(keys) ? (keys as JsonWebKey[]) : []).find((one) => one['kid'] === kid);
  must(jwk !== undefined, `the key ${String(kid)} is not at jwks_uri`);
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
  const isGood = verify(
    HASHES[String(alg)],
    Buffer.from(`${head}.${body}`),
    key,
    Buffer.from(signature, 'base64url'),
  );
  must(isGood, 'its signature is wrong');
  return parse(body);
}
