/**
 * Strict clients that no one here wrote: oauth4webapi and openid-client hold every answer against the RFCs, fhir-kit-client reads the discovery.
 * https://github.com/panva/oauth4webapi
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as FhirKitClient } from 'fhir-kit-client';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import { backendClient, keyPair } from './assertion.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

const HTTP = { [oauth.allowInsecureRequests]: true } as const;
const OPENID = 'openid fhirUser launch/patient patient/*.rs offline_access';

describe('strict clients', () => {
  let server: SmartServer;
  let people: flow.People;
  let issuer: oauth.AuthorizationServer;
  beforeAll(async () => {
    server = await startSmartServer();
    people = await flow.seed(server);
    await addClients(server);
    const url = new URL(server.base);
    issuer = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, HTTP));
  });
  afterAll(() => server.stop());

  const secret = flow.CONFIDENTIAL_APP.client_secret;
  const kinds: readonly (readonly [string, oauth.Client, oauth.ClientAuth])[] = [
    ['a public client', { client_id: 'public-app' }, oauth.None()],
    ['a confidential client', { client_id: 'confidential-app' }, oauth.ClientSecretBasic(secret)],
  ];

  async function codeFlow(client: oauth.Client, auth: oauth.ClientAuth) {
    const verifier = oauth.generateRandomCodeVerifier();
    const over = {
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      nonce: oauth.generateRandomNonce(),
    };
    const at = await flow.authorize(server, { clientId: client.client_id, scope: OPENID, over });
    const callback = oauth.validateAuthResponse(issuer, client, at.callback, at.state);
    const response = await oauth.authorizationCodeGrantRequest(
      issuer,
      client,
      auth,
      callback,
      flow.REDIRECT,
      verifier,
      HTTP,
    );
    return oauth.processAuthorizationCodeResponse(issuer, client, response, {
      expectedNonce: over.nonce,
      requireIdToken: true,
    });
  }

  it.each(kinds)(
    'oauth4webapi: %s gets tokens, refreshes, reads UserInfo and revokes',
    async (_name, client, auth) => {
      const tokens = await codeFlow(client, auth);
      const claims = oauth.getValidatedIdTokenClaims(tokens)!;
      expect(claims).toMatchObject({ sub: people.clinician, fhirUser: `${server.base}/Practitioner/doc` });
      expect(tokens).toMatchObject({ patient: 'anna', token_type: 'bearer' });

      const again = await oauth.processRefreshTokenResponse(
        issuer,
        client,
        await oauth.refreshTokenGrantRequest(issuer, client, auth, tokens.refresh_token!, HTTP),
      );
      expect(again).toMatchObject({ patient: 'anna' });

      const info = await oauth.userInfoRequest(issuer, client, again.access_token, HTTP);
      expect(await oauth.processUserInfoResponse(issuer, client, claims.sub, info)).toMatchObject({
        fhirUser: claims['fhirUser'],
      });

      await oauth.processRevocationResponse(
        await oauth.revocationRequest(issuer, client, auth, again.refresh_token!, HTTP),
      );
      const gone = await oauth.refreshTokenGrantRequest(issuer, client, auth, again.refresh_token!, HTTP);
      await expect(oauth.processRefreshTokenResponse(issuer, client, gone)).rejects.toMatchObject({
        error: 'invalid_grant',
      });
    },
  );

  it('oauth4webapi: introspection tells all that was issued', async () => {
    const [, client, auth] = kinds[1]!;
    const tokens = await codeFlow(client, auth);
    const seen = await oauth.processIntrospectionResponse(
      issuer,
      client,
      await oauth.introspectionRequest(issuer, client, auth, tokens.access_token, HTTP),
    );
    expect(seen).toMatchObject({
      active: true,
      client_id: 'confidential-app',
      sub: people.clinician,
      iss: server.base,
      aud: server.base,
      scope: tokens.scope,
      patient: 'anna',
      fhirUser: `${server.base}/Practitioner/doc`,
      need_patient_banner: true,
    });
    const [id] = [oauth.getValidatedIdTokenClaims(tokens)!];
    expect(seen.exp).toBeGreaterThan(id.iat);
    const asked = await fetch(issuer.introspection_endpoint!, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.access_token}` },
      body: new URLSearchParams({ token: tokens.access_token }),
    });
    const byBearer = (await asked.json()) as Record<string, unknown>;
    for (const name of [
      'active',
      'client_id',
      'sub',
      'iss',
      'aud',
      'scope',
      'exp',
      'iat',
      'patient',
      'fhirUser',
      'need_patient_banner',
      'smart_style_url',
    ]) {
      expect(byBearer[name]).toEqual(seen[name]);
    }
  });

  it('oauth4webapi: the id_token is signed by a published key', async () => {
    const [, client, auth] = kinds[0]!;
    const verifier = oauth.generateRandomCodeVerifier();
    const over = { code_challenge: await oauth.calculatePKCECodeChallenge(verifier) };
    const at = await flow.authorize(server, { scope: OPENID, over });
    const callback = oauth.validateAuthResponse(issuer, client, at.callback, at.state);
    const response = await oauth.authorizationCodeGrantRequest(
      issuer,
      client,
      auth,
      callback,
      flow.REDIRECT,
      verifier,
      HTTP,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(issuer, client, response);
    expect(tokens.id_token).toBeDefined();
    await expect(oauth.validateApplicationLevelSignature(issuer, response, HTTP)).resolves.toBeUndefined();
  });

  it.each(['RS384', 'ES384'])('oauth4webapi: a backend service with %s', async (alg) => {
    const keys = await keyPair(alg, `kid-${alg}`);
    await server.client(backendClient(`backend-${alg}`, [keys]));
    const client = { client_id: `backend-${alg}` };
    const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: keys.kid });
    const response = await oauth.clientCredentialsGrantRequest(
      issuer,
      client,
      auth,
      new URLSearchParams({ scope: 'system/Patient.rs' }),
      HTTP,
    );
    const tokens = await oauth.processClientCredentialsResponse(issuer, client, response);
    expect(tokens).toMatchObject({ scope: 'system/Patient.rs', expires_in: 300 });
    expect(tokens.refresh_token).toBeUndefined();
    const read = await fetch(`${server.base}/Patient/anna`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(read.status).toBe(200);
    const denied = await fetch(`${server.base}/Encounter/visit`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(denied.status).not.toBe(200);
  });

  it('openid-client: discovery, code flow with POST, refresh', async () => {
    const config = await openid
      .discovery(new URL(server.base), 'confidential-app', undefined, openid.ClientSecretPost(secret), {
        execute: [openid.allowInsecureRequests],
      })
      .catch((error: unknown) => error);
    expect(config).toBeInstanceOf(openid.Configuration);
    // Registered for HTTP Basic: the other way of sending the same secret is taken as well.
    const verifier = openid.randomPKCECodeVerifier();
    const at = await flow.authorize(server, {
      clientId: 'confidential-app',
      scope: OPENID,
      over: { code_challenge: await openid.calculatePKCECodeChallenge(verifier) },
    });
    const known = config as openid.Configuration;
    const tokens = await openid.authorizationCodeGrant(known, at.callback, {
      pkceCodeVerifier: verifier,
      expectedState: at.state,
    });
    expect(tokens['patient']).toBe('anna');
    const again = await openid.refreshTokenGrant(known, tokens.refresh_token!);
    expect(again['patient']).toBe('anna');
  });

  it('fhir-kit-client: reads the SMART configuration, and the CapabilityStatement of old apps', async () => {
    const client = new FhirKitClient({ baseUrl: server.base });
    const found = (await client.smartAuthMetadata()) as unknown as Record<string, URL>;
    expect(String(found['authorizeUrl'])).toBe(issuer.authorization_endpoint);
    expect(String(found['tokenUrl'])).toBe(issuer.token_endpoint);
    const statement = (await (await fetch(`${server.base}/metadata`)).json()) as {
      rest: [{ security: { extension: { extension: { url: string; valueUri: string }[] }[] } }];
    };
    const uris = statement.rest[0].security.extension[0]!.extension;
    expect(uris).toContainEqual({ url: 'authorize', valueUri: issuer.authorization_endpoint });
    expect(uris).toContainEqual({ url: 'token', valueUri: issuer.token_endpoint });
  });

  it('authorize by POST leads to the same code', async () => {
    const visitor = new Visitor();
    const { url, verifier } = flow.authorization(server, {});
    const form = new URL(url).searchParams;
    const start = await visitor.send('POST', `${server.origin}/oidc/authorize`, form);
    expect(start.status).toBe(303);
    const end = await flow.walk(visitor, await visitor.follow(start));
    const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
    expect((await flow.redeem(server, { code, verifier })).body.patient).toBe('anna');
    // A request too long for an address goes on without one.
    const long = new URLSearchParams(form);
    const filters = Array.from(
      { length: 300 },
      (_, i) => `patient/Observation.rs?code=http://loinc.org|${10_000 + i}-1`,
    );
    long.set('scope', `${form.get('scope')!} ${filters.join(' ')}`);
    const page = await visitor.follow(await visitor.send('POST', `${server.origin}/oidc/authorize`, long));
    expect(page.status).toBe(200);
    expect(page.text).toContain('name="patient"');
  });
});
