/** What an app needs before it begins: discovery, CORS, PKCE. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html */
import { ask, jsonOf } from './browser.ts';
import { APP_ORIGIN, check, list, must, refusal, type Check } from './check.ts';

export const DISCOVERY: readonly Check[] = [
  check(
    'discovery',
    'smart-configuration is served as JSON, without a token',
    'serve {base}/.well-known/smart-configuration as application/json; a proxy in front must let it through',
    async (exam) => {
      const answer = await exam.discoveryAnswer();
      await exam.discovery();
      const type = answer.headers.get('content-type') ?? 'nothing';
      must(/^application\/(?:fhir\+)?json\b/.test(type), `its Content-Type is ${type}`);
      return answer.url;
    },
  ),
  check(
    'discovery',
    'the issuer is the FHIR base that was asked',
    'set PUBLIC_URL to the origin that clients see',
    async (exam) => {
      const { issuer } = await exam.discovery();
      must(issuer === (await exam.base()), `issuer is ${String(issuer)}, the FHIR base ${await exam.base()}`);
      return issuer;
    },
  ),
  check(
    'discovery',
    'every endpoint that SMART asks for is named, at the same origin',
    'set PUBLIC_URL; see the list in docs/interactions',
    async (exam) => {
      const { origin } = new URL(await exam.base());
      const names = ['authorization', 'token', 'introspection', 'revocation', 'registration'];
      for (const name of [...names.map((one) => `${one}_endpoint`), 'jwks_uri']) {
        const url = new URL(await exam.endpoint(name));
        must(url.origin === origin, `${name} is at ${url.origin}`);
      }
      return origin;
    },
  ),
  check(
    'discovery',
    'the capabilities of a launch are listed',
    'list launch-ehr, launch-standalone, client-public, permission-patient, permission-v2',
    async (exam) => {
      const has = list((await exam.discovery())['capabilities']);
      const wanted = [
        'launch-ehr',
        'launch-standalone',
        'client-public',
        'permission-patient',
        'permission-v2',
      ];
      const missing = wanted.filter((one) => !has.includes(one));
      must(missing.length === 0, `missing: ${missing.join(', ')}`);
      return `${has.length} capabilities`;
    },
  ),
  check(
    'discovery',
    'openid-configuration says the same',
    'serve {issuer}/.well-known/openid-configuration with the issuer and endpoints of smart-configuration',
    async (exam) => {
      const other = jsonOf(await ask(`${await exam.base()}/.well-known/openid-configuration`));
      const smart = await exam.discovery();
      for (const name of ['issuer', 'token_endpoint', 'authorization_endpoint', 'jwks_uri'])
        must(other[name] === smart[name], `${name} is ${String(other[name])} there`);
      return 'same issuer and endpoints';
    },
  ),
  check(
    'discovery',
    'the CapabilityStatement is open, is R4, and names the same endpoints',
    'serve {base}/metadata without a token, with the oauth-uris extension',
    async (exam) => {
      const answer = await exam.metadata();
      must(answer.status === 200, `it answers ${answer.status}`);
      const { fhirVersion } = jsonOf(answer);
      must(fhirVersion === '4.0.1', `fhirVersion is ${String(fhirVersion)}`);
      must(
        answer.text.includes(await exam.endpoint('token_endpoint')),
        'it does not name the token endpoint',
      );
      return '4.0.1';
    },
  ),
];

export const CORS: readonly Check[] = [
  check(
    'cors',
    'discovery can be read by pages of any origin',
    'answer discovery with Access-Control-Allow-Origin: *',
    async (exam) => {
      const { url } = await exam.discoveryAnswer();
      const { headers } = await ask(url, { headers: { origin: APP_ORIGIN } });
      const allowed = headers.get('access-control-allow-origin');
      must(
        allowed === '*' || allowed === APP_ORIGIN,
        `Access-Control-Allow-Origin is ${allowed ?? 'missing'}`,
      );
      return allowed;
    },
  ),
  check(
    'cors',
    'the token endpoint can be called by pages of a registered app',
    'let the token endpoint answer preflights and name the origin of the app',
    async (exam) => {
      const app = await exam.app('public');
      const { origin } = new URL(app.redirectUri);
      const url = await exam.endpoint('token_endpoint');
      const asks = { origin, 'access-control-request-method': 'POST' };
      const preflight = await ask(url, { method: 'OPTIONS', headers: asks });
      must(preflight.status < 300, `the preflight is answered with ${preflight.status}`);
      const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'x', client_id: app.id });
      const { headers } = await ask(url, { method: 'POST', headers: { origin }, body });
      const allowed = headers.get('access-control-allow-origin');
      must(allowed === origin || allowed === '*', `Access-Control-Allow-Origin is ${allowed ?? 'missing'}`);
      return allowed;
    },
  ),
  check(
    'cors',
    'FHIR can be called by pages with a token',
    'set CORS_ORIGINS, and let OPTIONS through a proxy in front',
    async (exam) => {
      const { headers, status } = await ask(`${await exam.base()}/Patient`, {
        method: 'OPTIONS',
        headers: {
          origin: APP_ORIGIN,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
        },
      });
      must(status < 300, `the preflight is answered with ${status}`);
      const allowed = headers.get('access-control-allow-origin');
      must(
        allowed === '*' || allowed === APP_ORIGIN,
        `Access-Control-Allow-Origin is ${allowed ?? 'missing'}`,
      );
      must(
        /\bauthorization\b/i.test(headers.get('access-control-allow-headers') ?? ''),
        'Authorization is not among Access-Control-Allow-Headers',
      );
      return allowed;
    },
  ),
];

export const PKCE: readonly Check[] = [
  check('pkce', 'S256 is offered, plain is not', 'offer S256 alone', async (exam) => {
    const methods = list((await exam.discovery())['code_challenge_methods_supported']);
    must(
      methods.includes('S256') && !methods.includes('plain'),
      `offered: ${methods.join(', ') || 'nothing'}`,
    );
    return methods.join();
  }),
  check('pkce', 'a request without a challenge is refused', 'require PKCE of every client', (exam) =>
    refusal(exam, { code_challenge: undefined, code_challenge_method: undefined }),
  ),
  check('pkce', 'a plain challenge is refused', 'take S256 alone', (exam) =>
    refusal(exam, { code_challenge_method: 'plain' }),
  ),
  check('pkce', 'a wrong verifier gets no token', 'hold the verifier against the challenge', async (exam) => {
    await exam.standalone('public');
    const app = await exam.app('public');
    const { code } = await exam.authorize(app);
    const answer = await exam.redeem(app, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: app.redirectUri,
      code_verifier: 'w'.repeat(43),
    });
    must(answer.status === 400, `the token endpoint answers ${answer.status}`);
    return String(jsonOf(answer)['error']);
  }),
];
