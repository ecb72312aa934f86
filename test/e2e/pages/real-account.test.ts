// The account pages of a real server with its demo and two workers, in a real browser: a person lets an app in, narrows it and stops it, and the app feels
// it at its very next request, whichever worker answers. docs/adr/0035

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { inspectPage, openBrowser, watch } from '../../support/browser.ts';
import { startServer, type TestServer } from '../../support/server.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(120_000);

/** So many connections that the kernel gives some to each worker: the chance of one being left out is 2 in 16 million. */
const CONNECTIONS = 24;

needs('chromium', 'the account pages of a real server')('account pages of a real server', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;
  const folder = mkdtempSync(join(tmpdir(), 'embergate-account-'));

  beforeAll(async () => {
    const settings = { STORE: `sqlite:${folder}`, DEMO: 'on', DEMO_PATIENTS: '2', ACCESS: 'smart' };
    server = await startServer({ ...settings, WORKERS: '2' });
    origin = server.url.replace('127.0.0.1', 'localhost');
    browser = await openBrowser();
    await untilDemoIsThere();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function untilDemoIsThere(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      const page = await (await fetch(`${origin}/apps`)).text();
      if (/Maya[^<]*Chen/.test(page) && page.includes('Okafor')) return;
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error('The demo was not loaded in time');
  }

  async function signIn(page: Page, username: string): Promise<void> {
    await page.getByLabel('Username', { exact: true }).fill(username);
    await page.getByLabel('Password', { exact: true }).fill('demo');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async function account(
    username: string,
  ): Promise<{ context: BrowserContext; page: Page; faults: readonly string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const faults = watch(page);
    await page.goto(`${origin}/account`);
    await signIn(page, username);
    await page.getByRole('heading', { name: 'Connected apps' }).waitFor();
    return { context, page, faults };
  }

  /** My Record, opened by the person themselves; gives the app's page and the token that it holds. */
  async function openApp(context: BrowserContext): Promise<{ app: Page; token: string }> {
    const page = await context.newPage();
    await page.goto(`${origin}/apps`);
    const opened = context.waitForEvent('page');
    await page.locator('#my-record').getByRole('button', { name: 'Launch standalone' }).click();
    const app = await opened;
    await app.getByRole('button', { name: 'Allow', exact: true }).click();
    await app.getByText(/\d+ entries/).waitFor();
    const kept = await app.evaluate<string>('JSON.stringify(sessionStorage)');
    const token = /access_token\\*":\\*"([\w-]+)/.exec(kept)?.[1];
    if (token === undefined) throw new Error('the app keeps no token');
    return { app, token };
  }

  /** One request on a connection of its own. */
  const status = (path: string, token: string): Promise<number> =>
    new Promise((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, connection: 'close' };
      get(`${server.base}/${path}`, { headers, agent: false }, (response) => {
        response.resume().once('end', () => done(response.statusCode!));
      }).once('error', fail);
    });

  async function everywhere(path: string, token: string): Promise<readonly number[]> {
    const all: number[] = [];
    for (let at = 0; at < CONNECTIONS; at++) all.push(await status(path, token));
    return [...new Set(all)];
  }

  it('stopped in the browser: the app’s very next request is refused, on every worker', async () => {
    const { context, page, faults } = await account('patient');
    const { app, token } = await openApp(context);
    expect(await everywhere('Observation?_count=1', token)).toEqual([200]);
    await page.reload();
    await inspectPage(page, 'real-account');
    await page.getByRole('link', { name: 'Stop sharing with My Record' }).click();
    await page.getByRole('button', { name: 'Stop sharing' }).click();
    await page.getByText('Sharing has stopped.').waitFor();
    expect(await everywhere('Observation?_count=1', token)).toEqual([401]);
    await app.reload();
    await app.getByText(/\d+ entries/).waitFor({ state: 'hidden' });
    expect(await page.getByRole('link', { name: 'Stop sharing with My Record' }).count()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('narrowed in the browser: what was taken out is refused from the very next request, the rest goes on', async () => {
    const { context, page } = await account('patient');
    const { token } = await openApp(context);
    expect(await everywhere('Condition?_count=1', token)).toEqual([200]);
    await page.reload();
    await page.getByRole('link', { name: 'Change what it sees (My Record)' }).click();
    await inspectPage(page, 'real-account-app');
    await page.getByLabel('diagnoses and health problems').uncheck();
    await page.getByRole('button', { name: 'Share only what is ticked' }).click();
    await page.getByText('only what you left ticked').waitFor();
    expect(await everywhere('Condition?_count=1', token)).toEqual([403]);
    expect(await everywhere('Observation?_count=1', token)).toEqual([200]);
    await context.close();
  });

  it('a parent sees the child’s record and no one else’s', async () => {
    const { context, page } = await account('parent');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toMatch(/^Maya.*Chen’s record/);
    expect(await page.locator('main').innerText()).toMatch(/Lin Chen \(you\)/);
    await inspectPage(page, 'real-account-parent');
    await context.close();
  });

  it.each(['clinician', 'admin'])('%s has an account too, without a record', async (username) => {
    const { context, page } = await account(username);
    expect(await page.getByText('You have let no app in.').count()).toBe(1);
    expect(await page.getByText('A copy of').count()).toBe(0);
    await inspectPage(page, `real-account-${username}`);
    await context.close();
  });

  it('a patient takes the whole record away, as a file that holds what the server holds', async () => {
    const { context, page } = await account('patient');
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: /One file/ }).click();
    const file = await (await saved).path();
    const bundle = JSON.parse(readFileSync(file, 'utf8')) as {
      type: string;
      entry: { resource: { resourceType: string; id: string } }[];
    };
    const { token } = await openApp(context);
    const answer = await fetch(`${server.base}/Observation?_summary=count`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { total } = (await answer.json()) as { total: number };
    const observations = bundle.entry.filter(({ resource }) => resource.resourceType === 'Observation');
    expect([bundle.type, bundle.entry[0]!.resource.resourceType]).toEqual(['collection', 'Patient']);
    expect(observations.length).toBe(total);
    expect(new Set(bundle.entry.map(({ resource }) => `${resource.resourceType}/${resource.id}`)).size).toBe(
      bundle.entry.length,
    );
    await page.getByRole('link', { name: 'Page to read' }).click();
    await page.getByRole('heading', { name: /Daniel.*Okafor’s record/ }).waitFor();
    expect(await page.locator('.entries li').count()).toBeGreaterThan(observations.length);
    await context.close();
  });
});
