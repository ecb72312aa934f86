/** What is taken as a bearer and what is not. https://www.rfc-editor.org/rfc/rfc6750 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { secretId } from '../../../src/access/access-token.ts';
import { apiOf } from '../../support/api.ts';
import type { TokenSpec } from '../../support/guarded.ts';
import type { World } from './world.ts';

const SCOPE = 'patient/*.rs';

export function tokenTests(use: () => World): void {
  describe('bearers', () => {
    let spec: TokenSpec;
    let path: string;
    beforeAll(() => {
      const { a } = use();
      spec = { scope: SCOPE, extra: { patient: a, fhirUser: `Patient/${a}` } };
      path = `/Patient/${a}`;
    });

    it('[12] a good token is taken, whatever the case of "Bearer" and the spaces around it', async () => {
      const world = use();
      const token = await world.issue(spec);
      for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`]) {
        const reply = await apiOf(world.base).get(path, { authorization });
        expect({ authorization, status: reply.status }).toEqual({ authorization, status: 200 });
      }
    });

    const bad: readonly (readonly [string, Partial<TokenSpec>])[] = [
      ['for another server', { aud: 'https://elsewhere.example/fhir' }],
      ['for another tenant', { aud: 'http://127.0.0.1/t/other/fhir' }],
      ['for a longer address than ours', { aud: 'http://127.0.0.1/fhir.evil.example' }],
      ['for nobody', { aud: undefined }],
      ['that has expired', { lives: -5 }],
      ['whose record says another kind', { more: { kind: 'RefreshToken' } }],
      ['whose expiry is not a number', { more: { exp: 'never' } }],
    ];
    it.each(bad)('[12] a token %s is 401', async (_name, change) => {
      const world = use();
      const reply = await (await world.client({ ...spec, ...change })).get(path);
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="http[^"]*\/fhir", error="invalid_token", error_description="[^"]+"$/,
      );
      expect(reply.body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'login' }] });
      expect(reply.text).toContain('/.well-known/smart-configuration');
    });

    it('[12] a token of another tenant is not known here', async () => {
      const world = use();
      const other = await world.composition.stores.tenant('other');
      const id = secretId('token-of-the-other');
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        kind: 'AccessToken',
        clientId: 'app',
        scope: SCOPE,
        aud: world.base,
        iat: now,
        exp: now + 60,
      };
      await other.tokens.put({ model: 'AccessToken', id, payload: JSON.stringify(payload) });
      expect((await world.as('token-of-the-other').get(path)).status).toBe(401);
    });

    it.each(['RefreshToken', 'AuthorizationCode', 'Launch', 'Session', 'RegistrationAccessToken', 'Grant'])(
      '[12] a %s is no bearer',
      async (model) => {
        const world = use();
        const token = `of-the-kind-${model}`;
        const now = Math.floor(Date.now() / 1000);
        for (const kind of [model, 'AccessToken']) {
          const payload = {
            kind,
            clientId: 'app',
            scope: SCOPE,
            aud: world.base,
            iat: now,
            exp: now + 60,
            extra: spec.extra,
          };
          await world.store.tokens.put({ model, id: secretId(token), payload: JSON.stringify(payload) });
          expect((await world.as(token).get(path)).status).toBe(401);
        }
      },
    );

    it('[12] an id_token is 401, with a hint', async () => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const jwt = `${part({ alg: 'none' })}.${part({ sub: 'ann', aud: use().base })}.c2ln`;
      const reply = await use().as(jwt).get(path);
      expect(reply.status).toBe(401);
      expect(reply.text).toMatch(/id_token/);
    });

    it('[12] a token in the query is refused, even beside a good one', async () => {
      const world = use();
      const token = await world.issue(spec);
      for (const api of [apiOf(world.base), world.as(token)]) {
        const reply = await api.get(`${path}?access_token=${token}`);
        expect(reply.status).toBe(401);
        expect(reply.headers.get('www-authenticate')).toContain('error="invalid_request"');
        expect(reply.text + reply.headers.get('www-authenticate')!).not.toContain(token);
      }
    });

    it('[12] a token in a form body is no token', async () => {
      const world = use();
      const token = await world.issue(spec);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const reply = await apiOf(world.base).send('POST', '/Patient/_search', `access_token=${token}`, form);
      expect(reply.status).toBe(401);
    });

    it.each([
      '',
      'Basic YTpi',
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Bearer a,Bearer b',
      'Token x',
      `Bearer ${'x'.repeat(5000)}`,
    ])('[12] the header %j is 401', async (authorization) => {
      const reply = await apiOf(use().base).get(path, { authorization });
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    });

    it('[12] no token at all: a challenge without an error, on every tenant address', async () => {
      const reply = await apiOf(use().base).get(path);
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]*"$/);
    });

    it('[9] what is revoked is worth nothing at the next request', async () => {
      const world = use();
      const token = await world.issue(spec);
      expect((await world.as(token).get(path)).status).toBe(200);
      await world.store.tokens.remove('AccessToken', secretId(token));
      expect((await world.as(token).get(path)).status).toBe(401);
    });

    it.each(['jkt', 'x5t#S256', 'cnf'])('[15] a token bound by %s is no plain bearer', async (binding) => {
      const reply = await (await use().client({ ...spec, more: { [binding]: 'thumbprint' } })).get(path);
      expect(reply.status).toBe(401);
    });

    it('[36] what one caller gets is no other one’s: private, and told apart by the Authorization header', async () => {
      const world = use();
      const api = await world.app(SCOPE);
      const replies = [
        await api.get(path),
        await api.get('/Observation?_count=1'),
        await api.get(`/Patient/${world.b}`),
        await api.get('/Observation?_count=200', { 'accept-encoding': 'gzip' }),
        await apiOf(world.base).get(path),
      ];
      for (const { headers } of replies) {
        expect(headers.get('cache-control')).toContain('private');
        expect(headers.get('vary')).toContain('Authorization');
      }
    });

    it('[36] a validator of B is worth nothing: neither 304 nor another answer than for what is not there', async () => {
      const world = use();
      const api = await world.app(SCOPE);
      const own = await api.get(path);
      expect((await api.get(path, { 'if-none-match': own.headers.get('etag')! })).status).toBe(304);
      const validators: readonly Record<string, string>[] = [
        { 'if-none-match': 'W/"1"' },
        { 'if-none-match': '*' },
        { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
      ];
      for (const headers of validators)
        expect((await api.get(`/Patient/${world.b}`, headers)).status).toBe(404);
    });
  });
}
