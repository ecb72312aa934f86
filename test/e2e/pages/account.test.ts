// The account pages in each state, in a real browser, at 360 and 1280 px, light and dark, and what a person does on them: with and without scripts, and
// by keyboard alone.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { webApp } from '../../../src/web/app.ts';
import type { AccountDesk } from '../../../src/web/account/view.ts';
import { needs } from '../../needs.ts';
import { accountDesk, views } from '../../support/account-desk.ts';
import { inspect, openBrowser, openPage } from '../../support/browser.ts';
import { door, people, type DoorOptions } from '../../support/own-pages.ts';
import { site, webOptions } from '../../support/web.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

type Who = keyof typeof people;

needs('chromium', 'the account pages in a browser')('account pages', () => {
  let browser: Browser;
  const servers: Server[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  async function serve(
    view: string,
    who: Who | undefined = 'patient',
    { parts = {}, ...options }: DoorOptions & { readonly parts?: Partial<AccountDesk> } = {},
  ) {
    let app: RequestListener = () => undefined;
    const server = createServer((request, response) => app(request, response)).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((done) => server.once('listening', done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gate = door({ ...(who && { account: people[who] }), ...options });
    const desk = accountDesk(views[view]!, gate, parts);
    app = webApp(webOptions({ site: { ...site, publicUrl: origin }, account: desk }));
    return { origin, desk, gate };
  }

  const failing = async (): Promise<never> => {
    throw new Error('no store');
  };

  const states: readonly [
    name: string,
    path: string,
    view: string,
    options?: { who?: Who; status?: number; parts?: Partial<AccountDesk> },
  ][] = [
    ['account-usual', '/account', 'usual'],
    ['account-stopped', '/account?done=stopped', 'usual'],
    ['account-empty', '/account', 'empty'],
    ['account-full', '/account', 'full'],
    ['account-untold', '/account', 'untold'],
    ['account-parent', '/account', 'parent', { who: 'parent' }],
    ['account-two-children', '/account', 'parents', { who: 'parent' }],
    ['account-clinician', '/account', 'clinician', { who: 'clinician' }],
    ['account-operator', '/account', 'clinician', { who: 'admin' }],
    ['account-error', '/account', 'usual', { status: 500, parts: { overview: failing } }],
    ['account-app', '/account/apps/grant-1', 'usual'],
    ['account-app-full', '/account/apps/grant-2', 'full'],
    ['account-app-gone', '/account/apps/nothing', 'usual', { status: 404 }],
    ['account-stop', '/account/apps/grant-1/stop', 'usual'],
    ['account-stop-full', '/account/apps/grant-2/stop', 'full'],
    ['account-looked', '/account/looked/jonas', 'usual'],
    ['account-looked-later', '/account/looked/jonas?after=cursor-1', 'usual'],
    ['account-looked-not-yours', '/account/looked/maya', 'usual', { status: 404 }],
    ['account-done', '/account/done', 'clinician', { who: 'clinician' }],
    ['account-end-proxy', '/account/people/rel-1/end', 'usual'],
    ['account-copy', '/account/copy/jonas?as=page', 'usual'],
  ];

  it.each(states)('%s', async (name, path, view, { who = 'patient', status = 200, parts = {} } = {}) => {
    const { origin } = await serve(view, who, { parts });
    await inspect(browser, origin + path, name, status);
  });

  describe('what a person does', () => {
    it.each([true, false])(
      'stops sharing with an app, asked once (scripts: %s)',
      async (javaScriptEnabled) => {
        const { origin, desk } = await serve('usual');
        const context = await browser.newContext({ javaScriptEnabled });
        const page = await context.newPage();
        await page.goto(`${origin}/account`);
        await page.getByRole('link', { name: 'Stop sharing with Growth Tracker' }).click();
        expect(desk.asked).toEqual([]);
        await page.getByRole('button', { name: 'Stop sharing' }).click();
        await page.getByText('Sharing has stopped.').waitFor();
        expect(desk.asked).toEqual([['stop', 'grant-1']]);
        await context.close();
      },
    );

    it('narrows an app to what is left ticked', async () => {
      const { origin, desk } = await serve('usual');
      const { page, faults } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/account`);
      await page.getByRole('link', { name: 'Change what it sees (Growth Tracker)' }).click();
      await page.getByLabel('Vaccines given').uncheck();
      await page.getByRole('button', { name: 'Share only what is ticked' }).click();
      await page.getByText('only what you left ticked').waitFor();
      expect(desk.asked).toEqual([
        ['narrow', 'grant-1', ['patient/Patient.rs', 'patient/Observation.rs', 'openid fhirUser']],
      ]);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it('is told when nothing is left ticked', async () => {
      const { origin } = await serve('usual');
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/account/apps/grant-1`);
      for (const box of await page.getByRole('checkbox').all())
        if (await box.isVisible()) await box.uncheck();
      await page.getByRole('button', { name: 'Share only what is ticked' }).click();
      await page.getByRole('alert').filter({ hasText: 'Leave at least one tick' }).waitFor();
      await page.context().close();
    });

    it('ends that someone acts for them, and says why', async () => {
      const { origin, desk } = await serve('usual');
      const { page } = await openPage(browser, { width: 360, scheme: 'light' });
      await page.goto(`${origin}/account`);
      await page.getByRole('link', { name: 'End this for Ada Weber' }).click();
      await page.getByLabel('Why?').fill('We live apart');
      await page.getByRole('button', { name: 'End it' }).click();
      await page.getByText('can no longer act here').waitFor();
      expect(desk.asked).toEqual([['end', 'rel-1', 'We live apart']]);
      await page.context().close();
    });

    it('pages through who looked', async () => {
      const { origin } = await serve('usual');
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/account`);
      await page.getByRole('link', { name: 'See all of it' }).click();
      await page.getByRole('link', { name: 'Older' }).click();
      await page.getByRole('link', { name: 'Back to the newest' }).waitFor();
      expect(await page.getByText('wrote a prescription').count()).toBe(1);
      await page.context().close();
    });

    it('stops sharing by keyboard alone', async () => {
      const { origin, desk } = await serve('usual');
      const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
      await page.goto(`${origin}/account`);
      const pressUntil = async (words: string): Promise<void> => {
        for (let at = 0; at < 40; at++) {
          await page.keyboard.press('Tab');
          const here = await page.evaluate<string>(
            "document.activeElement === document.body ? '' : document.activeElement.textContent.trim().replace(/\\s+/g, ' ')",
          );
          if (here === words) return;
        }
        throw new Error(`${words} is not reached`);
      };
      await pressUntil('Stop sharing with Growth Tracker');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/stop$/);
      await pressUntil('Stop sharing');
      await page.keyboard.press('Enter');
      await page.waitForURL(/done=stopped/);
      expect(desk.asked).toEqual([['stop', 'grant-1']]);
      await page.context().close();
    });

    it('reads the moments in their own clock, and in UTC without scripts', async () => {
      const { origin } = await serve('usual');
      for (const [javaScriptEnabled, expected] of [
        [true, /^(?!.*UTC)/],
        [false, /UTC$/],
      ] as const) {
        const context = await browser.newContext({ javaScriptEnabled, timezoneId: 'America/New_York' });
        const page = await context.newPage();
        await page.goto(`${origin}/account`);
        expect(await page.locator('.timeline time').first().textContent()).toMatch(expected);
        await context.close();
      }
    });
  });
});
