/** What becomes of a token, and the brand of the place. https://www.rfc-editor.org/rfc/rfc7009, RFC 7662 */
import { ask, jsonOf, type Answer } from './browser.ts';
import { APP_ORIGIN, bearer, check, must, type Check } from './check.ts';
import type { App, Exam, Json } from './exam.ts';

const refresh = (exam: Exam, kind: 'public' | 'confidential', token: unknown): Promise<Answer> =>
  exam
    .app(kind)
    .then((app) => exam.redeem(app, { grant_type: 'refresh_token', refresh_token: String(token) }));

export const AFTER: readonly Check[] = [
  check(
    'refresh',
    'a refresh token gives new tokens, and is good once',
    'grant offline_access, and rotate refresh tokens',
    async (exam) => {
      const { token } = await exam.standalone('public');
      must(typeof token['refresh_token'] === 'string', 'offline_access was granted without a refresh token');
      const first = await refresh(exam, 'public', token['refresh_token']);
      must(first.status === 200, `the refresh is answered with ${first.status}`);
      const again = await refresh(exam, 'public', token['refresh_token']);
      must(again.status === 400, `the used refresh token is answered with ${again.status}`);
      return 'rotated';
    },
  ),
  check(
    'introspection',
    'an app learns of its own token that it is active',
    'serve the introspection endpoint',
    async (exam) => {
      const { token, app } = await exam.standalone('confidential');
      const said = await introspect(exam, app, token['access_token']);
      must(said['active'] === true, `active is ${String(said['active'])}`);
      return String(said['scope']);
    },
  ),
  check(
    'introspection',
    'and of no token at all that it is not',
    'answer active: false for what is unknown',
    async (exam) => {
      const said = await introspect(exam, await exam.app('confidential'), 'no-token-of-this-server');
      must(said['active'] === false, `active is ${String(said['active'])}`);
      return 'active: false';
    },
  ),
  check(
    'revocation',
    'a token that was revoked is refused at the next request',
    'serve the revocation endpoint, and look tokens up at every request',
    async (exam) => {
      const { token, app } = await exam.standalone('confidential');
      const patient = `${await exam.base()}/Patient/${String(token['patient'])}`;
      const before = await ask(patient, { headers: bearer(token) });
      must(before.status === 200, `before the revocation the token is answered with ${before.status}`);
      const url = await exam.endpoint('revocation_endpoint');
      const revoked = await authenticated(url, app, { token: String(token['access_token']) });
      must(revoked.status === 200, `the revocation is answered with ${revoked.status}`);
      const { status } = await ask(patient, { headers: bearer(token) });
      must(status === 401, `the revoked token is answered with ${status}`);
      return '401';
    },
  ),
  check(
    'brands',
    'the brand of this place can be read by every page',
    'serve user_access_brand_bundle with open CORS',
    async (exam) => {
      const answer = await ask(await exam.endpoint('user_access_brand_bundle'), {
        headers: { origin: APP_ORIGIN },
      });
      const { resourceType, entry } = jsonOf(answer);
      must(resourceType === 'Bundle' && Array.isArray(entry), 'it is no Bundle');
      const types = (entry as { resource?: { resourceType?: string } }[]).map(
        (one) => one.resource?.resourceType,
      );
      must(types.includes('Organization') && types.includes('Endpoint'), `it holds ${types.join(', ')}`);
      must(answer.headers.get('access-control-allow-origin') === '*', 'it is not open to other origins');
      return types.join(', ');
    },
  ),
];

function authenticated(url: string, app: App, form: Readonly<Record<string, string>>): Promise<Answer> {
  const basic = Buffer.from(`${app.id}:${app.secret ?? ''}`).toString('base64');
  const headers = { authorization: `Basic ${basic}` };
  return ask(url, { method: 'POST', headers, body: new URLSearchParams(form) });
}

async function introspect(exam: Exam, app: App, token: unknown): Promise<Json> {
  const url = await exam.endpoint('introspection_endpoint');
  const answer = await authenticated(url, app, { token: String(token) });
  must(answer.status === 200, `it answers ${answer.status}`);
  return jsonOf(answer);
}
