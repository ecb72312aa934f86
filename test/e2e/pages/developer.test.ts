// The developer's pages on a real server with its demo, in a real browser: register with one address, see why a launch failed, put a token into words,
// make keys, change secrets without a gap; and the snippets, pasted into a shell.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { inspectPage, openBrowser, watch } from '../../support/browser.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { Visitor } from '../../support/visitor.ts';
import { walk } from '../smart/flow.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

const LAUNCH = 'http://localhost:3999/launch.html';
const BACK = 'http://localhost:3999/index.html';

needs('chromium', 'the pages for developers in a browser')('for app developers', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;
  const folder = mkdtempSync(join(tmpdir(), 'embergate-developer-'));
  const faults: string[] = [];

  beforeAll(async () => {
    // Two threads: what one sees, the log on the other tells.
    server = await startServer({
      STORE: 'sqlite::memory:',
      DEMO: 'on',
      DEMO_PATIENTS: '2',
      ACCESS: 'smart',
      WORKERS: '2',
    });
    origin = server.url.replace('127.0.0.1', 'localhost');
    browser = await openBrowser();
    for (let tries = 0; !(await (await fetch(`${origin}/apps`)).text()).includes('Okafor'); tries++) {
      if (tries > 200) throw new Error('The demo was not loaded in time');
      await new Promise((done) => setTimeout(done, 200));
    }
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function developer(options: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ acceptDownloads: true, ...options });
    const page = await context.newPage();
    const seen = watch(page);
    page.on('close', () => faults.push(...seen.filter((one) => !/status of (?:403|404|422)/.test(one))));
    await page.goto(`${origin}/developer`);
    return page;
  }

  async function registered(
    page: Page,
    kind: string,
    more: (page: Page) => Promise<void> = async () => undefined,
  ) {
    await page.getByLabel('Launch URL').fill(LAUNCH);
    await page.getByRole('radio', { name: kind }).check();
    await more(page);
    await page.getByRole('button', { name: 'Register the app' }).click();
    await page.waitForURL(/\/developer\/apps\/[0-9a-f-]{36}$/);
    const id = page.url().split('/').at(-1)!;
    const told = async (name: string): Promise<string> =>
      (await page
        .locator('.told dt', { hasText: name })
        .locator('xpath=following-sibling::dd[1]')
        .locator('code')
        .textContent())!;
    return { id, told };
  }

  const left = async (page: Page): Promise<void> => {
    await page.close();
    await page.context().close();
    expect(faults.splice(0)).toEqual([]);
  };

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

  describe('what to paste', () => {
    /** The text of a snippet as the page shows it. */
    async function snippetOf(page: Page, name: string): Promise<string> {
      await page.locator('summary', { hasText: new RegExp(`^${name}$`) }).click();
      return page.locator('details[open] pre code').last().innerText();
    }

    /** Runs a text, and answers its question with the address that a person comes to in the end. */
    function run(
      command: readonly string[],
      env: Record<string, string> = {},
    ): Promise<{ code: number | null; out: string }> {
      const child = spawn(command[0]!, command.slice(1), {
        cwd: folder,
        env: { ...process.env, BROWSER: 'true', ...env },
      });
      let out = '';
      let asked = false;
      const seen = (part: Buffer): void => {
        out += part.toString();
        const address = /http\S+\/oidc\/authorize\?\S+/.exec(out)?.[0];
        if (asked || address === undefined || !/(?:That address: |in the end: )$/.test(out)) return;
        asked = true;
        void comeBack(address).then((back) => child.stdin.end(`${back}\n`));
      };
      child.stdout.on('data', seen);
      child.stderr.on('data', seen);
      return new Promise((done) => child.on('close', (code) => done({ code, out })));
    }

    async function comeBack(address: string): Promise<string> {
      const visitor = new Visitor();
      const end = await walk(visitor, await visitor.open(address), { username: 'patient', password: 'demo' });
      return end.headers.get('location')!;
    }

    const patientIn = (out: string): string => /"resourceType":\s*"(Patient)"/.exec(out)?.[1] ?? out;

    it.each([
      ['curl', 'Public'],
      ['Python', 'Public'],
      ['curl', 'Confidential, with a secret'],
      ['Python', 'Confidential, with a secret'],
    ])('%s for an app that is: %s', async (name, kind) => {
      const page = await developer();
      const { told } = await registered(page, kind);
      const secret = kind === 'Public' ? '' : await told('client_secret');
      const file = join(folder, name === 'curl' ? 'way.sh' : 'way.py');
      writeFileSync(file, await snippetOf(page, name));
      const { code, out } = await run([name === 'curl' ? 'sh' : 'python3', file], { CLIENT_SECRET: secret });
      expect({ code, read: patientIn(out) }).toEqual({ code: 0, read: 'Patient' });
      await left(page);
    });

    it.each(['curl', 'Python'])('%s for a service, with a key that was made in the browser', async (name) => {
      const page = await developer();
      await registered(page, 'Backend service', async () => {
        await page.getByText('Name, redirect addresses, scopes, keys').click();
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name: 'Make a key pair here' }).click();
        await (await download).saveAs(join(folder, 'private-key.pem'));
      });
      expect(readFileSync(join(folder, 'private-key.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
      const file = join(folder, name === 'curl' ? 'way.sh' : 'way.py');
      writeFileSync(file, await snippetOf(page, name));
      const { code, out } = await run([name === 'curl' ? 'sh' : 'python3', file]);
      expect({ code, read: patientIn(out) }).toEqual({ code: 0, read: 'Patient' });
      await page.locator('#log', { hasText: 'GET Patient?_count=1' }).waitFor();
      await left(page);
    });
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
