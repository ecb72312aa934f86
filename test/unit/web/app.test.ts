// The frame around FHIR: liveness, readiness, metrics, assets, sample apps, the gallery's launches, and plain words for everything else.

import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webApp, type AppOptions } from '../../../src/web/app.ts';
import { launching, site, webOptions } from '../../support/web.ts';

const servers: Server[] = [];
afterEach(() =>
  servers.splice(0).forEach((server) => {
    server.close();
    server.closeAllConnections();
  }),
);

interface Asked extends RequestInit {
  readonly options?: Partial<AppOptions>;
}

async function ask(path: string, { options = {}, ...init }: Asked = {}): Promise<Response> {
  const server = createServer(webApp(webOptions(options))).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init });
}

const statusAndText = async (response: Response): Promise<[number, string]> => [
  response.status,
  await response.text(),
];
const page = { headers: { accept: 'text/html' } };
const failing = async (): Promise<never> => {
  throw new Error('a secret of the store');
};

/** A browser's request that comes to the public address, whatever port the test listens on. */
async function askAs(host: string, path: string, options: Partial<AppOptions> = {}) {
  const server = createServer(webApp(webOptions(options))).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { host, accept: 'text/html', connection: 'close' };
  const request = httpRequest({ port, host: '127.0.0.1', path, headers }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}

const OURS = 'localhost:8080';

describe('webApp', () => {
  it.each([
    ['/healthz', 200, '{"status":"ok"}'],
    ['/readyz', 200, '{"status":"ready"}'],
    ['/metrics', 200, 'requests 1\n'],
    [
      '/nothing',
      404,
      'There is nothing at /nothing. The FHIR base is http://localhost:8080/fhir; try http://localhost:8080/fhir\n',
    ],
  ])('%s is %d', async (path, status, text) => {
    expect(await statusAndText(await ask(path))).toEqual([status, text]);
  });

  it('lives, and is not ready, while the store does not answer', async () => {
    expect((await ask('/healthz', { options: { ready: failing } })).status).toBe(200);
    const answer = await statusAndText(await ask('/readyz', { options: { ready: failing } }));
    expect(answer).toEqual([503, '{"status":"the store does not answer"}']);
  });

  it('shows nothing of an error, and tells the log', async () => {
    const seen: unknown[] = [];
    const options = { metrics: failing, failed: (error: unknown) => void seen.push(error) };
    const [status, text] = await statusAndText(await ask('/metrics', { options }));
    expect([status, text]).toEqual([500, 'The server failed to answer this\n']);
    const [, html] = await statusAndText(await ask('/metrics', { options, ...page }));
    expect(html).toContain('This did not work');
    expect(html).not.toMatch(/secret|\.ts/);
    expect(seen).toHaveLength(2);
  });

  it.each(['/metadata', '/Patient/1', '/.well-known/smart-configuration'])(
    'says where %s was probably meant to go',
    async (path) => {
      expect((await (await ask(path)).text()).trim()).toMatch(
        new RegExp(`try ${site.publicUrl}/fhir${path}$`),
      );
      const html = await (await ask(path, page)).text();
      expect(html).toContain(`href="http://localhost:8080/fhir${path}"`);
    },
  );

  it('shows the front page, made from the capability statement', async () => {
    const { status, text } = await askAs(OURS, '/');
    expect(status).toBe(200);
    expect(text).toContain('<code>http://localhost:8080/fhir</code>');
    expect(text).toMatch(/1 type, each with read and search type/);
  });

  it('leads other names of this machine to the public one, and no others', async () => {
    expect(await askAs('127.0.0.1:8080', '/apps?app=my-record')).toMatchObject({
      status: 302,
      headers: { location: 'http://localhost:8080/apps?app=my-record' },
    });
    expect((await askAs('fhir.example.org', '/apps')).status).toBe(200);
  });

  it('serves assets for ever, by their content', async () => {
    const response = await ask(site.assets.url('style.css'));
    expect(response.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/assets/style.css', '/assets/..%2fapp.ts', '/assets/style.0000000000.css']) {
      expect((await ask(path)).status).toBe(404);
    }
  });

  it.each([
    ['/', 'no-cache'],
    ['/apps', 'no-store'],
    ['/apps/ehr', 'no-store'],
    ['/nothing', 'no-cache'],
  ])('sends %s with headers that keep others out', async (path, cache) => {
    const { headers } = await askAs(OURS, path);
    const policy = headers['content-security-policy'];
    expect(policy).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
    expect([path, policy!.includes("form-action 'self'")]).toEqual([path, path !== '/apps']);
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': cache,
    });
    expect(headers).not.toHaveProperty('x-powered-by');
  });
});

describe('sample apps', () => {
  it.each([
    ['/smart-apps/growth-chart/index.html', 'text/html'],
    ['/smart-apps/growth-chart/app.js', 'text/javascript'],
    ['/smart-apps/growth-chart/logo.svg', 'image/svg+xml'],
    ['/smart-apps/lib/app.css', 'text/css'],
    ['/smart-apps/lib/fhir-client.js', 'text/javascript'],
    ['/smart-apps/growth-chart/launch.html?iss=x', 'text/html'],
  ])('serves %s as %s, framed by our own pages alone', async (path, type) => {
    const { status, headers } = await ask(path);
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'self'/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    '/smart-apps/README.md',
    '/smart-apps/cohort/cohort.mjs',
    '/smart-apps/../package.json',
    '/smart-apps/..%2fpackage.json',
    '/smart-apps/%2e%2e/package.json',
    '/smart-apps/.git/config.json',
    '/smart-apps/nothing.html',
  ])('does not serve %s', async (path) => expect((await ask(path)).status).toBe(404));

  it.each([
    ['/smart-apps/growth-chart/launch.html', '/apps?app=growth-chart&opened=1'],
    ['/smart-apps/growth-chart/', '/apps?app=growth-chart'],
    ['/smart-apps/', '/apps'],
  ])('leads whoever opens %s without a launch to the gallery', async (path, location) => {
    const { status, headers } = await ask(path);
    expect([status, headers.get('location')]).toEqual([302, location]);
  });
});

describe('launching from the gallery', () => {
  const post = async (
    fields: Record<string, string>,
    headers: Record<string, string> = {},
    house = launching(),
  ) => {
    const body = new URLSearchParams(fields);
    const response = await ask('/apps/launch', {
      method: 'POST',
      body,
      headers,
      options: { launching: house },
    });
    const location = response.headers.get('location');
    return {
      status: response.status,
      to: location === null ? undefined : new URL(location, site.publicUrl),
      house,
    };
  };

  it('opens a child’s chart for the clinician at one press', async () => {
    const { status, to, house } = await post({ app: 'growth-chart', mode: 'ehr' });
    expect([status, to!.pathname]).toEqual([303, '/smart-apps/growth-chart/launch.html']);
    expect(Object.fromEntries(to!.searchParams)).toEqual({
      iss: 'http://localhost:8080/fhir',
      launch: 'handle-0',
    });
    expect(house.made[0]!.launch).toEqual({
      clientId: 'growth-chart',
      accountId: 'a1',
      context: { patient: 'maya', need_patient_banner: true },
      signIn: true,
      skipConsent: true,
    });
  });

  it('opens a patient’s own record as that patient', async () => {
    const { house } = await post({ app: 'my-record', mode: 'patient' });
    expect(house.made[0]!.launch).toMatchObject({ accountId: 'a2', context: { patient: 'jonas' } });
  });

  it('never opens a record that the user may not see, nor a visit of another patient', async () => {
    const { house } = await post({
      app: 'growth-chart',
      user: 'parent',
      patient: 'jonas',
      encounter: 'jonas-1',
    });
    expect(house.made[0]!.launch.context).toEqual({ patient: 'maya', need_patient_banner: true });
  });

  it('finds whoever is asked for, though not among the first', async () => {
    const far = { id: 'far', name: 'Zoe Zimmer' };
    const house = launching({ patient: async (_user, id) => (id === 'far' ? far : undefined) });
    await post({ app: 'growth-chart', patient: 'far' }, {}, house);
    await post({ app: 'growth-chart', patient: 'nobody' }, {}, house);
    expect(house.made.map(({ launch }) => launch.context.patient)).toEqual(['far', 'maya']);
  });

  it('launches an app of someone else, which has to sign in and ask', async () => {
    const theirs = {
      clientId: 'theirs',
      name: 'Theirs <b>',
      modes: ['ehr', 'standalone'] as const,
      launchUrl: 'https://app.example.org/launch?tenant=1',
      isOurs: false,
    };
    const house = launching({ apps: async () => [theirs] });
    const { to } = await post({ app: 'theirs', user: 'clinician', patient: 'jonas' }, {}, house);
    expect(to!.href).toBe(
      'https://app.example.org/launch?tenant=1&iss=http%3A%2F%2Flocalhost%3A8080%2Ffhir&launch=handle-0',
    );
    expect(house.made[0]!.launch).toEqual({
      clientId: 'theirs',
      accountId: 'a1',
      context: { patient: 'jonas', need_patient_banner: true },
    });
    const far = launching({ app: async (id) => (id === 'theirs' ? theirs : undefined) });
    expect((await post({ app: 'theirs' }, {}, far)).to!.host).toBe('app.example.org');
    expect((await post({ app: 'nobody' }, {}, far)).to!.pathname).toBe(
      '/smart-apps/growth-chart/launch.html',
    );
    const { text } = await askAs(OURS, '/apps?app=theirs', { launching: house });
    expect(text).toContain('Theirs &lt;b&gt; (registered here, not one of ours)');
    expect((await askAs(OURS, '/apps/ehr?app=theirs', { launching: house })).text).toContain('Growth Chart');
  });

  it('leaves the banner to the chart around the app', async () => {
    const { house } = await post({
      app: 'growth-chart',
      patient: 'jonas',
      encounter: 'jonas-1',
      framed: '1',
    });
    expect(house.made[0]!.launch.context).toEqual({
      patient: 'jonas',
      encounter: 'jonas-1',
      need_patient_banner: false,
    });
  });

  it('gives a standalone launch nothing but the server', async () => {
    const { to, house } = await post({ app: 'growth-chart', mode: 'standalone' });
    expect([to!.search, house.made]).toEqual(['?iss=http%3A%2F%2Flocalhost%3A8080%2Ffhir', []]);
  });

  it('brings faults about instead of acting them', async () => {
    const used = await post({ app: 'growth-chart', error: 'used' });
    expect(used.house.spent).toEqual(['handle-0']);
    const expired = await post({ app: 'growth-chart', error: 'expired' });
    expect(site.now() - expired.house.made[0]!.now).toBeGreaterThan(5 * 60_000);
    const other = await post({ app: 'growth-chart', error: 'client' });
    expect(other.house.made[0]!.launch.clientId).not.toBe('growth-chart');
    const unknown = await post({ app: 'growth-chart', error: 'unknown' });
    expect([unknown.house.made, unknown.to!.searchParams.has('launch')]).toEqual([[], true]);
    const iss = await post({ app: 'growth-chart', error: 'iss' });
    expect(iss.to!.searchParams.get('iss')).not.toBe('http://localhost:8080/fhir');
  });

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'http://localhost:8080' }, 303],
  ])('5: takes a launch from our own pages only: %j is %d', async (headers, status) => {
    const done = await post({ app: 'growth-chart' }, headers);
    expect([done.status, done.house.made.length]).toEqual([status, status === 303 ? 1 : 0]);
  });

  it('launches nothing where there is no demo, and says so', async () => {
    const house = launching({ hasDemo: async () => false, users: async () => [] });
    expect((await post({ app: 'growth-chart' }, {}, house)).to!.pathname).toBe('/apps');
    const { text } = await askAs(OURS, '/apps', { launching: house });
    expect(house.made).toEqual([]);
    expect(text).toMatch(/does not run the demo[^]*<button[^>]* disabled/);
  });

  it('takes bad fields for none, and a form that is too large for a fault of the sender', async () => {
    const { status } = await post({
      app: 'x'.repeat(300),
      mode: '<',
      user: 'admin',
      patient: '../..',
      error: 'toString',
    });
    expect(status).toBe(303);
    expect((await post({ app: 'x'.repeat(20_000) })).status).toBe(413);
  });
});
