// The pages of a launch in each state, in a real browser, at 360 and 1280 px, light and dark: nothing for axe to find, nothing cut off, no
// console error, no breach of the CSP. Pictures go to `.screenshots`, to be looked at by a person.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { LAUNCH_PAGE } from '../../../src/web/headers.ts';
import { launchPages } from '../../../src/web/launch/pages.ts';
import { needs } from '../../needs.ts';
import { inspect, openBrowser, watch } from '../../support/browser.ts';
import { site } from '../../support/web.ts';
import { consent, problem, selectEncounter, selectPatient, signIn } from './views.ts';

const pages = launchPages(site);

const shown: readonly (readonly [string, string])[] = [
  ...Object.entries(signIn).map(([state, view]) => [`sign-in-${state}`, pages.signIn(view)] as const),
  ...Object.entries(selectPatient).map(
    ([state, view]) => [`patient-${state}`, pages.selectPatient(view)] as const,
  ),
  ...Object.entries(selectEncounter).map(
    ([state, view]) => [`visit-${state}`, pages.selectEncounter(view)] as const,
  ),
  ...Object.entries(consent).map(([state, view]) => [`consent-${state}`, pages.consent(view)] as const),
  ...Object.entries(problem).map(([state, view]) => [`problem-${state}`, pages.problem(view)] as const),
];

const posts: { readonly url: string; readonly fields: URLSearchParams }[] = [];

/** What a form is answered with: the picker searched, or an empty page. */
function answer(url: string, fields: URLSearchParams): string {
  const usual = selectPatient['usual']!;
  const asked = fields.get('name') ?? '';
  if (url !== '/search')
    return '<!doctype html><html lang="en"><title>Done</title><link rel="icon" href="data:,"></html>';
  return pages.selectPatient({
    ...usual,
    asked,
    patients: usual.patients.filter(({ name }) => name.includes(asked)),
  });
}

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

needs('chromium', 'the pages of a launch in a browser')('pages of a launch', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    const documents = new Map(shown);
    server = createServer(async (request, response) => {
      if (request.method === 'POST') {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        const fields = new URLSearchParams(body);
        posts.push({ url: request.url!, fields });
        response.writeHead(200, LAUNCH_PAGE).end(answer(request.url!, fields));
        return;
      }
      const last = request.url!.split('/').at(-1)!;
      const asset = site.assets.find(last);
      if (asset) response.writeHead(200, { 'content-type': asset.contentType }).end(asset.bytes);
      else response.writeHead(documents.has(last) ? 200 : 404, LAUNCH_PAGE).end(documents.get(last));
    }).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each(shown.map(([name]) => name))('%s', (name) => inspect(browser, `${origin}/${name}`, name));

  describe('what a person does', () => {
    const open = async (name: string, options: BrowserContextOptions = {}): Promise<Page> => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const faults = watch(page);
      page.on('close', () => expect(faults).toEqual([]));
      await page.goto(`${origin}/${name}`);
      posts.length = 0;
      return page;
    };
    const sent = async (page: Page): Promise<Record<string, string[]>> => {
      await page.waitForURL(/\/post/);
      const fields = posts.at(-1)!.fields;
      await page.context().close();
      return Object.fromEntries([...new Set(fields.keys())].map((name) => [name, fields.getAll(name)]));
    };

    it('signs in by keyboard alone', async () => {
      const page = await open('sign-in-usual');
      await page.keyboard.type('clinician');
      await page.keyboard.press('Tab');
      await page.keyboard.type('demo');
      await page.keyboard.press('Enter');
      expect(await sent(page)).toEqual({ csrf: ['c5rf-t0ken'], username: ['clinician'], password: ['demo'] });
    });

    it('fills in an account of the demo at a press', async () => {
      const page = await open('sign-in-full');
      await page.getByRole('button', { name: 'parent', exact: true }).click();
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      expect(await sent(page)).toMatchObject({ username: ['parent'], password: ['demo'] });
    });

    it('has the labels that the outside relies on', async () => {
      const page = await open('sign-in-usual');
      expect(await page.getByLabel('Username', { exact: true }).getAttribute('name')).toBe('username');
      expect(await page.getByLabel('Password', { exact: true }).getAttribute('type')).toBe('password');
      await page.context().close();
    });

    it('searches for a patient as one types, by POST, and takes one at a press', async () => {
      const page = await open('patient-usual');
      await page.getByLabel('Name or birth date').pressSequentially('Dmitri', { delay: 5 });
      await page.getByText('1 patient found').waitFor();
      expect(await page.locator('#found button').allTextContents()).toEqual(['Dmitri Ivanov']);
      expect(posts.map(({ url }) => url)).toEqual(['/search']);
      expect(page.url()).toBe(`${origin}/patient-usual`);
      await page.getByRole('button', { name: 'Dmitri Ivanov', exact: true }).press('Enter');
      expect(await sent(page)).toEqual({ csrf: ['c5rf-t0ken'], patient: ['p3'] });
    });

    it('searches without scripts too', async () => {
      const page = await open('patient-usual', { javaScriptEnabled: false });
      await page.getByLabel('Name or birth date').fill('Ada');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.waitForURL(/\/search$/);
      expect(await page.locator('#found button').allTextContents()).toEqual(['Ada Okafor']);
      await page.context().close();
    });

    it('chooses a visit, or none', async () => {
      const page = await open('visit-usual');
      await page.getByRole('button', { name: 'No particular visit' }).click();
      expect(await sent(page)).toMatchObject({ encounter: [''] });
    });

    it('shows Allow and Deny at one size and in one style', async () => {
      const page = await open('consent-usual');
      const look = (value: string): Promise<unknown> =>
        page.evaluate(`(() => {
          const button = document.querySelector('button[value="${value}"]');
          const { width, height } = button.getBoundingClientRect();
          const { color, backgroundColor, borderColor, fontWeight } = getComputedStyle(button);
          return [width, height, color, backgroundColor, borderColor, fontWeight];
        })()`);
      expect(await look('allow')).toEqual(await look('deny'));
      await page.context().close();
    });

    it('sends what is ticked: a kind in place of its whole, the duration and the decision', async () => {
      const page = await open('consent-usual');
      await page.getByText('Share only some kinds').click();
      await page.getByLabel('Lab results', { exact: true }).check();
      await page.getByLabel('Only this time: for an hour').check();
      await page.getByRole('button', { name: 'Allow', exact: true }).click();
      expect(await sent(page)).toEqual({
        csrf: ['c5rf-t0ken'],
        scope: ['patient/Patient.rs', 'patient/Observation.rs?category=0'],
        duration: ['once'],
        decision: ['allow'],
      });
    });

    it('denies on Enter, so that nothing is given by a slip', async () => {
      const page = await open('consent-usual');
      await page.getByRole('checkbox').first().focus();
      await page.keyboard.press('Enter');
      expect(await sent(page)).toMatchObject({ decision: ['deny'] });
    });
  });
});
