// The place's own pages in each state, in a real browser, at 360 and 1280 px, light and dark: nothing for axe to find, nothing cut off, no console
// error, no breach of the CSP; and what a person does on them, by mouse and by keyboard, with scripts and without.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { webApp, type AppOptions } from '../../../src/web/app.ts';
import type { SampleApp } from '../../../src/web/sample-apps.ts';
import { needs } from '../../needs.ts';
import { inspect, openBrowser, openPage } from '../../support/browser.ts';
import { launching, patients, site, webOptions, type HouseOfCards } from '../../support/web.ts';

const failing = async (): Promise<never> => {
  throw new Error('no store');
};

/** An app that shows a picture, so that the frame has something in it without a server behind it. */
const picture: SampleApp = {
  folder: 'growth-chart',
  clientId: 'growth-chart',
  name: 'Growth Chart',
  description: 'A picture.',
  audience: 'clinician',
  modes: ['ehr', 'standalone'],
  isOurs: true,
  launchUrl: '/smart-apps/growth-chart/logo.svg',
};

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

needs('chromium', 'the own pages in a browser')('own pages', () => {
  let browser: Browser;
  const servers: Server[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  /** The frame under its own public address. */
  async function serve(parts: Partial<AppOptions> = {}): Promise<{ origin: string; house: HouseOfCards }> {
    let app: RequestListener = () => undefined;
    const server = createServer((request, response) => app(request, response)).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((done) => server.once('listening', done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const house = launching();
    app = webApp(webOptions({ site: { ...site, publicUrl: origin }, launching: house, ...parts }));
    return { origin, house };
  }

  const crowd = Array.from({ length: 60 }, (_, at) => ({
    ...patients[at % 2]!,
    id: `p${at}`,
    name: `Patient ${at} of a long list`,
  }));
  const visited = launching({
    apps: async () => [
      {
        clientId: 'theirs',
        name: 'An app of someone else with a name that goes on and on',
        modes: ['ehr'],
        launchUrl: 'https://app.example.org/',
        isOurs: false,
      },
    ],
  });
  const nobody = launching({ hasDemo: async () => false, users: async () => [] });
  const loading = launching({ users: async () => [] });
  const busy = launching({
    patients: async () => crowd,
    banner: async (_user, id) => ({
      patient: {
        id,
        name: 'Prof. Dr. Maximiliane Alexandra von Hohenstein-Wittgensteinbergerhausen III.',
        birthDate: '1931',
      },
      allergies: Array.from({ length: 20 }, (_, at) => `Substance number ${at} with a long name`),
      problems: Array.from({ length: 20 }, (_, at) => `Problem number ${at}`),
    }),
  });

  const states: readonly [name: string, path: string, parts?: Partial<AppOptions>, status?: number][] = [
    ['front-usual', '/'],
    ['front-error', '/', { ready: failing }],
    ['apps-usual', '/apps'],
    ['apps-standalone', '/apps?app=my-record&mode=standalone&error=iss'],
    ['apps-full', '/apps?app=growth-chart&opened=1', { launching: busy }],
    ['apps-registered', '/apps?app=theirs', { launching: visited }],
    ['apps-empty', '/apps', { launching: nobody, apps: [] }],
    ['apps-no-demo', '/apps', { launching: nobody }],
    ['apps-loading', '/apps', { launching: loading }],
    ['chart-usual', '/apps/ehr', { apps: [picture] }],
    ['chart-empty', '/apps/ehr?patient=jonas', { apps: [picture] }],
    ['chart-full', '/apps/ehr', { apps: [picture], launching: busy }],
    ['not-found', '/nothing/here', {}, 404],
    ['not-found-fhir', '/Patient/1', {}, 404],
    ['failure', '/', { statement: failing }, 500],
  ];

  it.each(states)('%s', async (name, path, parts = {}, status = 200) => {
    const { origin } = await serve(parts);
    await inspect(browser, origin + path, name, status);
  });

  describe('what a person does', () => {
    it('launches at one press, in a new tab', async () => {
      const { origin, house } = await serve({ apps: [picture] });
      const { page, faults } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/apps`);
      const opened = page.context().waitForEvent('page');
      await page.getByRole('button', { name: 'Launch', exact: true }).first().click();
      const tab = await opened;
      await tab.waitForURL(/logo\.svg\?iss=.*launch=handle-0$/);
      expect(house.made[0]!.launch.context.patient).toBe('maya');
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it('keeps what is chosen in the address, with scripts and without', async () => {
      for (const javaScriptEnabled of [true, false]) {
        const { origin } = await serve({ apps: [picture] });
        const context = await browser.newContext({ javaScriptEnabled });
        const page = await context.newPage();
        await page.goto(`${origin}/apps`);
        await page.getByLabel('Patient').selectOption('jonas');
        if (!javaScriptEnabled) await page.getByRole('button', { name: 'Update choices' }).click();
        await page.waitForURL(/patient=jonas/);
        expect(await page.getByLabel('Patient').inputValue()).toBe('jonas');
        expect(await page.getByLabel('Visit').locator('option').last().getAttribute('value')).toBe('jonas-1');
        await context.close();
      }
    });

    it('sees the app launched anew when the chart of another patient is opened', async () => {
      const { origin, house } = await serve({ apps: [picture] });
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/apps/ehr`, { waitUntil: 'networkidle' });
      await page.getByLabel('Patient', { exact: true }).first().selectOption('jonas');
      await page.waitForURL(/patient=jonas/);
      await page.waitForLoadState('networkidle');
      expect(house.made.map(({ launch }) => launch.context)).toEqual([
        { patient: 'maya', need_patient_banner: false },
        { patient: 'jonas', need_patient_banner: false },
      ]);
      expect(page.frame({ name: 'app-frame' })!.url()).toMatch(/launch=handle-1$/);
      await page.context().close();
    });

    it('copies the base URL', async () => {
      const { origin } = await serve();
      const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
      const page = await context.newPage();
      await page.goto(origin);
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByText('Copied').waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('http://localhost:8080/fhir');
      await context.close();
    });

    it('reaches everything by keyboard in the order of reading', async () => {
      const { origin } = await serve({ apps: [picture] });
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/apps`);
      const reached: string[] = [];
      for (let at = 0; at < 30; at++) {
        await page.keyboard.press('Tab');
        const here = await page.evaluate<string>(`(() => {
          const one = document.activeElement;
          if (one === document.body) return '';
          const style = getComputedStyle(one);
          return (one.labels?.[0]?.textContent ?? one.textContent).trim() + (style.outlineStyle === 'none' ? ' UNSEEN' : '');
        })()`);
        if (here === '') break;
        reached.push(here);
      }
      expect(reached).toEqual([
        'Skip to the page',
        'Embergate',
        'Home',
        'Apps',
        'Developers',
        'Account',
        'Launch',
        'Launch standalone',
        'Open beside a chart',
        'App',
        'Way to launch',
        'User',
        'Patient',
        'Visit',
        'What goes wrong',
        'Launch this',
        'Copy link to this set-up',
      ]);
      await page.context().close();
    });

    it('reads every page at twice the size of text', async () => {
      const { origin } = await serve({ apps: [picture], launching: busy });
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      for (const path of ['/', '/apps', '/apps/ehr', '/nothing']) {
        await page.goto(origin + path);
        await page.evaluate("document.documentElement.style.fontSize = '200%'");
        const wide = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect([path, wide]).toEqual([path, 0]);
      }
      await page.context().close();
    });
  });
});
