// A real browser for the page suites: Debian's Chromium driven by playwright-core, with what makes a page bad counted as it happens.
// https://playwright.dev/docs/api/class-playwright and https://github.com/dequelabs/axe-core

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from '@jest/globals';
import { chromiumPath } from '../needs.ts';

export const WIDTHS = [360, 1280] as const;
export const SCHEMES = ['light', 'dark'] as const;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FOLDER = resolve(import.meta.dirname, '..', '..', '.screenshots');

/** A browser without a sandbox, as it must be where tests run as root. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

export interface Look {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

const windowOf = (width: number): { width: number; height: number } => ({
  width,
  height: width < 600 ? 740 : 800,
});

/** A fresh page without cookies. `faults` collects console errors, CSP violations and failed requests. */
export async function openPage(browser: Browser, look: Look): Promise<{ page: Page; faults: string[] }> {
  const context: BrowserContext = await browser.newContext({
    viewport: windowOf(look.width),
    colorScheme: look.scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  return { page, faults: watch(page) };
}

/** What no page may do. A violation of the CSP is a console error in Chromium. */
export function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (why !== 'net::ERR_ABORTED') faults.push(`request: ${request.url()} ${why}`);
  });
  return faults;
}

/** What axe, which is in the page already, finds: one line a rule and place. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
    };
    return (await axe.run()).violations;
  });
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 200)}`),
  );
}

/** Elements that are wider than the window, by tag and class. A text, since it runs in the page, whose types this program has not. */
export const overflowing = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > width + 1)
      .map((one) => one.tagName.toLowerCase() + '.' + one.className + ' reaches ' + one.getBoundingClientRect().right);
  })()`);

/**
 * Looks at a page at both widths, light and dark: a picture is kept, and axe, the width and the console find nothing. `status` is that of the page,
 * which Chromium reports as a console error where it is one.
 */
export async function inspect(browser: Browser, url: string, name: string, status = 200): Promise<void> {
  const { page, faults } = await openPage(browser, { width: WIDTHS[0], scheme: 'light' });
  const response = await page.goto(url);
  expect(response!.status()).toBe(status);
  await inspectPage(page, name);
  expect(faults.filter((fault) => status === 200 || !fault.includes(`status of ${status}`))).toEqual([]);
  await page.context().close();
}

/** The same of a page that is open, without its console. */
export async function inspectPage(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()!;
  await page.evaluate(AXE);
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) {
      await page.setViewportSize(windowOf(width));
      await page.emulateMedia({ colorScheme: scheme });
      await picture(page, `${name}-${width}-${scheme}`);
      const found = { axe: await axeFaults(page), wide: await overflowing(page) };
      expect({ width, scheme, ...found }).toEqual({ width, scheme, axe: [], wide: [] });
    }
  }
  await page.setViewportSize(before);
}

/** Keeps a picture in the ignored folder `.screenshots`, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: resolve(FOLDER, `${name}.png`), fullPage: true });
}
