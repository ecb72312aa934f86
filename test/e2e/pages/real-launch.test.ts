// Launches from the gallery of a real server with its demo, in a real browser: what a person sees at each step, and how little there is to do.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { inspectPage, openBrowser, watch } from '../../support/browser.ts';
import { startServer, type TestServer } from '../../support/server.ts';

const PERSON_SECONDS = 10;

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

needs('chromium', 'launches from the gallery in a browser')('launches from the gallery', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;
  let context: BrowserContext;
  let faults: string[];

  beforeAll(async () => {
    server = await startServer({ STORE: 'sqlite::memory:', DEMO: 'on', DEMO_PATIENTS: '2', ACCESS: 'smart' });
    origin = server.url.replace('127.0.0.1', 'localhost');
    browser = await openBrowser();
    await untilDemoIsThere();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function untilDemoIsThere(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const page = await (await fetch(`${server.url.replace('127.0.0.1', 'localhost')}/apps`)).text();
      if (/Maya[^<]*Chen/.test(page) && page.includes('Okafor')) return;
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error('The demo was not loaded in time');
  }

  /** A browser of someone new, on a page of ours. */
  async function visit(path: string, options: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    faults = [];
    context.on('page', (page) => {
      const seen = watch(page);
      page.on('close', () => faults.push(...seen));
    });
    const page = await context.newPage();
    await page.goto(origin + path);
    return page;
  }

  async function press(page: Page, name: string, at = 0): Promise<Page> {
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name, exact: true }).nth(at).click();
    return opened;
  }

  async function leave(): Promise<void> {
    for (const page of context.pages()) await page.close();
    await context.close();
    expect(faults).toEqual([]);
  }

  describe('one press', () => {
    it('shows the clinician a child’s growth chart: no other step', async () => {
      const begun = performance.now();
      const app = await press(await visit('/apps'), 'Launch');
      await app
        .getByText(/percentile/)
        .first()
        .waitFor();
      expect((performance.now() - begun) / 1000).toBeLessThan(PERSON_SECONDS);
      expect(await app.locator('#who').textContent()).toMatch(/Maya.*Chen/);
      await inspectPage(app, 'real-growth-chart');
      expect(new URL(app.url()).pathname).toBe('/smart-apps/growth-chart/index.html');
      await leave();
    });

    it('shows a patient the own record', async () => {
      const app = await press(await visit('/apps'), 'Launch', 1);
      await app.getByText(/\d+ entries/).waitFor();
      expect(await app.locator('#who').textContent()).toMatch(/Daniel.*Okafor/);
      await inspectPage(app, 'real-my-record');
      await leave();
    });

    it('shows the app in the chart, and again for another patient', async () => {
      const page = await visit('/apps/ehr?app=growth-chart');
      await page
        .frameLocator('iframe')
        .getByText(/percentile/)
        .first()
        .waitFor();
      expect(await page.getByLabel('Patient', { exact: true }).last().innerText()).toMatch(
        /Maya.*Allergies.*Problems/s,
      );
      await inspectPage(page, 'real-chart');
      const other = await page.locator('#patient option').filter({ hasText: 'Okafor' }).getAttribute('value');
      await page.locator('#patient').selectOption(other);
      await page.waitForURL(/patient=/);
      await page.frameLocator('iframe').locator('h2').first().waitFor();
      expect(await page.getByLabel('Patient', { exact: true }).last().innerText()).toMatch(/Daniel/);
      await leave();
    });

    it.each([
      ['used', /used already/],
      ['expired', /more than five minutes old/],
      ['unknown', /not made by this server/],
      ['client', /made for another app/],
    ])('shows the page of a launch that is %s', async (fault, words) => {
      const app = await press(await visit(`/apps?app=growth-chart&error=${fault}`), 'Launch this');
      await app.getByRole('heading', { level: 1 }).waitFor();
      expect(await app.locator('main').innerText()).toMatch(words);
      await inspectPage(app, `real-problem-${fault}`);
      await context.close();
    });
  });

  describe('an app that no one here wrote', () => {
    let app: Server;
    let home: string;
    const asked: URL[] = [];

    beforeAll(async () => {
      app = createServer((request, response) => {
        const at = new URL(request.url!, home);
        if (at.pathname === '/launch') {
          response.writeHead(302, { location: authorization(at.searchParams) }).end();
          return;
        }
        if (at.pathname === '/callback') asked.push(at);
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>App</title>Here');
      }).listen(0, '127.0.0.1');
      await new Promise((done) => app.once('listening', done));
      home = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
    });
    afterAll(() => void app?.close());

    let clientId = '';
    const authorization = (launch: URLSearchParams): string => {
      const link = new URL(`${origin}/oidc/authorize`);
      link.search = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: `${home}/callback`,
        scope: 'launch patient/*.rs',
        state: 'state-of-the-app',
        aud: launch.get('iss')!,
        launch: launch.get('launch')!,
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      }).toString();
      return link.href;
    };

    it('registers, is launched from the gallery, asks, and is answered', async () => {
      const registered = await fetch(`${origin}/oidc/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: 'Theirs',
          redirect_uris: [`${home}/callback`],
          launch_uri: `${home}/launch`,
          token_endpoint_auth_method: 'none',
          scope: 'launch patient/*.rs',
        }),
      });
      clientId = ((await registered.json()) as { client_id: string }).client_id;
      const tab = await press(await visit(`/apps?app=${clientId}`), 'Launch this');
      await tab.getByLabel('Username', { exact: true }).fill('clinician');
      await tab.getByLabel('Password', { exact: true }).fill('demo');
      await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
      await tab.getByRole('heading', { name: /Share Maya.*Chen’s record with Theirs/ }).waitFor();
      await inspectPage(tab, 'real-consent-everything');
      expect(await tab.locator('main').innerText()).toMatch(/registered itself/i);
      await tab.getByRole('button', { name: 'Allow', exact: true }).click();
      await tab.waitForURL(/callback/);
      expect([asked[0]!.searchParams.get('state'), asked[0]!.searchParams.has('code')]).toEqual([
        'state-of-the-app',
        true,
      ]);
      await context.close();
    });
  });

  describe('standalone', () => {
    const untilConsent = async (page: Page, username: string, patient?: string): Promise<void> => {
      await page.getByLabel('Username', { exact: true }).fill(username);
      await page.getByLabel('Password', { exact: true }).fill('demo');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      if (patient !== undefined) {
        await page.getByRole('heading', { name: 'Choose a patient' }).waitFor();
        await page.getByLabel('Name or birth date').fill(patient);
        await page.getByText('1 patient found').waitFor();
        await page.locator('#found button').click();
      }
      await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
    };

    it('asks who, whose record and what, on pages without a fault, and opens the app', async () => {
      const app = await press(await visit('/apps'), 'Launch standalone');
      await app.getByLabel('Username', { exact: true }).waitFor();
      await inspectPage(app, 'real-sign-in');
      await untilConsent(app, 'clinician', 'chen');
      await inspectPage(app, 'real-consent');
      expect(await app.getByRole('heading', { level: 1 }).innerText()).toMatch(
        /Share Maya.*Chen’s record with Growth Chart/,
      );
      await app.getByRole('button', { name: 'Allow', exact: true }).click();
      await app
        .getByText(/percentile/)
        .first()
        .waitFor();
      await leave();
    });

    it('gives a patient’s app what stays ticked and nothing else', async () => {
      const app = await press(await visit('/apps'), 'Launch standalone', 1);
      await untilConsent(app, 'patient');
      expect(await app.locator('main').innerText()).not.toMatch(/while you are away\n/);
      await app.getByLabel(/see prescriptions/i).uncheck();
      await app.getByText('Share only some kinds of Lab results').click();
      await app.getByLabel('Lab results', { exact: true }).check();
      const token = app.waitForResponse((response) => response.url().endsWith('/oidc/token'));
      await app.getByRole('button', { name: 'Allow', exact: true }).click();
      const { scope } = (await (await token).json()) as { scope: string };
      const granted = scope.split(' ');
      expect(granted).toContain('patient/Condition.rs');
      expect(granted.filter((one) => /Observation|MedicationRequest/.test(one))).toEqual([
        'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
      ]);
      await app.getByText(/\d+ entries/).waitFor();
      await context.close();
    });

    it('lets another person sign in than the one who launched before', async () => {
      const page = await visit('/apps');
      const first = await press(page, 'Launch');
      await first
        .getByText(/percentile/)
        .first()
        .waitFor();
      const app = await press(page, 'Launch standalone', 1);
      await app.getByText('Amara Osei, clinician').waitFor();
      await app.getByRole('button', { name: 'Not you?' }).click();
      await untilConsent(app, 'patient');
      const said = await app.locator('main').innerText();
      expect(said).toMatch(/Share Daniel.*record with My Record/);
      expect(said).toMatch(/Daniel Okafor, patient/);
      await app.getByRole('button', { name: 'Allow', exact: true }).click();
      await app.getByText(/\d+ entries/).waitFor();
      await leave();
    });

    it('says that a password is wrong, and tells the app of a no', async () => {
      const app = await press(await visit('/apps'), 'Launch standalone', 1);
      await app.getByLabel('Username', { exact: true }).fill('patient');
      await app.getByLabel('Password', { exact: true }).fill('wrong');
      await app.getByRole('button', { name: 'Sign in', exact: true }).click();
      await app.getByRole('alert').waitFor();
      await inspectPage(app, 'real-sign-in-error');
      await untilConsent(app, 'patient');
      await app.getByRole('button', { name: 'Deny', exact: true }).click();
      await app.getByText(/could not go on/).waitFor();
      expect(new URL(app.url()).pathname).toBe('/smart-apps/my-record/index.html');
      await context.close();
    });

    it('works from sign-in to consent without a script', async () => {
      const page = await visit('/apps', { javaScriptEnabled: false });
      const link = new URL(`${origin}/oidc/authorize`);
      const asked = {
        response_type: 'code',
        client_id: 'growth-chart',
        redirect_uri: `${origin}/smart-apps/growth-chart/index.html`,
        scope: 'launch/patient patient/*.rs',
        state: 'state-of-the-app',
        aud: `${origin}/fhir`,
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(asked)) link.searchParams.set(name, value);
      await page.goto(link.href);
      await page.getByLabel('Username', { exact: true }).fill('clinician');
      await page.getByLabel('Password', { exact: true }).fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      expect(await page.getByRole('alert').innerText()).toMatch(/not right/);
      await page.getByLabel('Password', { exact: true }).fill('demo');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByLabel('Name or birth date').fill('Maya');
      await page.getByRole('button', { name: 'Search' }).click();
      expect(page.url()).not.toMatch(/Maya/i);
      await page.locator('#found button').click();
      await page.getByRole('button', { name: 'Allow', exact: true }).click();
      await page.waitForURL(/index\.html\?/);
      const back = new URL(page.url()).searchParams;
      expect([back.get('state'), back.has('code')]).toEqual(['state-of-the-app', true]);
      await context.close();
    });
  });
});
