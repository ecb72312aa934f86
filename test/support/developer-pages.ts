/** The developer's pages of a real server with its demo, in a real browser: what their suites do alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser, watch } from './browser.ts';
import { startServer } from './server.ts';

export const LAUNCH = 'http://localhost:3999/launch.html';
export const BACK = 'http://localhost:3999/index.html';

export interface Registered {
  readonly id: string;
  /** what the page tells once, by its name */
  readonly told: (name: string) => Promise<string>;
}

export interface DeveloperPages {
  readonly origin: string;
  /** a folder for what is pasted and downloaded */
  readonly folder: string;
  /** /developer, in a browser that nobody has used */
  open(options?: { javaScriptEnabled?: boolean }): Promise<Page>;
  /** `more`: what else is filled in */
  register(
    page: Page,
    kind: string,
    more?: (page: Page) => Promise<void>,
    launchUrl?: string,
  ): Promise<Registered>;
  /** closes the page; the faults that were seen on it */
  leave(page: Page): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function openDeveloperPages(): Promise<DeveloperPages> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-developer-'));
  const faults: string[] = [];
  // Two threads: what one sees, the log on the other tells.
  const settings = {
    STORE: 'sqlite::memory:',
    DEMO: 'on',
    DEMO_PATIENTS: '2',
    ACCESS: 'smart',
    WORKERS: '2',
  };
  const server = await startServer(settings);
  const origin = server.url.replace('127.0.0.1', 'localhost');
  const browser = await openBrowser();
  for (let tries = 0; !(await (await fetch(`${origin}/apps`)).text()).includes('Okafor'); tries++) {
    if (tries > 200) throw new Error('The demo was not loaded in time');
    await new Promise((done) => setTimeout(done, 200));
  }
  return {
    origin,
    folder,
    open: async (options = {}) => {
      const context = await browser.newContext({ acceptDownloads: true, ...options });
      const page = await context.newPage();
      const seen = watch(page);
      page.on('close', () => faults.push(...seen.filter((one) => !/status of (?:403|404|422)/.test(one))));
      await page.goto(`${origin}/developer`);
      return page;
    },
    register: async (page, kind, more = async () => undefined, launchUrl = LAUNCH) => {
      await page.getByLabel('Launch URL').fill(launchUrl);
      await page.getByRole('radio', { name: kind }).check();
      await more(page);
      await page.getByRole('button', { name: 'Register the app' }).click();
      await page.waitForURL(/\/developer\/apps\/[0-9a-f-]{36}$/);
      return { id: page.url().split('/').at(-1)!, told: (name) => toldOn(page, name) };
    },
    leave: async (page) => {
      await page.close();
      await page.context().close();
      return faults.splice(0);
    },
    stop: async () => {
      await browser.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const toldOn = async (page: Page, name: string): Promise<string> =>
  (await page
    .locator('.told dt', { hasText: name })
    .locator('xpath=following-sibling::dd[1]')
    .locator('code')
    .textContent())!;
