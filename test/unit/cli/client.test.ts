/** `embergate client`: clients are registered, listed and removed; secrets are shown once; assertions can be verified. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importJWK, jwtVerify } from 'jose';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newBackendKeys, type BackendKeys } from '../../../src/smart/backend-key.ts';
import { verifySecret } from '../../../src/smart/client-secret.ts';
import { clientOf, type ClientRecord } from '../../../src/smart/registered-clients.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import type { TokenStore } from '../../../src/store/ports.ts';
import { commandIn, type Ran } from '../../support/command.ts';

const CALLBACK = 'https://app.example.org/callback';
let folder = '';
let keys: BackendKeys;
let run: ReturnType<typeof commandIn>;
const client = (...args: string[]): Promise<Ran> => run(['client', ...args]);

async function inTokens<T>(work: (tokens: TokenStore) => Promise<T>): Promise<T> {
  const stores = await openSqliteStores({ location: join(folder, 'data') });
  try {
    return await work((await stores.tenant('default')).tokens);
  } finally {
    await stores.close();
  }
}
const kept = (id: string): Promise<ClientRecord | undefined> =>
  inTokens((tokens) => clientOf(tokens, id, Date.now()));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embergate-client-'));
  run = commandIn(folder);
  keys = await newBackendKeys('ES384');
  await writeFile(join(folder, 'key.json'), JSON.stringify(keys.privateJwk));
  await writeFile(join(folder, 'nokid.json'), JSON.stringify({ keys: [{ kty: 'RSA', n: 'x', e: 'AQAB' }] }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('embergate client', () => {
  it('registers a public app and lists it', async () => {
    const args = ['--name', 'My App', '--redirect-uri', CALLBACK, 'http://localhost:3000/cb'];
    const more = ['--launch-uri', 'https://app.example.org/launch', '--scope', 'launch/patient patient/*.rs'];
    const { code, out } = await client('add', 'my-app', '--kind', 'public', ...args, ...more);
    expect([code, out]).toEqual([0, 'registered my-app\n']);
    expect(await kept('my-app')).toMatchObject({
      client_name: 'My App',
      redirect_uris: [CALLBACK, 'http://localhost:3000/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      smart_scopes: 'launch/patient patient/*.rs',
      launch_uri: 'https://app.example.org/launch',
    });
    expect((await client('list')).out).toBe(`my-app\tpublic\tMy App\t${CALLBACK} http://localhost:3000/cb\n`);
  }, 60_000);

  it('20: shows the secret of a confidential app once and keeps its hash', async () => {
    const { out } = await client('add', 'portal', '--kind', 'confidential', '--redirect-uri', CALLBACK);
    const [, secret] = /^registered portal, secret ([\w-]{43})\n$/.exec(out) ?? [];
    const { client_secret: hashed } = (await kept('portal'))!;
    expect(hashed).not.toContain(secret);
    expect([verifySecret(hashed!, secret!), verifySecret(hashed!, 'another')]).toEqual([true, false]);
  }, 60_000);

  it('keeps only the public part of the keys of a backend service, and signs for it', async () => {
    const args = ['--kind', 'backend', '--jwks', 'key.json', '--scope', 'system/Patient.rs'];
    expect((await client('add', 'nightly', ...args)).out).toBe('registered nightly\n');
    expect((await kept('nightly'))!.jwks).toEqual({ keys: [keys.publicJwk] });
    expect(keys.publicJwk).not.toHaveProperty('d');
    const endpoint = 'http://localhost:8080/oidc/token';
    const { out } = await client('assertion', 'nightly', '--key', 'key.json', '--endpoint', endpoint);
    const { payload, protectedHeader } = await jwtVerify(
      out.trim(),
      await importJWK(keys.publicJwk, 'ES384'),
      {
        audience: endpoint,
        issuer: 'nightly',
        subject: 'nightly',
      },
    );
    expect(protectedHeader).toEqual({ alg: 'ES384', kid: keys.publicJwk.kid, typ: 'JWT' });
    expect(payload.exp! - payload.iat!).toBeLessThanOrEqual(300);
    expect(payload.jti).toMatch(/^[\w-]{20,}$/);
  }, 60_000);

  it('removes a client and all that it was given', async () => {
    await client('add', 'gone', '--kind', 'public', '--redirect-uri', CALLBACK);
    await inTokens(async (tokens) => {
      await tokens.put({ model: 'Grant', id: 'g', payload: '{}', clientId: 'gone' });
      await tokens.put({ model: 'RefreshToken', id: 'r', payload: '{}', grantId: 'g' });
      await tokens.put({ model: 'ClientCredentials', id: 'c', payload: '{}', clientId: 'gone' });
    });
    expect((await client('remove', 'gone')).out).toBe('removed gone\n');
    const left = await inTokens(async (tokens) => [
      ...(await tokens.list('Grant', 0, 9)),
      ...(await tokens.list('RefreshToken', 0, 9)),
      ...(await tokens.list('ClientCredentials', 0, 9)),
    ]);
    expect([await kept('gone'), left]).toEqual([undefined, []]);
  }, 60_000);

  it.each([
    [['add', 'x', '--kind', 'public'], 'give --redirect-uri: where the browser comes back to after sign-in'],
    [
      ['add', 'x', '--kind', 'backend', '--scope', 'system/Patient.rs'],
      'a backend service needs --jwks FILE or --jwks-uri URL: its public keys',
    ],
    [
      ['add', 'x', '--kind', 'backend', '--jwks', 'key.json'],
      'a backend service needs --scope, such as system/Patient.rs',
    ],
    [
      ['add', 'x', '--kind', 'backend', '--jwks', 'nokid.json', '--scope', 'system/Patient.rs'],
      'nokid.json has no usable keys: each needs kty RSA or EC, and a kid',
    ],
    [
      ['add', 'x', '--kind', 'public', '--redirect-uri', 'javascript:alert(1)'],
      '--redirect-uri is "javascript:alert(1)": give an absolute URL such as https://app.example.org/callback',
    ],
    [
      ['add', 'x', '--kind', 'public', '--redirect-uri', 'http://app.example.org/'],
      '--redirect-uri is "http://app.example.org/": http is only for this machine, use https',
    ],
    [
      ['add', 'x', '--kind', 'public', '--redirect-uri', CALLBACK, '--scope', 'patient/Observation.sr'],
      '"patient/Observation.sr" is not a SMART scope: write it like patient/Observation.rs or launch/patient',
    ],
    [
      ['add', 'a/b', '--kind', 'public', '--redirect-uri', CALLBACK],
      '"a/b" cannot be a client id: use up to 100 of a-z, A-Z, 0-9 and . _ ~ -',
    ],
    [['remove', 'none'], 'there is no client "none" in the tenant default: embergate client list shows them'],
  ])(
    'refuses %j in one line',
    async (args, line) => {
      const { code, out, err } = await client(...args);
      expect([code, out, err]).toEqual([1, '', `embergate: ${line}\n`]);
    },
    60_000,
  );

  it('refuses an id that is taken', async () => {
    const args = ['add', 'twice', '--kind', 'public', '--redirect-uri', CALLBACK];
    expect((await client(...args)).code).toBe(0);
    expect((await client(...args)).err).toBe(
      'embergate: there is a client "twice" already: embergate client remove twice removes it\n',
    );
  }, 60_000);

  it.each(['add', 'list', 'remove', 'assertion'])(
    'help of %s teaches',
    async (verb) => {
      const { code, out } = await client(verb, '--help');
      expect([code, /Examples:\n {2}embergate client /.test(out)]).toEqual([0, true]);
    },
    60_000,
  );
});
