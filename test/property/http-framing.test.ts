/**
 * What is no HTTP, or HTTP from clients that are slow, greedy or gone: refused in FHIR's words, nothing of it is stored, and the server stays up
 * and does not grow. https://www.rfc-editor.org/rfc/rfc9112
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { apiOf, type Api } from '../support/api.ts';
import { startServerProcess, type ServerProcess } from '../support/server-process.ts';
import { slipped, slips } from './http/mutate.ts';
import { sendAndLeave, statusesOf, talk } from './http/socket.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_124);
const RUNS = Math.ceil((Number(process.env.FUZZ_SECONDS ?? 18) / 18) * 400);

let server: ServerProcess;
let port: number;
let api: Api;
beforeAll(async () => {
  server = await startServerProcess({ STORE: 'sqlite::memory:', WORKERS: '1' });
  port = Number(new URL(server.base).port);
  api = apiOf(server.base);
});
afterAll(() => server.stop());

const HOST = 'Host: localhost\r\n';
const PATIENT = '{"resourceType":"Patient"}';
const post = (headers: string, body: string): string =>
  `POST /fhir/Patient HTTP/1.1\r\n${HOST}Content-Type: application/fhir+json\r\n${headers}\r\n${body}`;

/** How many patients there are: what was refused or left half-sent must not be among them. */
const patients = async (): Promise<number> => (await api.get('/Patient?_summary=count')).body.total as number;

/** Memory of the server in MB. */
const megabytes = (): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid())], { encoding: 'utf8' })) / 1024;

describe('broken framing', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['another protocol', `GET /fhir/Patient FTP/1.1\r\n${HOST}\r\n`, 400],
    ['a version of HTTP that is not', `GET /fhir/Patient HTTP/9.9\r\n${HOST}\r\n`, 400],
    ['a header without a colon', `GET /fhir/Patient HTTP/1.1\r\n${HOST}Nonsense\r\n\r\n`, 400],
    ['a NUL in a header', `GET /fhir/Patient HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400],
    ['a space in the path', `GET /fhir/Pat ient HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an unknown method', `GRAB /fhir/Patient HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['two lengths', post('Content-Length: 26\r\nContent-Length: 27\r\n', PATIENT), 400],
    ['a negative length', post('Content-Length: -1\r\n', PATIENT), 400],
    ['a length that is no number', post('Content-Length: 0x1a\r\n', PATIENT), 400],
    [
      'a length beside chunks',
      post('Content-Length: 26\r\nTransfer-Encoding: chunked\r\n', `1a\r\n${PATIENT}\r\n0\r\n\r\n`),
      400,
    ],
    ['an unknown transfer encoding', post('Transfer-Encoding: gzip\r\n', PATIENT), 400],
    ['a bad chunk size', post('Transfer-Encoding: chunked\r\n', `zz\r\n${PATIENT}\r\n0\r\n\r\n`), 400],
    ['a chunk longer than it says', post('Transfer-Encoding: chunked\r\n', `2\r\n${PATIENT}\r\n`), 400],
    ['100 KB of headers', `GET /fhir/Patient HTTP/1.1\r\n${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ])('%s is refused in FHIR and ends the connection', async (_name, bytes, status) => {
    const before = await patients();
    const heard = await talk(port, [bytes]);
    expect([statusesOf(heard.text), heard.closed]).toEqual([[status], true]);
    expect(heard.text).toContain('"resourceType":"OperationOutcome"');
    expect(await patients()).toBe(before);
  });

  it('a missing Host is refused', async () => {
    const heard = await talk(port, ['GET /fhir/Patient HTTP/1.1\r\n\r\n']);
    expect([statusesOf(heard.text), heard.closed]).toEqual([[400], true]);
  });

  it('a whole URL as the target is understood, as of a proxy', async () => {
    const target = `http://localhost:${port}/fhir/Patient?_count=1`;
    const heard = await talk(port, [`GET ${target} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]);
    expect(statusesOf(heard.text)).toEqual([200]);
    expect(heard.text).toContain('"searchset"');
  });

  it('any slip in a request is answered or waited for, and harms no one', async () => {
    const whole = post(`Content-Length: ${PATIENT.length}\r\nConnection: close\r\n`, PATIENT);
    const one = fc.asyncProperty(fc.array(slips, { minLength: 8, maxLength: 8 }), async (all) => {
      const heard = await Promise.all(all.map((own) => talk(port, [slipped(whole, own)], { patience: 60 })));
      for (const { text } of heard) {
        expect(text === '' || text.startsWith('HTTP/1.1 ')).toBe(true);
        expect(statusesOf(text).filter((status) => status >= 500)).toEqual([]);
      }
    });
    await fc.assert(one, { seed: SEED, numRuns: RUNS / 8 });
    expect((await api.get('/Patient?_count=1')).status).toBe(200);
  }, 120_000);
});

describe('pipelining', () => {
  const get = (id: string, more = ''): string =>
    `GET /fhir/Patient?_count=1 HTTP/1.1\r\n${HOST}X-Request-Id: ${id}\r\n${more}\r\n`;

  it('answers 100 requests of one write in their order', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `r${i}`);
    const text = ids.map((id, i) => get(id, i === 99 ? 'Connection: close\r\n' : '')).join('');
    const heard = await talk(port, [text]);
    expect([...heard.text.matchAll(/x-request-id: (r\d+)/g)].map(([, id]) => id)).toEqual(ids);
  });

  it('answers what came before a broken request, and nothing after it', async () => {
    const before = await patients();
    const text = `${get('a')}${post('Content-Length: -1\r\n', PATIENT)}${get('b')}`;
    const heard = await talk(port, [text]);
    expect(heard.closed).toBe(true);
    expect(heard.text).not.toContain('x-request-id: b');
    expect(await patients()).toBe(before);
  });
});

describe('slow and absent clients', () => {
  it('takes a body that comes a byte at a time', async () => {
    const head = post(`Content-Length: ${PATIENT.length}\r\nConnection: close\r\n`, '');
    const heard = await talk(port, [head, ...PATIENT], { pause: 5 });
    expect(statusesOf(heard.text)).toEqual([201]);
  });

  it('stays quick for others while many are slow, and stores nothing of what is left half-sent', async () => {
    const before = await patients();
    const half = post('Content-Length: 5000\r\n', PATIENT.slice(0, 10));
    const slow = Array.from({ length: 200 }, () => sendAndLeave(port, half, 500));
    await sleep(100);
    const started = performance.now();
    expect((await api.get('/Patient?_count=1')).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(2000);
    await Promise.all(slow);
    expect(await patients()).toBe(before);
  });

  it('stores a whole body though its client does not wait for the answer', async () => {
    const before = await patients();
    await sendAndLeave(port, post(`Content-Length: ${PATIENT.length}\r\n`, PATIENT), 300);
    expect(await patients()).toBe(before + 1);
  });
});

describe('memory', () => {
  const flood = async (): Promise<void> => {
    const half = post('Content-Length: 60000\r\n', `${PATIENT}${' '.repeat(30_000)}`);
    const chunked = post('Transfer-Encoding: chunked\r\n', `ffff\r\n${' '.repeat(20_000)}`);
    const headers = `GET /fhir/metadata HTTP/1.1\r\n${HOST}${`X-Flood: ${'x'.repeat(1000)}\r\n`.repeat(100)}`;
    const greedy = `GET /fhir/metadata HTTP/1.1\r\n${HOST}\r\n`.repeat(30);
    for (const bytes of [half, chunked, headers, greedy]) {
      await Promise.all(Array.from({ length: 40 }, () => sendAndLeave(port, bytes, 100)));
    }
  };

  it('does not grow with what is aborted, flooded or never read', async () => {
    for (let i = 0; i < 2; i++) await flood();
    const before = megabytes();
    for (let i = 0; i < 4; i++) await flood();
    const after = megabytes();
    process.stderr.write(`http-framing: ${before.toFixed()} MB, then ${after.toFixed()} MB\n`);
    expect(after - before).toBeLessThan(80);
    expect((await api.get('/Patient?_count=1')).status).toBe(200);
  }, 60_000);

  it('is not filled by a body that unpacks to gigabytes', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const before = megabytes();
    const headers = { 'content-type': 'application/fhir+json', 'content-encoding': 'gzip' };
    const refused = await Promise.all(
      Array.from({ length: 4 }, () => api.send('POST', '/Patient', bomb, headers)),
    );
    expect(refused.map(({ status }) => status)).toEqual([413, 413, 413, 413]);
    expect(megabytes() - before).toBeLessThan(400);
  }, 60_000);

  it('lets go of a connection whose client only connects', async () => {
    const idle = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await sleep(100);
    expect((await api.get('/Patient?_count=1')).status).toBe(200);
    idle.forEach((socket) => socket.destroy());
  });
});
