// What a developer pastes: the snippets of /developer as the page shows them, in a shell and in a real browser.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { needs } from '../../needs.ts';
import { openDeveloperPages, type DeveloperPages, type Registered } from '../../support/developer-pages.ts';
import { Visitor } from '../../support/visitor.ts';
import { walk } from '../smart/flow.ts';

// A browser on a busy machine takes its time.
jest.setTimeout(90_000);

needs('chromium', 'the snippets in a browser')('what to paste', () => {
  let pages: DeveloperPages;
  beforeAll(async () => {
    pages = await openDeveloperPages();
  }, 60_000);
  afterAll(() => pages?.stop());

  const developer = (): Promise<Page> => pages.open();
  const registered = (page: Page, kind: string, more?: (page: Page) => Promise<void>): Promise<Registered> =>
    pages.register(page, kind, more);
  const left = async (page: Page): Promise<void> => expect(await pages.leave(page)).toEqual([]);

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
      cwd: pages.folder,
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
    const file = join(pages.folder, name === 'curl' ? 'way.sh' : 'way.py');
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
      await (await download).saveAs(join(pages.folder, 'private-key.pem'));
    });
    expect(readFileSync(join(pages.folder, 'private-key.pem'), 'utf8')).toMatch(
      /^-----BEGIN PRIVATE KEY-----/,
    );
    const file = join(pages.folder, name === 'curl' ? 'way.sh' : 'way.py');
    writeFileSync(file, await snippetOf(page, name));
    const { code, out } = await run([name === 'curl' ? 'sh' : 'python3', file]);
    expect({ code, read: patientIn(out) }).toEqual({ code: 0, read: 'Patient' });
    await page.locator('#log', { hasText: 'GET Patient?_count=1' }).waitFor();
    await left(page);
  });

  describe('fhirclient, in the pages of an app of its own', () => {
    const library = createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.min.js');
    let app: Server;
    let served: Record<string, string> = {};
    beforeAll(async () => {
      app = createServer((request, response) => {
        const path = new URL(request.url!, 'http://x').pathname;
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.writeHead(served[path] === undefined ? 404 : 200).end(served[path]);
      });
      await new Promise<void>((done) => app.listen(0, '127.0.0.1', done));
    });
    afterAll(() => void app?.close());

    /** The network that brings the library is not there: the very file, under the address that the snippet names, so that its hash is held to. */
    const bringLibrary = (page: Page): Promise<unknown> =>
      page.route('https://cdn.jsdelivr.net/npm/fhirclient@*/build/fhir-client.min.js', (route) =>
        route.fulfill({
          path: library,
          contentType: 'text/javascript',
          headers: { 'access-control-allow-origin': '*' },
        }),
      );

    it('reads the patient after a launch of its own', async () => {
      const page = await developer();
      const origin = `http://localhost:${(app.address() as AddressInfo).port}`;
      await pages.register(page, 'Public', undefined, `${origin}/launch.html`);
      const [launch = '', back = ''] = (await snippetOf(page, 'fhirclient')).split(
        /(?=<!-- the page of your redirect)/,
      );
      served = { '/launch.html': launch, '/index.html': back, '/favicon.ico': '' };
      await bringLibrary(page);
      await page.goto(`${origin}/launch.html`);
      await page.getByLabel('Username', { exact: true }).fill('patient');
      await page.getByLabel('Password', { exact: true }).fill('demo');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('button', { name: 'Allow', exact: true }).click();
      await page.waitForURL(`${origin}/index.html**`);
      await page.locator('#patient', { hasText: 'resourceType' }).waitFor();
      expect(await page.locator('#patient').textContent()).toMatch(/"resourceType": "Patient"/);
      await left(page);
    });
  });
});
