// The console in each state, in a real browser, at 360 and 1280 px, light and dark, and what an operator does there, by keyboard too.

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { webApp } from '../../../src/web/app.ts';
import type { ConsoleDesk } from '../../../src/web/console/view.ts';
import { needs } from '../../needs.ts';
import { inspect, inspectPage, openBrowser, openPage } from '../../support/browser.ts';
import { consoleDesk, type Stock } from '../../support/console-desk.ts';
import { door, people } from '../../support/own-pages.ts';
import { site, webOptions } from '../../support/web.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

const X = 'x'.repeat(64);

needs('chromium', 'the console in a browser')('console', () => {
  let browser: Browser;
  const servers: Server[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  async function serve(stock: Stock, who: keyof typeof people = 'admin', parts: Partial<ConsoleDesk> = {}) {
    let app: RequestListener = () => undefined;
    const server = createServer((request, response) => app(request, response)).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((done) => server.once('listening', done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const desk = consoleDesk(stock, door({ account: people[who] }), parts);
    app = webApp(webOptions({ site: { ...site, publicUrl: origin }, console: desk }));
    return { origin, desk };
  }

  const failing = async (): Promise<never> => {
    throw new Error('no store');
  };

  const states: readonly [
    name: string,
    path: string,
    stock: Stock,
    status?: number,
    parts?: Partial<ConsoleDesk>,
  ][] = [
    ['home-usual', '', 'usual'],
    ['home-empty', '', 'empty'],
    ['home-full', '', 'full'],
    ['home-untold', '', 'untold'],
    ['home-error', '', 'usual', 500, { home: failing }],
    ['users-usual', '/access/users', 'usual'],
    ['users-empty', '/access/users?search=zz', 'empty'],
    ['users-full', '/access/users', 'full'],
    ['user-usual', '/access/users/alma', 'usual'],
    ['user-off', '/access/users/jonas?done=user-disable', 'usual'],
    ['user-full', '/access/users/user-3', 'full'],
    ['user-gone', '/access/users/nobody', 'usual', 404],
    ['user-new', '/access/users/new', 'usual'],
    ['session-end', '/access/sessions/s1?account=a1', 'usual'],
    ['given-end', '/access/given/grant-1', 'usual'],
    ['clients-usual', '/access/clients', 'usual'],
    ['clients-empty', '/access/clients', 'empty'],
    ['clients-full', '/access/clients', 'full'],
    ['client-usual', '/access/clients/growth', 'usual'],
    ['client-full', `/access/clients/${X}`, 'full'],
    ['policies-usual', '/access/policies', 'usual'],
    ['policies-empty', '/access/policies', 'empty'],
    ['policies-full', '/access/policies', 'full'],
    ['policy-usual', '/access/policies/own-patients', 'usual'],
    ['policy-new', '/access/policies/new', 'usual'],
    ['trail-unasked', '/access/trail', 'usual'],
    ['trail-usual', '/access/trail?person=alma&outcome=done', 'usual'],
    ['trail-empty', '/access/trail?ask=1', 'empty'],
    ['trail-full', '/access/trail?ask=1', 'full'],
    ['trail-error', '/access/trail?person=nobody', 'usual', 422],
    ['unusual-usual', '/access/unusual', 'usual'],
    ['unusual-empty', '/access/unusual', 'empty'],
    ['unusual-full', '/access/unusual', 'full'],
    ['unusual-untold', '/access/unusual', 'untold'],
  ];

  it.each(states)('%s', async (name, path, stock, status = 200, parts = {}) => {
    const { origin } = await serve(stock, 'admin', parts);
    await inspect(browser, `${origin}/console${path}`, `console-${name}`, status);
  });

  it('is for operators alone', async () => {
    const { origin } = await serve('usual', 'clinician');
    await inspect(browser, `${origin}/console`, 'console-not-for-you', 403);
  });

  it('switches an account off, with the reason', async () => {
    const { origin, desk } = await serve('usual');
    const { page, faults } = await openPage(browser, { width: 1280, scheme: 'light' });
    await page.goto(`${origin}/console`);
    await page.getByRole('link', { name: 'People' }).first().click();
    await page.getByRole('link', { name: 'Dr. Alma Reyes' }).click();
    await page.getByRole('radio', { name: /Switch off/ }).check();
    await page.getByLabel('Why?').fill('left the practice');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('The account is switched off.').waitFor();
    expect(desk.asked).toEqual([[{ kind: 'user-disable', username: 'alma' }, 'left the practice']]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('tells a new password once', async () => {
    const { origin, desk } = await serve('usual');
    const { page } = await openPage(browser, { width: 360, scheme: 'light' });
    await page.goto(`${origin}/console/access/users/alma`);
    await page.getByRole('radio', { name: /Give a new password/ }).check();
    await page.getByLabel('Why?').fill('forgot it');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('q9Zr-7Tam-Lx2e-secret').waitFor();
    await inspectPage(page, 'console-secret');
    expect(desk.asked[0]![0]).toEqual({ kind: 'user-reset', username: 'alma' });
    await page.context().close();
  });

  it('tries rules before they are in force, and says what is wrong with them', async () => {
    const { origin, desk } = await serve('usual');
    const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
    await page.goto(`${origin}/console/access/policies/own-patients`);
    await page.getByLabel('User name or client_id').fill('alma');
    await page.getByLabel('Address below /fhir').fill('Observation');
    await page.getByRole('button', { name: 'Check and try' }).click();
    await page.getByText('It is allowed for a part of it').waitFor();
    await inspectPage(page, 'console-policy-tried');
    await page.getByLabel('The rules, as a FHIR Basic').fill('nonsense');
    await page.getByLabel('Why?').fill('a try');
    await page.getByRole('button', { name: 'Put into force' }).click();
    await page.getByText('The text is not JSON').waitFor();
    await inspectPage(page, 'console-policy-error');
    expect(desk.asked).toEqual([]);
    await page.context().close();
  });

  it('shows the AuditEvent beneath a sentence', async () => {
    const { origin } = await serve('usual');
    const { page } = await openPage(browser, { width: 1280, scheme: 'light' });
    await page.goto(`${origin}/console/access/unusual`);
    await page.getByRole('link', { name: 'See it (Dr. Alma Reyes)' }).click();
    expect(await page.getByLabel('Person: user name').inputValue()).toBe('alma');
    await page.getByText('AuditEvent', { exact: true }).first().click();
    await page.getByText('"resourceType": "AuditEvent"').first().waitFor();
    await inspectPage(page, 'console-trail-open');
    await page.context().close();
  });

  it('switches an app off by keyboard alone', async () => {
    const { origin, desk } = await serve('usual');
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin}/console/access/clients/growth`);
    const at = (): Promise<string> =>
      page.evaluate<string>(
        "(document.activeElement.getAttribute('name') ?? document.activeElement.textContent).trim()",
      );
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press('Tab');
        if ((await at()) === name) return;
      }
      throw new Error(`${name} is not reached`);
    };
    await tabTo('deed');
    await page.keyboard.press('Space');
    await tabTo('reason');
    await page.keyboard.type('it misbehaves');
    await tabTo('Do it');
    await page.keyboard.press('Enter');
    await page.getByText('The app is switched off.').waitFor();
    expect(desk.asked).toEqual([[{ kind: 'client-disable', clientId: 'growth' }, 'it misbehaves']]);
    await context.close();
  });
});
