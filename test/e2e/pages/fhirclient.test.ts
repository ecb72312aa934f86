// fhirclient in a real browser, on an app that it drives: EHR launch, standalone launch, refresh, and two tabs with two patients at once.
// https://github.com/smart-on-fhir/client-js

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { openBrowser, watch } from '../../support/browser.ts';
import { startServer, type TestServer } from '../../support/server.ts';

/** What the page knows through fhirclient. */
interface Known {
  readonly patient: string | null;
  readonly token: string;
  readonly name: string;
  /** `Practitioner/…` */
  readonly user: string | null;
}

interface Client {
  readonly patient: {
    readonly id: string | null;
    readonly read: () => Promise<{ name: { family: string }[] }>;
  };
  readonly user: { readonly fhirUser: string | null };
  readonly state: { readonly tokenResponse: { readonly access_token: string } };
  readonly refresh: () => Promise<unknown>;
  readonly request: (
    url: string,
  ) => Promise<{ total?: number; entry?: { resource: { subject: { reference: string } } }[] }>;
}
declare const window: { readonly FHIR: { readonly oauth2: { readonly ready: () => Promise<Client> } } };

needs('chromium', 'fhirclient in a browser')('fhirclient', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;
  let context: BrowserContext;
  const faults: string[] = [];

  beforeAll(async () => {
    server = await startServer({ STORE: 'sqlite::memory:', DEMO: 'on', DEMO_PATIENTS: '2', ACCESS: 'smart' });
    origin = server.url.replace('127.0.0.1', 'localhost');
    browser = await openBrowser();
    context = await browser.newContext();
    context.on('page', (page) => {
      const seen = watch(page);
      page.on('close', () => faults.push(...seen));
    });
    for (
      let tries = 0;
      !/Maya[^<]*Chen/.test(await gallery()) || !(await gallery()).includes('Okafor');
      tries++
    ) {
      if (tries > 200) throw new Error('The demo was not loaded in time');
      await new Promise((done) => setTimeout(done, 200));
    }
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const gallery = async (): Promise<string> => (await fetch(`${origin}/apps`)).text();

  /** The growth chart, launched for a patient from the launcher, in a tab of its own. */
  async function launched(name: RegExp): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}/apps?app=growth-chart`);
    const select = page.getByLabel('Patient', { exact: true });
    const value = await select.locator('option').filter({ hasText: name }).getAttribute('value');
    await select.selectOption(value);
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Launch this' }).click();
    const app = await opened;
    await app.locator('h2').first().waitFor();
    await page.close();
    return app;
  }

  const ask = (page: Page): Promise<Known> =>
    page.evaluate(async () => {
      const client = await window.FHIR.oauth2.ready();
      const patient = await client.patient.read();
      return {
        patient: client.patient.id,
        token: client.state.tokenResponse.access_token,
        name: patient.name[0]!.family,
        user: client.user.fhirUser,
      };
    });

  const refresh = (page: Page): Promise<unknown> =>
    page.evaluate(async () => {
      const client = await window.FHIR.oauth2.ready();
      await client.refresh();
      return null;
    });

  /** Whose observations the app of a tab gets. */
  const subjects = (page: Page): Promise<string[]> =>
    page.evaluate(async () => {
      const client = await window.FHIR.oauth2.ready();
      const bundle = await client.request('Observation?category=vital-signs&_count=100');
      return [...new Set((bundle.entry ?? []).map(({ resource }) => resource.subject.reference))];
    });

  describe('two tabs with two patients at once', () => {
    it('keep their patients apart, also when both refresh', async () => {
      const [child, man] = [await launched(/Chen/), await launched(/Okafor/)];
      const [one, two] = [await ask(child), await ask(man)];
      expect([one.name, two.name]).toEqual(['Chen', 'Okafor']);
      expect(one.patient).not.toBe(two.patient);
      expect(one.user).toMatch(/Practitioner\//);

      await Promise.all([refresh(child), refresh(man)]);
      const [later, after] = [await ask(child), await ask(man)];
      expect([later.patient, after.patient]).toEqual([one.patient, two.patient]);
      expect(later.token).not.toBe(one.token);
      expect(after.token).not.toBe(two.token);

      expect(await subjects(child)).toEqual([`Patient/${one.patient}`]);
      expect(await subjects(man)).toEqual([`Patient/${two.patient}`]);
      await child.close();
      await man.close();
    }, 60_000);
  });

  it('is launched by itself, with a patient picked, and refreshes', async () => {
    const page = await context.newPage();
    await page.goto(
      `${origin}/smart-apps/growth-chart/launch.html?iss=${encodeURIComponent(`${origin}/fhir`)}`,
    );
    await page
      .getByRole('button', { name: /Allow|Sign in|Chen/ })
      .first()
      .waitFor();
    if (await page.getByLabel('Username').isVisible()) {
      await page.getByLabel('Username').fill('clinician');
      await page.getByLabel('Password').fill('demo');
      await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.getByRole('button', { name: /Chen/ }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.locator('h2').first().waitFor();
    const before = await ask(page);
    expect(before.name).toBe('Chen');
    await refresh(page);
    const after = await ask(page);
    expect([after.patient, after.token === before.token]).toEqual([before.patient, false]);
    await page.close();
  }, 60_000);

  it('met no fault on any page', () => {
    expect(faults).toEqual([]);
  });
});
