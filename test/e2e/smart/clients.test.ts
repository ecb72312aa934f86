/** Clients: registration and its management, origins, and the keys of the server itself. https://www.rfc-editor.org/rfc/rfc7591 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { tenantKeys } from '../../../src/smart/sealing.ts';
import { rotateKeys, signingKeys } from '../../../src/smart/signing-keys.ts';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import { assertion, backendToken, type KeyPair } from './assertion.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

describe('clients', () => {
  let server: SmartServer;
  let backendKeys: Promise<KeyPair>;
  beforeAll(async () => {
    server = await startSmartServer();
    await flow.seed(server);
    backendKeys = addClients(server);
    await backendKeys;
  });
  afterAll(() => server.stop());

  const register = async (metadata: object) => {
    const answer = await fetch(`${server.origin}/oidc/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as Record<string, unknown> & { client_id: string },
    };
  };

  describe('registration', () => {
    const app = {
      client_name: 'My app',
      redirect_uris: [flow.REDIRECT],
      token_endpoint_auth_method: 'none',
      scope: 'launch/patient patient/Observation.rs offline_access',
    };

    it('a registered app goes through a launch, with the scopes of its registration', async () => {
      const made = await register(app);
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({ ...app, grant_types: ['authorization_code', 'refresh_token'] });
      for (const ours of [
        'smart_scopes',
        'registered_by',
        'skip_consent',
        'introspects',
        'state_codes',
        'client_secret',
      ])
        expect(made.body).not.toHaveProperty(ours);
      const asked = 'launch/patient patient/*.rs patient/Observation.rs offline_access';
      const tokens = await flow.tokensOf(server, { clientId: made.body.client_id, scope: asked });
      expect(tokens.scope.split(' ').sort()).toEqual([
        'launch/patient',
        'offline_access',
        'patient/Observation.rs',
      ]);
      expect(tokens.refresh_token).toBeDefined();
    });

    it('the consent page says that it registered itself', async () => {
      const { body } = await register(app);
      const visitor = new Visitor();
      await flow.authorize(server, {}, {}, visitor);
      const page = await visitor.open(
        flow.authorization(server, { clientId: body.client_id, scope: 'user/Patient.rs' }).url,
      );
      expect(page.headers.get('location')).toContain('error=invalid_scope');
      const consent = await visitor.open(
        flow.authorization(server, { clientId: body.client_id, scope: 'patient/Observation.rs' }).url,
      );
      expect((await flow.walk(visitor, consent, { deny: true })).headers.get('location')).toContain(
        'access_denied',
      );
      const choose = await visitor.open(
        flow.authorization(server, { clientId: body.client_id, scope: 'patient/Observation.rs' }).url,
      );
      expect(choose.text.toLowerCase()).toContain('registered itself on');
      expect(choose.text).toContain('My app');
    });

    it('a confidential app gets a secret that works, and can read, change and delete itself', async () => {
      const made = await register({ ...app, token_endpoint_auth_method: 'client_secret_basic' });
      const {
        client_id: id,
        client_secret: secret,
        registration_client_uri: uri,
      } = made.body as Record<string, string>;
      let { registration_access_token: token } = made.body as Record<string, string>;
      expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
      const at = await flow.authorize(server, { clientId: id!, scope: app.scope });
      const redeemed = await flow.post(
        `${server.origin}/oidc/token`,
        {
          grant_type: 'authorization_code',
          code: at.code,
          redirect_uri: flow.REDIRECT,
          code_verifier: at.verifier,
        },
        flow.basic(id!, secret!),
      );
      expect(redeemed.status).toBe(200);

      const manage = async (method: string, body?: object) => {
        const answer = await fetch(uri!, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
          ...(body && { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return {
          status: answer.status,
          body: (text === '' ? {} : JSON.parse(text)) as Record<string, string>,
        };
      };
      expect((await manage('GET')).body).toMatchObject({
        client_id: id,
        client_name: 'My app',
        scope: app.scope,
      });
      const change = {
        ...app,
        client_id: id,
        client_secret: secret,
        client_name: 'New name',
        token_endpoint_auth_method: 'client_secret_basic',
      };
      expect((await manage('PUT', { ...change, client_secret: 'wrong' })).status).toBe(400);
      const changed = await manage('PUT', change);
      expect(changed).toMatchObject({ status: 200, body: { client_name: 'New name' } });
      expect(changed.body['registration_access_token']).not.toBe(token);
      expect((await manage('GET')).status).toBe(401);
      token = changed.body['registration_access_token']!;
      const refreshed = await flow.post(
        `${server.origin}/oidc/token`,
        { grant_type: 'refresh_token', refresh_token: redeemed.body.refresh_token },
        flow.basic(id!, secret!),
      );
      expect(refreshed.status).toBe(200);
      expect((await manage('DELETE')).status).toBe(204);
      const read = await fetch(`${server.base}/Patient/anna`, {
        headers: { authorization: `Bearer ${refreshed.body.access_token}` },
      });
      expect(read.status).toBe(401);
      expect((await new Visitor().open(flow.authorization(server, { clientId: id! }).url)).status).toBe(400);
    });
  });

  it('a public app that refreshes without its client_id, as fhirclient does, is known by its token', async () => {
    const { refresh_token: token } = await flow.tokensOf(server, {
      scope: 'launch/patient patient/*.rs offline_access',
    });
    const form = { grant_type: 'refresh_token', refresh_token: token };
    const answer = await flow.post(`${server.origin}/oidc/token`, form);
    expect(answer).toMatchObject({ status: 200, body: { patient: 'anna' } });
    const none = await flow.post(`${server.origin}/oidc/token`, { ...form, refresh_token: 'made-up' });
    expect(none.status).toBe(400);
  });

  it('a client with that right introspects the tokens of others, by secret and by Bearer', async () => {
    const secret = 'another-secret-of-the-tests-that-is-long';
    const grants = {
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      smart_scopes: 'system/Patient.rs',
    };
    await server.client({
      ...flow.CONFIDENTIAL_APP,
      ...grants,
      client_id: 'gateway',
      client_secret: secret,
      introspects: true,
    });
    const { access_token: token } = await flow.tokensOf(server, {
      scope: 'launch/patient patient/*.rs openid fhirUser',
    });
    const address = `${server.origin}/oidc/introspect`;
    const bySecret = await flow.post(address, { token }, flow.basic('gateway', secret));
    expect(bySecret.body).toMatchObject({ active: true, client_id: 'public-app', patient: 'anna' });
    const own = await flow.post(
      `${server.origin}/oidc/token`,
      { grant_type: 'client_credentials' },
      flow.basic('gateway', secret),
    );
    expect(own.body).toMatchObject({ scope: 'system/Patient.rs', expires_in: 300 });
    const byBearer = await flow.post(
      address,
      { token },
      { authorization: `Bearer ${own.body.access_token}` },
    );
    expect(byBearer.body).toMatchObject({ active: true, client_id: 'public-app', patient: 'anna' });
    const stranger = await backendToken(server, await assertion(server, 'backend', await backendKeys));
    const refused = await flow.post(
      address,
      { token },
      { authorization: `Bearer ${stranger.body.access_token}` },
    );
    expect(refused.body).toEqual({ active: false });
  });

  describe('origins', () => {
    const origin = new URL(flow.REDIRECT).origin;
    const tokenFrom = (from: string) =>
      flow.post(
        `${server.origin}/oidc/token`,
        { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'public-app' },
        { origin: from },
      );

    it('discovery is open to every page, whatever it accepts', async () => {
      for (const path of [
        '/fhir/.well-known/smart-configuration',
        '/.well-known/smart-configuration',
        '/fhir/.well-known/openid-configuration',
        '/.well-known/oauth-authorization-server/fhir',
        '/oidc/jwks',
        '/oidc/brands',
      ]) {
        const answer = await fetch(server.origin + path, {
          headers: { origin: 'https://any.test', accept: 'text/html' },
        });
        expect([path, answer.status]).toEqual([path, 200]);
        expect(['*', 'https://any.test']).toContain(answer.headers.get('access-control-allow-origin'));
        expect(answer.headers.get('content-type')).toContain('json');
      }
    });

    it('tokens are given to pages of the app, and not to others', async () => {
      expect((await tokenFrom(origin)).headers.get('access-control-allow-origin')).toBe(origin);
      const strange = await tokenFrom('https://evil.test');
      expect(strange.headers.get('access-control-allow-origin')).toBeNull();
      expect(strange.body.error_description).toContain('https://evil.test');
      expect((await tokenFrom('null')).headers.get('access-control-allow-origin')).toBeNull();
      await server.client({
        ...flow.PUBLIC_APP,
        client_id: 'elsewhere',
        allowed_origins: ['https://spa.test'],
      });
      const allowed = await flow.post(
        `${server.origin}/oidc/token`,
        { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'elsewhere' },
        { origin: 'https://spa.test' },
      );
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://spa.test');
    });

    it('a preflight of the token endpoint is answered', async () => {
      const answer = await fetch(`${server.origin}/oidc/token`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
      });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
    });
  });

  it('brands: a bundle with a weak ETag', async () => {
    const first = await fetch(`${server.origin}/oidc/brands`);
    const bundle = (await first.json()) as {
      type: string;
      timestamp: string;
      entry: { resource: { resourceType: string } }[];
    };
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
    expect(bundle.entry.map(({ resource }) => resource.resourceType)).toEqual(['Organization', 'Endpoint']);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^W\/"/);
    expect((await fetch(`${server.origin}/oidc/brands`, { headers: { 'if-none-match': etag } })).status).toBe(
      304,
    );
  });

  it('signing keys: rotated, the old one stays published, the new one signs when its time has come', async () => {
    const published = async () =>
      ((await (await fetch(`${server.origin}/oidc/jwks`)).json()) as { keys: { kid: string; alg: string }[] })
        .keys;
    const before = await published();
    expect(before.map(({ alg }) => alg).sort()).toEqual(['ES384', 'RS256']);
    const { id_token: token } = await flow.tokensOf(server, { scope: 'openid' });
    expect(decodeProtectedHeader(token)).toMatchObject({
      alg: 'RS256',
      kid: before.find(({ alg }) => alg === 'RS256')!.kid,
    });
    const keys = tenantKeys(await server.secret());
    const now = Date.now();
    const made = await rotateKeys(server.tokens(), keys, now);
    await server.restart();
    const after = await published();
    for (const kid of [...made, ...before.map((key) => key.kid)])
      expect(after.map((key) => key.kid)).toContain(kid);
    await jwtVerify(token, createRemoteJWKSet(new URL(`${server.origin}/oidc/jwks`)), {
      issuer: server.base,
      audience: 'public-app',
    });
    const signer = async (at: number) => (await signingKeys(server.tokens(), keys, at)).keys[0]!.kid;
    expect(await signer(now + 60_000)).toBe(before.find(({ alg }) => alg === 'RS256')!.kid);
    expect(await signer(now + 6 * 60_000)).toBe(made[0]);
    const later = await signingKeys(server.tokens(), keys, now + 25 * 3_600_000);
    expect(later.keys.map(({ kid }) => kid).sort()).toEqual([...made].sort());
  });

  it('tenants: tokens, clients and sessions of one are nothing in another', async () => {
    const north = await server.tenant('north');
    expect(await (await fetch(`${north.base}/.well-known/smart-configuration`)).json()).toMatchObject({
      issuer: north.base,
      token_endpoint: `${server.origin}/t/north/oidc/token`,
    });
    const tokens = await flow.tokensOf(server, { scope: 'user/*.rs openid' });
    const read = async (base: string): Promise<number> =>
      (await fetch(`${base}/Patient`, { headers: { authorization: `Bearer ${tokens.access_token}` } }))
        .status;
    expect(await read(server.base)).toBe(200);
    expect(await read(north.base)).toBe(401);
    const info = await fetch(`${server.origin}/t/north/oidc/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(info.status).toBe(401);
    const page = await new Visitor().open(
      flow.authorization(server, {}).url.replace('/oidc/', '/t/north/oidc/'),
    );
    expect(page.status).toBe(400);
  });
});
