// The developer's pages on a real server with its demo, in a real browser: register with one address, see why a launch failed, put a token into words,
// make keys, change secrets without a gap.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { inspectPage } from '../../support/browser.ts';
import {
  BACK,
  LAUNCH,
  openDeveloperPages,
  type DeveloperPages,
  type Registered,
} from '../../support/developer-pages.ts';
import { Visitor } from '../../support/visitor.ts';
import { walk } from '../smart/flow.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

needs('chromium', 'the pages for developers in a browser')('for app developers', () => {
  let pages: DeveloperPages;
  let origin: string;
  beforeAll(async () => {
    pages = await openDeveloperPages();
    ({ origin } = pages);
  }, 60_000);
  afterAll(() => pages?.stop());

  const developer = (options: { javaScriptEnabled?: boolean } = {}): Promise<Page> => pages.open(options);
  const registered = (page: Page, kind: string, more?: (page: Page) => Promise<void>): Promise<Registered> =>
    pages.register(page, kind, more);
  const left = async (page: Page): Promise<void> => expect(await pages.leave(page)).toEqual([]);

  const tokenWith = (id: string, secret: string, form: Record<string, string> = {}): Promise<Response> =>
    fetch(`${origin}/oidc/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'none',
        redirect_uri: BACK,
        code_verifier: 'v'.repeat(43),
        ...form,
      }),
    });
  const faultOf = async (response: Response): Promise<string> =>
    ((await response.json()) as { error: string }).error;

  it('is legible before anything is registered', async () => {
    const page = await developer();
    await inspectPage(page, 'developer-empty');
    await left(page);
  });

  it('registers an app from its launch address alone, and shows its log in words, live', async () => {
    const page = await developer();
    const { id, told } = await registered(page, 'Confidential, with a secret');
    expect(await page.getByText(BACK, { exact: true }).first().isVisible()).toBe(true);
    expect(await told('client_secret')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await inspectPage(page, 'developer-registered');
    expect(await page.locator('#log').textContent()).toMatch(/Nothing yet/);

    const wrong = new URLSearchParams({
      response_type: 'code',
      client_id: id,
      redirect_uri: `${BACK}/`,
      scope: 'launch/patient',
      aud: `${origin}/fhir`,
      state: '1',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    });
    expect((await fetch(`${origin}/oidc/authorize?${wrong.toString()}`)).status).toBe(400);
    expect(await faultOf(await tokenWith(id, 'not the secret'))).toBe('invalid_client');
    const row = page.locator('.log details', { hasText: 'Authorization request' });
    await row.locator('summary').click();
    expect(await row.locator('dd').nth(0).textContent()).toContain(`${BACK}/`);
    expect(await row.locator('mark').textContent()).toBe('/');
    expect(await row.getByRole('link').getAttribute('href')).toContain('hl7.org');
    const secret = page.locator('.log details', { hasText: 'Token request' });
    await secret.locator('summary').click();
    expect(await secret.locator('p').first().textContent()).toBe('client_secret is wrong');
    await inspectPage(page, 'developer-log');

    // Told once.
    await page.reload();
    expect(await page.locator('.told').count()).toBe(0);
    await left(page);
  });

  it('says at the field what is wrong, and keeps what was typed', async () => {
    const page = await developer();
    await page.getByLabel('Launch URL').fill('http://elsewhere.example/launch');
    await page.getByRole('button', { name: 'Register the app' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /https address, or http on localhost|redirect_uris/,
    );
    expect(await page.getByLabel('Launch URL').inputValue()).toBe('http://elsewhere.example/launch');
    await inspectPage(page, 'developer-fault');
    await left(page);
  });

  it('belongs to this browser: another one finds nothing, until it brings the registration token', async () => {
    const page = await developer();
    const { id, told } = await registered(page, 'Public');
    const token = await told('Registration token');
    const other = await developer();
    expect((await other.goto(`${origin}/developer/apps/${id}`))!.status()).toBe(404);
    await other.goto(`${origin}/developer`);
    await other.getByLabel('Registration access token').fill('x'.repeat(43));
    await other.getByRole('button', { name: 'Add to my apps' }).click();
    expect(await other.getByRole('alert').textContent()).toMatch(/No app is registered/);
    await other.getByLabel('Registration access token').fill(token);
    await other.getByRole('button', { name: 'Add to my apps' }).click();
    await other.waitForURL(`**/developer/apps/${id}`);
    // RFC 7592 takes the same token.
    const managed = await fetch(`${origin}/oidc/register/${id}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect({
      status: managed.status,
      id: ((await managed.json()) as { client_id: string }).client_id,
    }).toEqual({ status: 200, id });
    await left(other);
    await left(page);
  });

  it('changes a secret without a gap, and ends the old one when told', async () => {
    const page = await developer();
    const { id, told } = await registered(page, 'Confidential, with a secret');
    const first = await told('client_secret');
    // Right credentials and a wrong code: the credentials were accepted.
    expect(await faultOf(await tokenWith(id, first))).toBe('invalid_grant');
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    const second = await told('client_secret');
    expect(second).not.toBe(first);
    expect(await faultOf(await tokenWith(id, first))).toBe('invalid_grant');
    expect(await faultOf(await tokenWith(id, second))).toBe('invalid_grant');
    await page.getByRole('button', { name: 'End the old one now' }).click();
    await page.waitForLoadState();
    expect(await faultOf(await tokenWith(id, first))).toBe('invalid_client');
    expect(await faultOf(await tokenWith(id, second))).toBe('invalid_grant');
    await left(page);
  });

  it('changes what is registered, and removes the app with all that it had', async () => {
    const page = await developer();
    const { id } = await registered(page, 'Public');
    await page.getByText('Addresses, name, scopes').click();
    await page.getByLabel('Redirect addresses').fill('http://localhost:3999/back');
    await page.getByLabel('Name').fill('Heights');
    await page.getByRole('button', { name: 'Save' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Heights');
    expect(await page.locator('.facts').last().textContent()).toContain('http://localhost:3999/back');
    await page.getByText('Remove the app').click();
    await page.getByRole('button', { name: 'Remove it for good' }).click();
    await page.waitForURL('**/developer');
    expect(await page.getByText('Heights').count()).toBe(0);
    expect((await page.goto(`${origin}/developer/apps/${id}`))!.status()).toBe(404);
    await left(page);
  });

  it('works without scripts', async () => {
    const page = await developer({ javaScriptEnabled: false });
    const { id } = await registered(page, 'Public');
    await fetch(`${origin}/oidc/authorize?client_id=${id}`);
    await page.getByRole('link', { name: 'Look again' }).click();
    expect(await page.locator('.log li').count()).toBe(1);
    await page.context().close();
  });

  it('takes no form that was not shown to this browser', async () => {
    const page = await developer();
    const { id } = await registered(page, 'Public');
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
    const send = (path: string, csrf: string): Promise<Response> =>
      fetch(`${origin}/developer${path}`, {
        method: 'POST',
        headers: { cookie: `${cookie!.name}=${cookie!.value}` },
        body: new URLSearchParams({ csrf, launchUrl: LAUNCH }),
      });
    for (const path of [
      '/apps',
      '/apps/add',
      '/token',
      ...['', '/secret', '/secret/end', '/forget', '/remove'].map((one) => `/apps/${id}${one}`),
    ])
      expect({ path, status: (await send(path, 'forged')).status }).toEqual({ path, status: 403 });
    expect((await page.goto(`${origin}/developer/apps/${id}`))!.status()).toBe(200);
    await left(page);
  });

  describe('a token', () => {
    it('is put into words, and what is none is told so', async () => {
      const page = await developer();
      const { id } = await registered(page, 'Public');
      const verifier = 'v'.repeat(43);
      const { createHash } = await import('node:crypto');
      const question = new URLSearchParams({
        response_type: 'code',
        client_id: id,
        redirect_uri: BACK,
        scope: 'launch/patient patient/Observation.rs',
        aud: `${origin}/fhir`,
        state: '1',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      const visitor = new Visitor();
      const end = await walk(visitor, await visitor.open(`${origin}/oidc/authorize?${question.toString()}`), {
        username: 'patient',
        password: 'demo',
      });
      const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: BACK,
        client_id: id,
        code_verifier: verifier,
      };
      const answer = await fetch(`${origin}/oidc/token`, { method: 'POST', body: new URLSearchParams(form) });
      const { access_token: token } = (await answer.json()) as { access_token: string };

      await page.goto(`${origin}/developer`);
      await page.getByLabel('Access token', { exact: true }).fill(token);
      await page.getByLabel(/A FHIR request to try/).fill('GET Condition');
      await page.getByRole('button', { name: 'Inspect' }).click();
      expect(await page.getByRole('main').textContent()).toMatch(/It is good, for \d+ minutes more/);
      expect(await page.getByRole('main').textContent()).toContain('patient/Observation.rs');
      expect(page.url()).not.toContain(token);
      const trial = page.getByRole('region', { name: 'It would be refused' });
      expect(await trial.textContent()).toMatch(/GET Condition/);
      expect(await trial.textContent()).toMatch(/patient\/Observation\.rs/);
      await inspectPage(page, 'developer-token');
      await page.getByLabel('Access token', { exact: true }).fill(token);
      await page.getByLabel(/A FHIR request to try/).fill('Observation?code=8867-4');
      await page.getByRole('button', { name: 'Inspect' }).click();
      await page.getByRole('heading', { name: /It would be (?:allowed|answered)/ }).waitFor();
      await page.getByLabel('Access token', { exact: true }).fill('eyJhbGciOiJub25lIn0.e30.');
      await page.getByRole('button', { name: 'Inspect' }).click();
      expect(await page.getByRole('alert').textContent()).toMatch(/This is a JWT/);
      await inspectPage(page, 'developer-no-token');
      await left(page);
    });
  });
});
