/** Where the server goes by itself, and where it does not. https://owasp.org/www-community/attacks/Server_Side_Request_Forgery */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { allowedOf, isAllowEntry, isPublicAddress } from '../../../../src/access/egress/addresses.ts';
import { egress, EgressRefused } from '../../../../src/access/egress/egress.ts';

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::a00:1',
    '2001:db8::1',
    '2002:a00:1::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
    'localhost',
    '2130706433',
    '',
  ])('%s is of our own network', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%s is of the internet', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('what is not fetched', () => {
  it.each([
    ['http://example.org/jwks', 'only https'],
    ['file:///etc/passwd', 'only https'],
    ['https://127.0.0.1/jwks', 'own network'],
    ['https://[::1]/jwks', 'own network'],
    ['https://[::ffff:169.254.169.254]/jwks', 'own network'],
    ['https://2130706433/jwks', 'own network'],
    ['https://0x7f.1/jwks', 'own network'],
    ['https://localhost/jwks', 'own network'],
    ['https://user:secret@example.org/jwks', 'user name'],
  ])('[39] %s', async (url, why) => {
    await expect(egress()(url)).rejects.toThrow(why);
  });
});

type Lookup = NonNullable<NonNullable<Parameters<typeof egress>[0]>['lookup']>;

/** A name server that gives the next answer to each question. */
function answering(...answers: readonly string[][]): Lookup {
  let asked = 0;
  return (_name, _options, done) => {
    const answer = answers[Math.min(asked++, answers.length - 1)]!;
    done(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('names', () => {
  it.each([
    [['10.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['::ffff:169.254.169.254']],
    [['fd00::1', '2606:4700::1']],
    [[]],
  ])('[39] that lead to %j are not fetched', async (addresses) => {
    const go = egress({ lookup: answering(addresses) });
    await expect(go('https://keys.example.org/')).rejects.toThrow('own network');
  });

  it('[39] are asked for once: what was looked at is what is connected to, whatever the name says next', async () => {
    let asked = 0;
    const lookup: Lookup = (name, options, done) => {
      asked++;
      // Good the first time, ours from then on.
      answering([asked === 1 ? '192.0.2.1' : '127.0.0.1'])(name, options, done);
    };
    const go = egress({ lookup, allow: ['192.0.2.0/24'] });
    await expect(go('https://rebinding.example.org/', { limits: { ms: 300 } })).rejects.not.toThrow(
      EgressRefused,
    );
    expect(asked).toBe(1);
  });
});

describe('what is allowed', () => {
  it.each([
    '10.1.0.0/16',
    'fd00::/8',
    '127.0.0.1',
    '::1',
    '[::1]',
    'keys.internal',
    'localhost',
    'a_b.c-d.e',
  ])('is said as %s', (entry) => expect(isAllowEntry(entry)).toBe(true));
  it.each(['10.1.0.0/33', '10.1.0.0/x', '*', 'https://a.b', 'a/8', 'a b', 'a:80', '-a.b', ''])(
    'is not said as %p',
    (entry) => expect(isAllowEntry(entry)).toBe(false),
  );

  it('is that and nothing beside it', () => {
    const allowed = allowedOf(['10.1.0.0/16', 'Keys.internal', '::1']);
    expect(['10.1.255.1', '::1'].map(allowed.address)).toEqual([true, true]);
    expect(['10.2.0.1', '127.0.0.1', '::2', 'keys.internal'].map(allowed.address)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['keys.INTERNAL', 'keys.internal.', 'x.keys.internal', '10.1.0.1'].map(allowed.host)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('a host of ours that is allowed', () => {
  let host: Server;
  let other: Server;
  let base: string;
  let elsewhere: string;
  const seen: IncomingMessage[] = [];
  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  beforeAll(async () => {
    other = createServer((request, response) => {
      seen.push(request);
      response.end('elsewhere');
    });
    elsewhere = await listen(other);
    host = createServer((request, response) => {
      seen.push(request);
      const { pathname, searchParams } = new URL(request.url!, base);
      if (pathname === '/to') {
        const status = Number(searchParams.get('status') ?? 302);
        response.writeHead(status, { location: searchParams.get('at')! }).end();
      } else if (pathname === '/large') response.end('x'.repeat(70_000));
      else if (pathname === '/endless') response.write('x');
      else if (pathname === '/silent') return;
      else if (pathname === '/echo') request.pipe(response);
      else response.writeHead(200, { 'content-type': 'text/plain', 'x-answer': '1' }).end('fine');
    });
    base = await listen(host);
  });
  afterAll(() => {
    for (const one of [host, other]) {
      one.closeAllConnections();
      one.close();
    }
  });
  const go = egress({ allow: ['127.0.0.0/8'] });
  const to = (at: string, status = 302): string => `${base}/to?status=${status}&at=${encodeURIComponent(at)}`;

  it('is fetched, by http too', async () => {
    const answer = await go(`${base}/`);
    expect([answer.status, answer.headers.get('x-answer'), await answer.text()]).toEqual([200, '1', 'fine']);
    const byName = egress({ allow: ['keys.internal'], lookup: answering(['127.0.0.1']) });
    expect((await byName(base.replace('127.0.0.1', 'keys.internal'))).status).toBe(200);
    await expect(egress()(`${base}/`)).rejects.toThrow(EgressRefused);
    await expect(egress({ allow: ['127.0.0.2'] })(`${base}/`)).rejects.toThrow(EgressRefused);
  });

  it('gets method, headers and body, and the name that was asked for', async () => {
    const headers = { 'x-sent': 'yes', host: 'forged.example.org' };
    const answer = await go(`${base}/echo`, { method: 'post', headers, body: 'sent' });
    expect(await answer.text()).toBe('sent');
    const [last] = seen.slice(-1);
    expect([last!.method, last!.headers['x-sent'], last!.headers.host]).toEqual([
      'POST',
      'yes',
      new URL(base).host,
    ]);
  });

  it('[39] may not send us on: a redirect is the answer unless it is to be followed', async () => {
    expect((await go(to('/'))).status).toBe(302);
    expect((await go(to('/'), { limits: { redirects: 1 } })).status).toBe(200);
    expect((await go(to(to('/')), { limits: { redirects: 1 } })).status).toBe(302);
  });

  it('[39] may not send us where we would not go by ourselves', async () => {
    const limits = { redirects: 3 };
    for (const at of [
      'http://169.254.169.254/latest',
      'https://10.0.0.1/',
      'file:///etc/passwd',
      'https://[::1]/',
    ])
      await expect(go(to(at), { limits })).rejects.toThrow(EgressRefused);
  });

  it('[39] is not told our secrets for others', async () => {
    const headers = { authorization: 'Bearer secret', cookie: 'a=b', 'x-sent': 'yes' };
    const limits = { redirects: 1 };
    const lastHeaders = (): IncomingMessage['headers'] => seen.at(-1)!.headers;
    await go(to(`${base}/`), { headers, limits });
    expect(lastHeaders()).toMatchObject(headers);
    await go(to(`${elsewhere}/`), { headers, limits });
    expect(lastHeaders()).toMatchObject({ 'x-sent': 'yes' });
    expect(lastHeaders()).not.toHaveProperty('authorization');
    expect(lastHeaders()).not.toHaveProperty('cookie');
  });

  it.each([
    [303, 'GET'],
    [302, 'GET'],
    [307, 'POST'],
    [308, 'POST'],
  ])('redirects a POST by %i as %s', async (status, method) => {
    await go(to('/', status), { method: 'POST', body: 'x', limits: { redirects: 1 } });
    expect(seen.at(-1)!.method).toBe(method);
  });

  it('[16] [39] is cut off when it sends too much, or too slowly', async () => {
    await expect(go(`${base}/large`)).rejects.toThrow('65536');
    await expect(go(`${base}/large`, { limits: { bytes: 100_000 } })).resolves.toMatchObject({ status: 200 });
    for (const path of ['/endless', '/silent'])
      await expect(go(base + path, { limits: { ms: 100 } })).rejects.toThrow(/abort|timeout/i);
    await expect(go(`${base}/silent`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort|timeout/i);
  });
});
