/** A command asks for a token once, shares it, and gets a new one when it is old or refused. */
import { expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bearerOf } from '../../../src/cli/bearer.ts';
import { sendBundle } from '../../../src/cli/send.ts';
import { newBackendKeys } from '../../../src/smart/backend-key.ts';

/** Gives tokens t1, t2, … of this life; takes only the newest one for a bundle. */
async function tokenServer(seconds: number, valid: () => string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const reply = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      const { port } = server.address() as AddressInfo;
      if (request.url === '/fhir/.well-known/smart-configuration')
        return reply(200, { token_endpoint: `http://127.0.0.1:${port}/token` });
      if (request.url === '/token') {
        asked.push(Buffer.concat(parts).toString());
        return reply(200, { access_token: `t${asked.length}`, expires_in: seconds });
      }
      const isValid = request.headers.authorization === `Bearer ${valid()}`;
      reply(isValid ? 200 : 401, isValid ? { entry: [{ response: { status: '200' } }] } : {});
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const stop = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`, asked, stop };
}

async function inFolder(work: (key: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-bearer-'));
  const key = join(folder, 'key.json');
  writeFileSync(key, JSON.stringify((await newBackendKeys()).privateJwk));
  await work(key, folder).finally(() => rmSync(folder, { recursive: true }));
}

it('shares one token among requests, with an assertion of its client', () =>
  inFolder(async (key) => {
    const server = await tokenServer(300, () => 't1');
    const bearer = bearerOf(server.base, { client: 'nightly', key });
    expect(new Set(await Promise.all([bearer(), bearer(), bearer()]))).toEqual(new Set(['Bearer t1']));
    expect(server.asked).toHaveLength(1);
    const sent = new URLSearchParams(server.asked[0]);
    const claims = JSON.parse(
      Buffer.from(sent.get('client_assertion')!.split('.')[1]!, 'base64url').toString(),
    ) as object;
    expect(claims).toMatchObject({ iss: 'nightly', sub: 'nightly', aud: expect.stringMatching(/\/token$/) });
    await server.stop();
  }));

it('asks again shortly before the end, and where the token was refused', () =>
  inFolder(async (key) => {
    const short = await tokenServer(20, () => '');
    const bearer = bearerOf(short.base, { client: 'nightly', key });
    expect([await bearer(), await bearer()]).toEqual(['Bearer t1', 'Bearer t2']);
    await short.stop();

    const server = await tokenServer(300, () => 't2');
    const other = bearerOf(server.base, { client: 'nightly', key });
    const sent = await Promise.all([1, 2, 3].map(() => sendBundle(server.base, '{}', other)));
    expect(sent).toEqual([1, 2, 3].map(() => ({ done: 1, refused: [] })));
    expect(server.asked.length).toBeGreaterThanOrEqual(2);
    await server.stop();
  }));

it('reads a token from a file, and says what does not fit together', () =>
  inFolder(async (key, folder) => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'abc\n');
    expect(await bearerOf('', { tokenFile })()).toBe('Bearer abc');
    expect(await bearerOf('', {})()).toBeUndefined();
    expect(() => bearerOf('', { client: 'x' })).toThrow(/--client and --key together/);
    expect(() => bearerOf('', { client: 'x', key, tokenFile })).toThrow(/not both/);
  }));
