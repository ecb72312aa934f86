/**
 * Requests that are wrong in one thing: each endpoint answers with the error of its RFC and a description that helps, and never with 500.
 * https://www.rfc-editor.org/rfc/rfc6749#section-5.2, RFC 7009, RFC 7591, RFC 7662
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import * as rows from './malformed-rows.ts';
import { addClients } from './security.ts';

describe('malformed requests', () => {
  let server: SmartServer;
  beforeAll(async () => {
    server = await startSmartServer();
    await flow.seed(server);
    await addClients(server);
  });
  afterAll(() => server.stop());

  describe.each([
    ['token', rows.TOKEN],
    ['introspection', rows.INTROSPECT],
    ['revocation', rows.REVOKE],
    ['registration', rows.REGISTER],
    ['userinfo', rows.USERINFO],
  ])('%s', (_endpoint, table) => {
    it.each(table.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const { method = 'POST', body, headers = {} } = one;
      const answer = await fetch(`${server.origin}/oidc${one.path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': rows.FORM }), ...headers },
        ...(body !== undefined && { body }),
      });
      const said = (await answer.json()) as { error: string; error_description: string };
      expect({ status: answer.status, error: said.error }).toEqual({ status: one.status, error: one.error });
      expect(said.error_description).toMatch(one.says);
      // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
      expect(said.error_description).toMatch(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/);
      expect(answer.headers.get('cache-control')).toContain('no-store');
    });
  });

  /** What goes back to the app. */
  const sentBack: readonly (readonly [string, Record<string, string | undefined>, string, RegExp])[] = [
    ['no response_type', { response_type: undefined }, 'invalid_request', /response_type/],
    ['another response_type', { response_type: 'token' }, 'unsupported_response_type', /./],
    [
      'no PKCE',
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
      /code_challenge.*S256/,
    ],
    ['PKCE by plain', { code_challenge_method: 'plain' }, 'invalid_request', /code_challenge_method/],
    [
      'a scope with its letters in disorder',
      { scope: 'patient/Observation.sr' },
      'invalid_scope',
      /did you mean patient\/Observation\.rs/,
    ],
    [
      'a scope of lower case',
      { scope: 'patient/observation.rs' },
      'invalid_scope',
      /did you mean patient\/Observation\.rs/,
    ],
    ['a scope of characters that no scope has', { scope: 'patient/"x"' }, 'invalid_scope', /characters/],
    ['an unknown prompt', { prompt: 'dance' }, 'invalid_request', /prompt/],
    ['prompt=none while no one is signed in', { prompt: 'none' }, 'login_required', /./],
    ['a max_age that is none', { max_age: '-1' }, 'invalid_request', /max_age/],
    ['a request object', { request: 'a.b.c' }, 'request_not_supported', /./],
    [
      'the resource of another server',
      { resource: 'https://other.test/fhir', aud: undefined },
      'invalid_target',
      /resource must be/,
    ],
  ];
  it.each(sentBack)('authorize: %s goes back to the app', async (_name, over, error, says) => {
    const { url } = flow.authorization(server, { over });
    const answer = await new Visitor().send('GET', url);
    expect(answer.status).toBe(303);
    const to = new URL(answer.headers.get('location')!);
    expect(to.href).toMatch(/^https:\/\/app\.example\.org\/app\/callback[?#]/);
    // The answer to `token` goes where that flow would have it: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
    const sent = to.hash === '' ? to.searchParams : new URLSearchParams(to.hash.slice(1));
    expect(sent.get('error')).toBe(error);
    expect(sent.get('error_description') ?? '').toMatch(error === 'request_not_supported' ? /^/ : says);
  });

  /** What stays with us, with a page that says why. */
  const shown: readonly (readonly [string, Record<string, string | undefined>, RegExp])[] = [
    ['no client_id', { client_id: undefined }, /client_id/],
    ['an unknown client', { client_id: 'nobody' }, /nobody/],
    ['no redirect_uri', { redirect_uri: undefined }, /redirect_uri/],
    [
      'another redirect_uri',
      { redirect_uri: 'https://app.example.org/app/other' },
      /app\/other[\s\S]*app\/callback/,
    ],
    ['no aud', { aud: undefined }, /aud/],
    ['the aud of another server', { aud: 'https://other.test/fhir' }, /https:\/\/other\.test\/fhir/],
    ['aud and resource that differ', { aud: 'https://other.test/fhir', resource: 'same' }, /aud|resource/],
    ['a launch that never was', { launch: 'made-up' }, /not made by this server/],
  ];
  it.each(shown)('authorize: %s is shown here', async (name, over, says) => {
    const sent = name.includes('differ') ? { ...over, resource: server.base } : over;
    const { url } = flow.authorization(server, { over: sent });
    const page = await new Visitor().send('GET', url);
    expect(page.status).toBe(400);
    expect(page.headers.get('location')).toBeNull();
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text.replace(/<[^>]*>/g, '')).toMatch(says);
    expect(page.text).toMatch(/hl7\.org\/fhir\/smart-app-launch|rfc-editor\.org/);
    const asJson = await new Visitor().send('GET', url, undefined, { accept: 'application/json' });
    expect(JSON.parse(asJson.text)).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
  });

  it.each(['/', '//', '/../fhir/', ''])('authorize: aud with %p at its end', async (end) => {
    const { url } = flow.authorization(server, { over: { aud: server.base + end } });
    const page = await new Visitor().open(url);
    if (end === '/../fhir/') expect(page.status).toBe(400);
    else expect(page.text).toContain('name="password"');
  });

  it('authorize: prompt=none of one who is signed in asks for agreement by an error', async () => {
    const visitor = new Visitor();
    await flow.authorize(server, {}, {}, visitor);
    for (const scope of ['user/Patient.rs', 'patient/Patient.rs']) {
      const answer = await visitor.open(flow.authorization(server, { scope, over: { prompt: 'none' } }).url);
      const error = new URL(answer.headers.get('location')!).searchParams.get('error');
      expect(error).toMatch(/^(?:consent|interaction)_required$/);
    }
  });

  it('authorize: POST of anything but a form', async () => {
    const answer = await fetch(`${server.origin}/oidc/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('authorize: a megabyte of scope', async () => {
    const form = new URLSearchParams({ scope: 'patient/A.rs '.repeat(80_000) });
    const answer = await fetch(`${server.origin}/oidc/authorize`, { method: 'POST', body: form });
    expect(answer.status).toBe(413);
  });

  it('an address of the server that there is not', async () => {
    for (const path of [
      '/oidc',
      '/oidc/',
      '/oidc/nothing',
      '/oidc/authorize/none',
      '/oidc/interaction/none',
    ]) {
      const { status } = await fetch(server.origin + path, { redirect: 'manual' });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect((await fetch(`${server.origin}/t/nowhere/oidc/token`, { method: 'POST' })).status).toBe(404);
  });

  it('none of these was a failure of ours, and each refusal was noted with its client', () => {
    expect(server.events.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const refused = server.events.filter(({ outcome }) => outcome === 'refused');
    expect(refused.length).toBeGreaterThan(50);
    expect(refused).toContainEqual(
      expect.objectContaining({
        endpoint: 'token',
        clientId: 'confidential-app',
        error: 'invalid_client',
        detail: 'client_secret is wrong',
      }),
    );
  });
});
