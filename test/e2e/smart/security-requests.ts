/**
 * Attacks on the authorization request and the pages of a launch. The number in brackets is that of the item in the list of attacks. Run over both stores.
 * https://www.rfc-editor.org/rfc/rfc9700, https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { SmartServer } from '../../support/smart-server.ts';
import { formOf, Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { signedIn, type Attacked } from './security.ts';

const OFFLINE = 'launch/patient patient/*.rs offline_access';

export function attackRequests(attacked: () => Attacked): void {
  let server: SmartServer;
  beforeAll(() => {
    ({ server } = attacked());
  });

  const errorOf = (url: string | null): string | null => new URL(url ?? 'none:').searchParams.get('error');

  describe('authorization request', () => {
    const bad = [
      `${flow.REDIRECT}/`,
      flow.REDIRECT.toUpperCase(),
      flow.REDIRECT.replace('/app/', '//app/'),
      flow.REDIRECT.replace('https://', 'https://user@'),
      flow.REDIRECT.replace('callback', 'call%62ack'),
      `${flow.REDIRECT}?more=1`,
      `${flow.REDIRECT}#here`,
      flow.REDIRECT.replace('example.org', 'example.org.evil.test'),
      flow.REDIRECT.replace('https:', 'http:'),
      'https://app.example.org:8443/app/callback',
      'javascript:alert(1)',
    ];
    it.each(bad)('[1] %s is not redirected to', async (uri) => {
      const { url } = flow.authorization(server, { over: { redirect_uri: uri } });
      const answer = await new Visitor().send('GET', url);
      expect(answer.headers.get('location')).toBeNull();
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('redirect_uri');
    });

    it('[3] PKCE is required of every client, by S256 alone', async () => {
      for (const clientId of ['public-app', 'confidential-app']) {
        for (const over of [
          { code_challenge: undefined, code_challenge_method: undefined },
          { code_challenge: undefined },
          { code_challenge_method: undefined },
          { code_challenge_method: 'plain' },
          { code_challenge: 'short' },
        ]) {
          const { url } = flow.authorization(server, { clientId, over });
          const answer = await new Visitor().send('GET', url);
          expect(errorOf(answer.headers.get('location'))).toBe('invalid_request');
        }
      }
    });

    it('[3] a verifier that is missing, wrong or for no challenge is refused', async () => {
      const at = await flow.authorize(server);
      const wrong = await flow.redeem(server, { code: at.code, verifier: 'x'.repeat(43) });
      expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      expect(wrong.body.error_description).toContain('code_verifier');
      const none = await flow.redeem(server, { code: at.code, verifier: '' });
      expect(none).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    });

    it('[4] the issuer is in success and error responses, in discovery and in the id_token', async () => {
      const at = await flow.authorize(server);
      expect(at.callback.searchParams.get('iss')).toBe(server.base);
      const tokens = (await flow.redeem(server, at)).body;
      expect(decodeJwt(tokens.id_token).iss).toBe(server.base);
      const { url } = flow.authorization(server, { over: { code_challenge: undefined } });
      const refused = await new Visitor().send('GET', url);
      expect(new URL(refused.headers.get('location')!).searchParams.get('iss')).toBe(server.base);
      for (const path of ['/.well-known/openid-configuration', '/.well-known/smart-configuration']) {
        const found = (await (await fetch(server.base + path)).json()) as { issuer: string };
        expect(found.issuer).toBe(server.base);
      }
    });

    it('[5] state comes back as it was sent, in success and error', async () => {
      const state = 'a b&c=d%20/+"é';
      const at = await flow.authorize(server, { over: { state } });
      expect(at.callback.searchParams.get('state')).toBe(state);
      const { url } = flow.authorization(server, { over: { state, code_challenge: undefined } });
      const refused = await new Visitor().send('GET', url);
      expect(new URL(refused.headers.get('location')!).searchParams.get('state')).toBe(state);
    });

    it('[8] no other response type, mode or grant than those of the code flow', async () => {
      const found = (await (await fetch(`${server.base}/.well-known/openid-configuration`)).json()) as Record<
        string,
        string[]
      >;
      expect(found['response_types_supported']).toEqual(['code']);
      expect(found['response_modes_supported']).toEqual(['query']);
      expect(found['grant_types_supported']!.sort()).toEqual([
        'authorization_code',
        'client_credentials',
        'refresh_token',
      ]);
      for (const over of [
        { response_type: 'token' },
        { response_type: 'id_token' },
        { response_type: 'code id_token', nonce: 'n' },
      ]) {
        const answer = await new Visitor().send('GET', flow.authorization(server, { over }).url);
        expect(answer.headers.get('location')).toContain('error=unsupported_response_type');
      }
      for (const mode of ['fragment', 'form_post', 'web_message']) {
        const answer = await new Visitor().send(
          'GET',
          flow.authorization(server, { over: { response_mode: mode } }).url,
        );
        expect(errorOf(answer.headers.get('location'))).toBe('unsupported_response_mode');
      }
      const password = {
        grant_type: 'password',
        username: 'patient',
        password: 'x',
        client_id: 'public-app',
      };
      expect(await flow.post(`${server.origin}/oidc/token`, password)).toMatchObject({
        status: 400,
        body: { error: 'unsupported_grant_type' },
      });
    });
  });

  describe('pages', () => {
    it('[5] a form without its proof, or with that of another step, changes nothing', async () => {
      const visitor = new Visitor();
      const page = await visitor.open(flow.authorization(server, {}).url);
      const { action } = formOf(page.text);
      const other = await new Visitor().open(flow.authorization(server, {}).url);
      for (const csrf of ['', 'x'.repeat(43), formOf(other.text).csrf]) {
        const form = new URLSearchParams({ csrf, username: 'clinician', password: 'x' });
        const answer = await visitor.send('POST', new URL(action, page.url).href, form);
        expect(answer.status).toBe(400);
        expect(answer.headers.get('location')).toBeNull();
      }
    });

    it('[5] a step belongs to the browser that began it', async () => {
      const page = await new Visitor().open(flow.authorization(server, {}).url);
      for (const thief of [new Visitor(), await signedIn(server, 'patient')]) {
        expect((await thief.send('GET', page.url)).status).toBe(400);
        const { action, csrf } = formOf(page.text);
        const form = new URLSearchParams({ csrf, decision: 'allow' });
        expect((await thief.send('POST', new URL(action, page.url).href, form)).status).toBe(400);
      }
    });

    it('[6] no page of a launch can be framed, and its address is told to no one', async () => {
      const visitor = new Visitor();
      const pages = [await visitor.open(flow.authorization(server, {}).url)];
      pages.push(
        await visitor.open(flow.authorization(server, { over: { redirect_uri: 'https://evil.test/' } }).url),
      );
      for (const { headers } of pages) {
        expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('cache-control')).toContain('no-store');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
    });

    it('[7] what follows a form is 303, so that no password is sent on', async () => {
      const visitor = new Visitor();
      const page = await visitor.open(flow.authorization(server, {}).url);
      const { action, csrf } = formOf(page.text);
      const form = new URLSearchParams({ csrf, username: 'clinician', password: 'correct horse battery' });
      const answer = await visitor.send('POST', new URL(action, page.url).href, form);
      expect(answer.status).toBe(303);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    });

    it('[11] what was not asked for is not granted, whatever the form says', async () => {
      const tick = [
        'patient/Patient.rs',
        'patient/*.cruds',
        'system/*.cruds',
        'user/*.cruds',
        'offline_access',
      ];
      const tokens = await flow.tokensOf(server, { scope: 'launch/patient patient/Patient.rs' }, { tick });
      expect(tokens.scope.split(' ').sort()).toEqual(['launch/patient', 'patient/Patient.rs']);
      expect(tokens.refresh_token).toBeUndefined();
    });

    it('[11] system scopes are not for people, nor more than a client is registered for', async () => {
      await server.client({
        ...flow.PUBLIC_APP,
        client_id: 'small-app',
        smart_scopes: 'launch/patient patient/Observation.rs',
      });
      const asked =
        'launch/patient patient/Observation.rs patient/Patient.rs user/*.rs system/*.rs offline_access';
      const tokens = await flow.tokensOf(server, { clientId: 'small-app', scope: asked });
      expect(tokens.scope.split(' ').sort()).toEqual(['launch/patient', 'patient/Observation.rs']);
    });

    it('[11] a patient cannot choose the record of another', async () => {
      const visitor = new Visitor();
      const at = await visitor.open(flow.authorization(server, {}).url);
      const end = await flow.walk(visitor, at, { username: 'patient', patient: 'bella' });
      const tokens = (
        await flow.redeem(server, {
          code: new URL(end.headers.get('location')!).searchParams.get('code')!,
          verifier: 'x'.repeat(43),
        })
      ).body;
      expect(tokens.error).toBe('invalid_grant');
      expect((await flow.tokensOf(server, {}, { username: 'patient', patient: 'bella' })).patient).toBe(
        'anna',
      );
    });

    it('[17] the session has another name after sign-in', async () => {
      const visitor = new Visitor();
      await flow.authorize(server, {}, {}, visitor);
      const session = (): string =>
        [...visitor.cookies()].find(([key]) => /^embergate_default /.test(key))![1].value;
      const first = session();
      await flow.authorize(server, {}, {}, visitor);
      expect(session()).not.toBe(first);
    });

    it('[17] the refusal of a sign-in is the same for a wrong name and a wrong password', async () => {
      const visitor = new Visitor();
      const page = await visitor.open(flow.authorization(server, {}).url);
      const texts = await Promise.all(
        [
          ['clinician', 'wrong'],
          ['nobody-here', 'wrong'],
        ].map(async ([username, password]) => {
          const answer = await visitor.submit(page, [
            ['username', username!],
            ['password', password!],
          ]);
          expect(answer.status).toBe(401);
          return answer.text.replaceAll(username!, '');
        }),
      );
      expect(texts[0]).toBe(texts[1]);
    });

    it('[17] guessing is slowed down, and the owner still signs in where they did before', async () => {
      const known = await signedIn(server, 'parent');
      const stranger = new Visitor();
      const page = await stranger.open(flow.authorization(server, {}).url);
      let refused = 0;
      for (let guess = 0; guess < 40 && refused !== 429; guess++) {
        const answer = await stranger.submit(page, [
          ['username', 'parent'],
          ['password', `guess ${guess}`],
        ]);
        refused = answer.status;
        if (refused === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(refused).toBe(429);
      // Another browser session of the owner, on the same machine as before.
      const again = await known.open(flow.authorization(server, { over: { prompt: 'login' } }).url);
      expect(again.text).toContain('name="password"');
      const end = await flow.walk(known, again, { username: 'parent' });
      expect(end.headers.get('location')).toContain('code=');
    });

    it('[17] signing out ends what was to last while signed in, and no more', async () => {
      const visitor = new Visitor();
      const online = await flow.redeem(
        server,
        await flow.authorize(server, { scope: 'launch/patient patient/*.rs online_access' }, {}, visitor),
      );
      const offline = await flow.redeem(
        server,
        await flow.authorize(server, { scope: OFFLINE }, {}, visitor),
      );
      const stolen = new Visitor();
      for (const [key, cookie] of visitor.cookies()) stolen.take(key, cookie);
      const out = await visitor.send('POST', `${server.origin}/oidc/logout`, new URLSearchParams());
      expect(out.status).toBe(303);
      expect((await flow.refresh(server, online.body.refresh_token)).body.error).toBe('invalid_grant');
      expect((await flow.refresh(server, offline.body.refresh_token)).status).toBe(200);
      for (const one of [visitor, stolen]) {
        const next = await one.open(flow.authorization(server, {}).url);
        expect(next.text).toContain('name="password"');
      }
    });
  });
}
