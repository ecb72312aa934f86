/**
 * Attacks on launches and on registration. The number in brackets is that of the item in the list of attacks. Run over both stores.
 * https://www.rfc-editor.org/rfc/rfc9700, https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLaunch } from '../../../src/smart/launch.ts';
import type { SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { signedIn, type Attacked } from './security.ts';

export function attackLaunches(attacked: () => Attacked): void {
  let server: SmartServer;
  let people: flow.People;
  beforeAll(() => {
    ({ server, people } = attacked());
  });

  describe('launches', () => {
    const request = (launch: string, clientId = 'public-app') => ({
      launch,
      clientId,
      scope: 'launch patient/Patient.rs',
    });

    it('[14] a launch is good once', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'anna' },
      });
      expect((await flow.tokensOf(server, request(launch))).patient).toBe('anna');
      const again = await new Visitor().open(flow.authorization(server, request(launch)).url);
      expect(again.status).toBe(400);
      expect(again.text).toContain('used');
    });

    it('[14] of parallel requests with one launch one goes on', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'anna' },
      });
      const answers = await Promise.all(
        Array.from({ length: 6 }, () =>
          new Visitor().send('GET', flow.authorization(server, request(launch)).url),
        ),
      );
      expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(5);
    });

    it('[14] a launch is bound to its client and its user', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'anna' },
      });
      const other = await new Visitor().open(flow.authorization(server, request(launch, 'other-app')).url);
      expect(other.status).toBe(400);
      const visitor = new Visitor();
      const page = await visitor.open(flow.authorization(server, request(launch)).url);
      const end = await flow.walk(visitor, page, { username: 'patient' });
      expect(end.status).toBe(400);
      expect(end.headers.get('location')).toBeNull();
    });

    it('[14] who is signed in as another has to sign in as the user of the launch', async () => {
      const visitor = await signedIn(server, 'patient');
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'bella' },
      });
      const page = await visitor.open(flow.authorization(server, request(launch)).url);
      expect(page.text).toContain('name="password"');
      const end = await flow.walk(visitor, page, { username: 'clinician' });
      expect(end.headers.get('location')).toContain('code=');
    });

    it('[14] a launch is over after five minutes', async () => {
      const made = Date.now() - 5 * 60_000 - 1000;
      const launch = await createLaunch(
        server.tokens(),
        { clientId: 'public-app', context: { patient: 'anna' } },
        made,
      );
      const answer = await new Visitor().open(flow.authorization(server, request(launch)).url);
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('five minutes');
    });

    it('[14] the patient comes from the launch, not from the request', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'anna' },
      });
      const over = { patient: 'bella', encounter: 'visit' };
      const tokens = await flow.tokensOf(server, { ...request(launch), over });
      expect(tokens.patient).toBe('anna');
      expect(tokens.encounter).toBeUndefined();
    });

    it('[14] a launch with a patient that the user may not see is refused', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.patient,
        context: { patient: 'bella' },
      });
      const visitor = new Visitor();
      const end = await flow.walk(
        visitor,
        await visitor.open(flow.authorization(server, request(launch)).url),
        { username: 'patient' },
      );
      expect(end.status).toBe(403);
      expect(end.headers.get('location')).toBeNull();
    });
  });

  describe('registration', () => {
    const register = (metadata: object) =>
      fetch(`${server.origin}/oidc/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      });
    const good = {
      client_name: 'An app',
      redirect_uris: [flow.REDIRECT],
      token_endpoint_auth_method: 'none',
    };

    const bad: readonly (readonly [string, object])[] = [
      ['a javascript: redirect', { redirect_uris: ['javascript:alert(1)'] }],
      ['an http redirect elsewhere', { redirect_uris: ['http://app.example.org/'] }],
      ['a data: redirect', { redirect_uris: ['data:text/html,x'] }],
      ['a fragment', { redirect_uris: [`${flow.REDIRECT}#x`] }],
      ['a jwks_uri on http', { jwks_uri: 'http://app.example.org/jwks' }],
      ['a jwks_uri at a link-local address', { jwks_uri: 'https://169.254.169.254/latest' }],
      ['a jwks_uri at a private address written in IPv6', { jwks_uri: 'https://[::ffff:10.0.0.1]/jwks' }],
      ['a jwks_uri at an address written as a number', { jwks_uri: 'https://2130706433/jwks' }],
      ['a jwks_uri at localhost', { jwks_uri: 'https://localhost/jwks' }],
      ['HTML in the name', { client_name: '<script>alert(1)</script>' }],
      ['a name of letters that look alike', { client_name: 'Epiс Health' }],
      ['a javascript: logo', { logo_uri: 'javascript:alert(1)' }],
      ['a javascript: website', { client_uri: 'javascript:alert(1)' }],
      ['system scopes', { scope: 'system/*.rs' }],
      ['client_credentials', { grant_types: ['client_credentials'] }],
      ['the implicit flow', { response_types: ['token'], grant_types: ['implicit'] }],
      [
        'private keys',
        {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [{ kty: 'EC', crv: 'P-384', x: 'a', y: 'b', d: 'c' }] },
        },
      ],
    ];
    it.each(bad)('[16] %s is refused', async (_name, over) => {
      const answer = await register({ ...good, ...over });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: string }).error).toMatch(
        /^invalid_(?:redirect_uri|client_metadata)$/,
      );
    });

    it('[16] what an app says of itself is text on its pages, and its logo is not loaded from elsewhere', async () => {
      const logo = 'https://app.example.org/logo.svg?"><script>alert(1)</script>';
      const name = 'Tom & "Jerry" \u202e\u200bapp';
      await server.client({
        ...flow.PUBLIC_APP,
        client_id: 'vain',
        client_name: name,
        logo_uri: logo,
        client_uri: 'https://app.example.org/"><b>',
      });
      const visitor = new Visitor();
      const page = await visitor.open(
        flow.authorization(server, { clientId: 'vain', scope: 'user/Patient.rs' }).url,
      );
      const consent = await visitor.submit(page, [
        ['username', 'clinician'],
        ['password', 'correct horse battery'],
      ]);
      for (const { text } of [page, consent]) {
        expect(text).toContain('Tom &amp;');
        expect(text).not.toMatch(/\u202e|\u200b|<script>alert|"><b>|logo\.svg/);
      }
    });

    it('[16] 10 MB of keys are not read', async () => {
      const key = { kty: 'EC', crv: 'P-384', x: 'a'.repeat(1000), y: 'b' };
      const answer = await register({
        ...good,
        jwks: { keys: Array.from({ length: 10_000 }, () => key) },
      }).catch(() => undefined);
      expect(answer?.status ?? 413).toBe(413);
    });

    it('[16] what is the operator’s to give cannot be taken', async () => {
      const answer = await register({
        ...good,
        skip_consent: true,
        introspects: true,
        registered_by: 'operator',
        client_id: 'public-app',
        smart_scopes: 'system/*.cruds',
      });
      expect(answer.status).toBe(201);
      const made = (await answer.json()) as { client_id: string };
      expect(made.client_id).not.toBe('public-app');
      const kept = JSON.parse(
        (await server.tokens().find('Client', made.client_id, Date.now()))!.payload,
      ) as Record<string, unknown>;
      expect(kept).toMatchObject({ registered_by: 'self' });
      expect(kept['skip_consent'] ?? false).toBe(false);
      expect(kept['introspects'] ?? false).toBe(false);
      expect(kept['smart_scopes']).toBeUndefined();
    });

    it('[16] a registration token is good for its client alone, and the secret is shown once', async () => {
      type Made = {
        client_id: string;
        client_secret: string;
        registration_access_token: string;
        registration_client_uri: string;
      };
      const made = (await (
        await register({ ...good, token_endpoint_auth_method: 'client_secret_basic' })
      ).json()) as Made;
      const other = (await (await register(good)).json()) as Made;
      const read = (uri: string, token: string) =>
        fetch(uri, { headers: { authorization: `Bearer ${token}` } });
      expect((await read(other.registration_client_uri, made.registration_access_token)).status).toBe(401);
      const again = (await (
        await register({ ...good, token_endpoint_auth_method: 'client_secret_basic' })
      ).json()) as Made;
      const own = await read(again.registration_client_uri, again.registration_access_token);
      expect(own.status).toBe(200);
      expect(((await own.json()) as Made).client_secret).toBeUndefined();
    });

    it('[16] many registrations from one address are slowed down', async () => {
      const answers: number[] = [];
      for (let i = 0; i < 40; i++) answers.push((await register({ ...good, redirect_uris: [] })).status);
      expect(answers).toContain(429);
    });
  });
}
