// The pages of a launch in each state, in a real browser, at 360 and 1280 px, light and dark: nothing for axe to find, nothing cut off, no
// console error, no breach of the CSP. Pictures go to `.screenshots`, to be looked at by a person.

import { afterAll, beforeAll, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { LAUNCH_PAGE } from '../../../src/web/headers.ts';
import { launchPages } from '../../../src/web/launch/pages.ts';
import { needs } from '../../needs.ts';
import { inspect, openBrowser } from '../../support/browser.ts';
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

needs('chromium', 'the pages of a launch in a browser')('pages of a launch', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    const documents = new Map(shown);
    server = createServer((request, response) => {
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
});
