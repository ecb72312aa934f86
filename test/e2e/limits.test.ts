/** Who asks too often, of a server with two threads, is told when to come again. https://www.rfc-editor.org/rfc/rfc6585#section-4 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGuarded, type Guarded } from '../support/guarded.ts';
import { startServer, type TestServer } from '../support/server.ts';

const BURST = 20;
const FORMS = 4;

describe('[45] by address', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({
      STORE: 'sqlite::memory:',
      ACCESS: 'smart',
      WORKERS: '2',
      RATE_LIMITS: 'on',
      TRUSTED_PROXIES: '1',
      ADDRESS_LIMIT: String(4 * BURST),
      FORM_LIMIT: String(4 * FORMS),
    });
  });
  afterAll(() => server.stop());

  let next = 1;
  const fresh = (): string => `198.51.100.${next++}`;
  const ask = (
    path: string,
    from: string,
    { headers, ...init }: RequestInit & { headers?: Record<string, string> } = {},
  ) =>
    // A connection of its own for each, so that both threads get some.
    fetch(server.url + path, {
      redirect: 'manual',
      ...init,
      headers: { connection: 'close', 'x-forwarded-for': from, ...headers },
    });
  const statuses = async (
    times: number,
    path: string,
    from: string,
    init: Parameters<typeof ask>[2] = {},
  ): Promise<number[]> =>
    (await Promise.all(Array.from({ length: times }, () => ask(path, from, init)))).map(
      ({ status }) => status,
    );
  const refused = (all: readonly number[]): number => all.filter((status) => status === 429).length;

  it('all threads count together: of so many at once the burst is answered, once', async () => {
    // Some milliseconds pass, in which none comes free: one a fourth of a second.
    const all = await statuses(3 * BURST, '/fhir/metadata', fresh());
    const answered = all.length - refused(all);
    expect(answered).toBeGreaterThanOrEqual(BURST);
    expect(answered).toBeLessThanOrEqual(BURST + 8);
  });

  it('one does not hold up another, and a household of IPv6 is one', async () => {
    const [busy, other] = [fresh(), fresh()];
    await statuses(2 * BURST, '/fhir/metadata', busy);
    expect((await ask('/fhir/metadata', other)).status).toBe(200);
    for (let i = 0; i < 2 * BURST; i++) await ask('/fhir/metadata', `2001:db8:1:1::${i.toString(16)}`);
    expect((await ask('/fhir/metadata', '2001:db8:1:1:ffff::1')).status).toBe(429);
    expect((await ask('/fhir/metadata', '2001:db8:1:2::1')).status).toBe(200);
  });

  it('a FHIR client gets an OperationOutcome, readable by a page of another origin, and when to come again', async () => {
    const from = fresh();
    await statuses(2 * BURST, '/fhir/metadata', from);
    const answer = await ask('/fhir/Patient/1', from, { headers: { origin: 'https://app.example.org' } });
    expect(answer.status).toBe(429);
    const seconds = Number(answer.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect(answer.headers.get('content-type')).toContain('application/fhir+json');
    expect(await answer.json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'throttled' }],
    });
  });

  it.each([
    ['the token endpoint', 'POST', '/oidc/token'],
    ['registration', 'POST', '/oidc/register'],
    ['revocation', 'POST', '/oidc/revoke'],
    ['a step of a sign-in', 'POST', '/oidc/interaction/abc'],
    ['the authorization endpoint', 'GET', '/oidc/authorize?client_id=x'],
    ['the sign-in of our own pages', 'GET', '/oidc/sign-in'],
    ['a launch from the gallery', 'POST', '/apps/launch'],
    ['signing out', 'POST', '/oidc/logout'],
    ['a form of our own pages', 'POST', '/account/security/password'],
    ['a form of another tenant', 'POST', '/t/other/oidc/token'],
  ])('%s is limited closer', async (_name, method, path) => {
    const from = fresh();
    const all = await statuses(3 * FORMS, path, from, { method });
    expect(refused(all)).toBeGreaterThanOrEqual(2 * FORMS - 1);
    expect(refused(all)).toBeLessThanOrEqual(2 * FORMS);
    // What is no form goes on.
    expect((await ask('/fhir/metadata', from)).status).toBe(200);
    const answer = await ask(path, from, { method });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      429,
      'application/json; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    const page = await ask(path, from, { method, headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).toContain('<h1>Too many requests</h1>');
  });

  it('introspection, which gateways ask for at each request, is no form', async () => {
    expect(refused(await statuses(3 * FORMS, '/oidc/introspect', fresh(), { method: 'POST' }))).toBe(0);
  });

  it('probes and preflights are always answered', async () => {
    const from = fresh();
    await statuses(2 * BURST, '/fhir/metadata', from);
    for (const path of ['/healthz', '/readyz']) expect((await ask(path, from)).status).toBe(200);
    expect((await ask('/fhir/Patient', from, { method: 'OPTIONS' })).status).toBe(204);
    expect((await ask('/metrics', from)).status).toBe(429);
  });

  it('refusals are counted', async () => {
    const text = await (await ask('/metrics', fresh())).text();
    expect(text).toMatch(
      /embergate_request_seconds_count\{[^}]*interaction="limit"[^}]*status="429"[^}]*\} [1-9]/,
    );
  });

  it('what a client writes into X-Forwarded-For beyond our proxy does not help it', async () => {
    const from = fresh();
    for (let i = 0; i < 2 * BURST; i++) await ask('/fhir/metadata', `203.0.113.${i}, ${from}`);
    expect((await ask('/fhir/metadata', `203.0.113.99, ${from}`)).status).toBe(429);
  });
});

describe('[45] by client', () => {
  let server: Guarded;
  beforeAll(async () => {
    server = await startGuarded({
      STORE: 'sqlite::memory:',
      RATE_LIMITS: 'on',
      CLIENT_LIMIT: String(4 * BURST),
    });
  });
  afterAll(() => server.stop());

  it('an app in one person’s hands is limited, whatever tokens it has, and no other one with it', async () => {
    const spec = { scope: 'user/Patient.rs', clientId: 'eager', accountId: 'one' };
    const [first, second] = [await server.client(spec), await server.client(spec)];
    const another = await server.client({ ...spec, accountId: 'two' });
    const answers = await Promise.all(
      Array.from({ length: 2 * BURST }, (_, i) => (i % 2 ? first : second).get('/Patient')),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(BURST - 8);
    expect(refused.length).toBeLessThanOrEqual(BURST);
    expect(refused[0]!.body).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'throttled' }],
    });
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await another.get('/Patient')).status).not.toBe(429);
  });
});
