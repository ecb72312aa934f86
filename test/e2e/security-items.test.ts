/** Items of the security list (docs/security.md) that no other suite stands for: operations, subscriptions, depth, injection, XML, insides, development mode. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readConfig } from '../../src/config.ts';
import { refuseExposedDemo } from '../../src/demo-access.ts';
import { freshId, type Api, type Reply } from '../support/api.ts';
import { startGuarded, type Guarded } from '../support/guarded.ts';

const INSIDES = /node_modules|\.ts:\d+|\bat (?:async )?[\w.<>]+ \(|TypeError|RangeError|SQLITE_|ERR_[A-Z]{3}/;
/** No answer may take longer, however it is asked. */
const PATIENCE_MS = 5000;

describe('items of the list', () => {
  let server: Guarded;
  /** of A's app, of a service that may do everything */
  let app: Api;
  let service: Api;
  const [a, b] = ['record-a', 'record-b'];
  beforeAll(async () => {
    server = await startGuarded({ STORE: 'sqlite::memory:' });
    service = await server.client({ scope: 'system/*.cruds', kind: 'ClientCredentials' });
    app = await server.client({ scope: 'launch patient/*.cruds', extra: { patient: a } });
    for (const [id, family] of [
      [a, 'Anderson'],
      [b, 'Brightwater'],
    ] as const) {
      const made = await service.put(`/Patient/${id}`, { resourceType: 'Patient', id, name: [{ family }] });
      expect(made.status).toBe(201);
      const subject = { reference: `Patient/${id}` };
      const code = { text: `secret of ${family}` };
      await service.put(`/Observation/of-${id}`, {
        resourceType: 'Observation',
        id: `of-${id}`,
        status: 'final',
        code,
        subject,
      });
    }
  });
  afterAll(() => server.stop());

  const timed = async (work: () => Promise<Reply>): Promise<Reply> => {
    const before = performance.now();
    const answer = await work();
    expect(performance.now() - before).toBeLessThan(PATIENCE_MS);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toMatch(INSIDES);
    return answer;
  };

  it.each([
    'Patient/ID/$everything',
    'Patient/ID/$export',
    'Patient/$export',
    '$export',
    'Group/ID/$export',
    '$graphql?query={Patient(id:"ID"){name{family}}}',
    'Patient/ID/$graphql?query={name{family}}',
    'Patient/$match',
    'Observation/$lastn?subject=Patient/ID',
    'Composition/ID/$document',
    'ValueSet/$expand?url=Patient/ID',
    'Observation/of-ID/$meta',
    'Patient/ID/$purge',
  ])('[30] %s gives nothing of B, and tells nothing of it', async (path) => {
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? { resourceType: 'Parameters' } : undefined;
      const of = (id: string): Promise<Reply> => app.send(method, `/${path.replaceAll('ID', id)}`, body);
      const [foreign, missing] = [await of(b), await of('nobody-at-all')];
      expect(foreign.text).not.toContain('Brightwater');
      expect(foreign.status).toBe(missing.status);
      const same = (one: Reply): string => one.text.replaceAll(b, '…').replaceAll('nobody-at-all', '…');
      if (foreign.status >= 400) expect(same(foreign)).toBe(same(missing));
    }
  });

  it.each(['create', 'update', 'delete'])(
    '[30] $validate?mode=%s of B’s resource is that of none',
    async (mode) => {
      const of = (id: string): Promise<Reply> => app.get(`/Patient/${id}/$validate?mode=${mode}`);
      const [foreign, missing] = [await of(b), await of('nobody-at-all')];
      expect(foreign.status).toBe(missing.status);
      expect(foreign.text.replaceAll(b, '…')).toBe(missing.text.replaceAll('nobody-at-all', '…'));
      expect(foreign.text).not.toContain('Brightwater');
    },
  );

  it('[35] a Subscription sends nothing anywhere, and who may not see its matches cannot make one', async () => {
    const heard: string[] = [];
    const host = createServer((request, response) => {
      heard.push(request.url!);
      response.end();
    });
    await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
    try {
      const endpoint = `http://127.0.0.1:${(host.address() as AddressInfo).port}/hook`;
      const subscription = {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'to hear of everyone',
        criteria: 'Observation?',
        channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
      };
      expect((await app.post('/Subscription', subscription)).status).toBe(403);
      expect((await service.post('/Subscription', subscription)).status).toBe(201);
      const subject = { reference: `Patient/${b}` };
      await service.post('/Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject,
      });
      await new Promise((done) => setTimeout(done, 500));
      expect(heard).toEqual([]);
    } finally {
      host.close();
    }
  });

  it.each([
    ['a long chain', `/Observation?${'subject:Patient.'.repeat(40)}name=x`],
    ['a long _has', `/Patient?${'_has:Observation:subject:'.repeat(40)}code=x`],
    [
      'includes that go round',
      `/Observation?${'_include:iterate=Observation:subject&_revinclude:iterate=Observation:subject&'.repeat(50)}`,
    ],
    ['ten thousand includes', `/Observation?${'_include=Observation:subject&'.repeat(2000)}`],
    ['many parameters', `/Patient?${'name=x&'.repeat(8000)}`],
    ['many alternatives', `/Patient?_id=${'x,'.repeat(20_000)}`],
    ['many types', `/?_type=${'Patient,'.repeat(5000)}`],
  ])('[38] [40] %s is answered or refused in time', async (_name, path) => {
    await timed(() => service.get(path));
  });

  it.each([
    [
      'JSON',
      `{"resourceType":"Patient","extension":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      'application/fhir+json',
    ],
    [
      'XML',
      `<Patient xmlns="http://hl7.org/fhir">${'<contained>'.repeat(20_000)}</Patient>`,
      'application/fhir+xml',
    ],
  ])('[38] [40] %s nested without end is refused', async (_name, body, type) => {
    const answer = await timed(() => service.post('/Patient', body, { 'content-type': type }));
    expect(answer.status).toBe(400);
  });

  it.each([
    `/Patient?name:contains=${'%28a%2B%29%2B'.repeat(200)}`,
    `/Patient?name=${'a'.repeat(30_000)}!`,
    `/Observation?code:text=${'.*'.repeat(1000)}`,
    `/Observation?value-quantity=${'1'.repeat(2000)}.${'0'.repeat(2000)}`,
    '/Patient?name[$ne]=x',
    '/Patient?name[$where]=sleep(9000)',
    '/Patient?_id[$gt]=',
    '/Patient?identifier={"$gt":""}',
    `/Patient?_filter=${'('.repeat(500)}name eq x${')'.repeat(500)}`,
  ])('[40] no pattern and no operator of a database gets through: %s', async (path) => {
    const answer = await timed(() => app.get(encodeURI(path).slice(0, 60_000)));
    expect(answer.text).not.toContain('Brightwater');
  });

  it.each([
    ['an external entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', '&e;'],
    ['an external DTD', '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">', 'x'],
    ['a parameter entity', '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/">%e;]>', 'x'],
    [
      'a billion laughs',
      `<!DOCTYPE x [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'abcdefghij'[i + 1]} "${`&${'abcdefghij'[i]};`.repeat(10)}">`).join('')}]>`,
      '&j;',
    ],
  ])('[41] XML with %s is refused, and nothing of it is read', async (_name, head, value) => {
    const xml = `${head}<Patient xmlns="http://hl7.org/fhir"><name><family value="${value}"/></name></Patient>`;
    const answer = await timed(() =>
      service.post('/Patient', xml, { 'content-type': 'application/fhir+xml' }),
    );
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('root:');
  });

  it('[41] [43] what runs in a narrative goes out as data, never as a page', async () => {
    const div =
      '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script><b onclick="x()">y</b></div>';
    const sent = { resourceType: 'Patient', text: { status: 'generated', div } };
    const made = await service.post('/Patient', sent);
    if (made.status === 201) {
      const read = await service.get(`/Patient/${made.body.id}`, { accept: 'text/html, */*;q=0.1' });
      expect(read.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
      expect(read.headers.get('x-content-type-options')).toBe('nosniff');
    } else expect(made.status).toBe(400);
  });

  it('[42] a client cannot make itself the author, the version or the prototype of anything', async () => {
    const id = freshId('mass');
    const sent = `{"resourceType":"Patient","id":"${id}","__proto__":{"admin":true},"constructor":{"x":1}}`;
    expect((await service.put(`/Patient/${id}`, sent)).status).toBe(400);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    const meta = { versionId: '99', lastUpdated: '1999-01-01T00:00:00Z' };
    const made = await service.put(`/Patient/${id}`, { resourceType: 'Patient', id, meta });
    expect(made.body.meta.versionId).toBe('1');
    expect(made.body.meta.lastUpdated).not.toContain('1999');
  });

  it('[29] [34] an Idempotency-Key of one caller says nothing to another', async () => {
    const headers = { 'idempotency-key': freshId('key') };
    const body = { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: `Patient/${a}` } };
    const one = await service.post('/Basic', body, headers);
    const other = await server.client({
      scope: 'system/*.cruds',
      kind: 'ClientCredentials',
      clientId: 'other',
    });
    const two = await other.post('/Basic', body, headers);
    expect([one.status, two.status, two.headers.get('idempotency-replayed')]).toEqual([201, 201, null]);
    expect(two.body.id).not.toBe(one.body.id);
  });

  it('[29] a patch that is answered again shows nothing that may no longer be read', async () => {
    const headers = { 'idempotency-key': freshId('key'), 'content-type': 'application/json-patch+json' };
    const patch = [{ op: 'add', path: '/active', value: true }];
    const first = await app.patch(`/Patient/${a}`, patch, headers);
    expect([first.status, first.body.name[0].family]).toEqual([200, 'Anderson']);
    const narrowed = await server.client({ scope: 'launch patient/Patient.u', extra: { patient: a } });
    const again = await narrowed.patch(`/Patient/${a}`, patch, headers);
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([200, '', 'true']);
    const back = await app.patch(`/Patient/${a}`, patch, headers);
    expect(back.text).toBe(first.text);
  });

  it('[44] a refusal says what was wrong with what was sent, and nothing of the inside', async () => {
    const answers = [
      await app.get(`/Patient/${b}`),
      await app.post('/Patient', '{"resourceType":'),
      await app.post('/Patient', 'x', { 'content-type': 'text/csv' }),
      await app.get('/Patient?nonsense=1'),
      await app.get('/Nonsense'),
      await app.send('TRACE', '/Patient').catch(() => undefined),
      await app.get('/%00'),
      await app.get('/Patient/%E0%A4%A'),
    ];
    for (const one of answers) {
      if (!one) continue;
      expect(one.status).toBeGreaterThanOrEqual(400);
      expect(one.status).toBeLessThan(500);
      expect(one.text).not.toMatch(INSIDES);
      expect(one.headers.get('x-powered-by')).toBeNull();
    }
  });

  it('[44] ids that the server makes cannot be guessed', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () =>
        service.post('/Basic', { resourceType: 'Basic', code: { text: 'x' } }),
      ),
    );
    const ids = made.map(({ body }) => body.id as string);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    // The random part, of which 62 bits are at the end.
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
  });
});

describe('development mode', () => {
  it('[47] a server without tokens listens to this machine alone', () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.5', 'fhir.example.org'])
      expect(() => readConfig({ ACCESS: 'open', HOST })).toThrow(/loopback/);
    expect(readConfig({ ACCESS: 'open', HOST: '127.0.0.1' }).access).toBe('open');
    expect(readConfig({}).access).toBe('smart');
  });

  it('[47] a demo whose passwords everyone knows is not served to others unless that is said', () => {
    const exposed = (more: Record<string, string>) => () => refuseExposedDemo(readConfig(more));
    expect(exposed({ HOST: '0.0.0.0' })).toThrow(/passwords everyone knows/);
    expect(exposed({ PUBLIC_URL: 'https://fhir.example.org' })).toThrow(/passwords everyone knows/);
    expect(exposed({ HOST: '0.0.0.0', DEMO: 'on' })).not.toThrow();
    expect(exposed({})).not.toThrow();
  });

  it('[47] no key is the same on two servers', async () => {
    const [one, other] = [
      await startGuarded({ STORE: 'sqlite::memory:' }),
      await startGuarded({ STORE: 'sqlite::memory:' }),
    ];
    try {
      expect(Buffer.from(one.store.secret).equals(Buffer.from(other.store.secret))).toBe(false);
    } finally {
      await one.stop();
      await other.stop();
    }
  });
});
