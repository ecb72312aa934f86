/**
 * What a start with the demo prints is true: every command that it shows to copy works, every account signs in, and a second start changes nothing
 * that a person has changed. https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { DEMO_PASSWORD, refuseExposedDemo } from '../../src/demo-access.ts';
import { accounts, setPassword, signIn } from '../../src/smart/accounts.ts';
import { newBackendKeys } from '../../src/smart/backend-key.ts';
import { clients } from '../../src/smart/registered-clients.ts';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import type { TokenStore } from '../../src/store/ports.ts';
import { needs } from '../needs.ts';
import { startServerProcess, type ServerProcess } from '../support/server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LOADED_MS = 60_000;

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** As a person does it: pasted into a shell in the folder of the checkout. */
function shell(line: string): Promise<Ran> {
  const path = `${resolve(process.execPath, '..')}:${process.env.PATH}`;
  const child = spawn('sh', ['-c', line], { cwd: ROOT, env: { ...process.env, PATH: path } });
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  return new Promise((done) => child.on('close', (code) => done({ code, out })));
}

const commandsIn = (banner: string): string[] =>
  banner
    .split('\n')
    .filter((line) => line.startsWith('    curl '))
    .map((line) => line.trim());

needs('command:curl', 'the commands that a start prints')('the ways in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-ways-'));
  const keyFile = join(folder, 'demo-backend.jwk.json');
  let server: ServerProcess;

  /** The demo's own store, while nobody or the server has it open. */
  async function inTokens<T>(work: (tokens: TokenStore) => Promise<T>): Promise<T> {
    const stores = await openSqliteStores({ location: folder });
    try {
      return await work((await stores.tenant('default')).tokens);
    } finally {
      await stores.close();
    }
  }

  const loaded = async (): Promise<void> => {
    const deadline = Date.now() + LOADED_MS;
    const [last] = commandsIn(server.output()).slice(-2);
    for (; Date.now() < deadline; await sleep(250))
      if ((await shell(last!)).out.includes('"fullUrl"')) return;
    throw new Error('the demo was not loaded in time');
  };

  beforeAll(async () => {
    server = await startServerProcess({
      STORE: `sqlite:${folder}`,
      DEMO: 'on',
      DEMO_PATIENTS: '2',
      ACCESS: 'smart',
      WORKERS: '1',
    });
    await loaded();
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  async function everyCommandWorks(): Promise<void> {
    const commands = commandsIn(server.output());
    expect(commands).toHaveLength(4);
    const answers = await Promise.all(commands.map(shell));
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const [discovery, patients, heights, authorize] = answers.map(({ out }) => out);
    expect(JSON.parse(discovery!)).toMatchObject({ issuer: expect.stringMatching(/\/fhir$/) });
    const found = JSON.parse(patients!) as { entry: { resource: { resourceType: string } }[] };
    expect(found.entry.map(({ resource }) => resource.resourceType)).toContain('Patient');
    const measured = JSON.parse(heights!) as { entry: { resource: { valueQuantity: { unit: string } } }[] };
    expect(measured.entry[0]!.resource.valueQuantity.unit).toBe('cm');
    expect(authorize).toMatch(/^303 http:\/\/localhost:\d+\/oidc\/interaction\/[\w-]+\n$/);
  }

  it('are four commands, and each works', everyCommandWorks, 60_000);

  it('are four accounts with their passwords, and each signs in', async () => {
    const rows = [...server.output().matchAll(/^ {2}(clinician|patient|parent|admin) +(\S+) {2}/gm)];
    expect(rows.map(([, username]) => username)).toEqual(['clinician', 'patient', 'parent', 'admin']);
    await inTokens(async (tokens) => {
      for (const [, username, password] of rows)
        expect(await signIn(tokens, username!, password!, '127.0.0.1', Date.now())).toMatchObject({
          account: { username, demo: true },
        });
    });
  }, 60_000);

  it('are the clients that it names, and the sample apps', async () => {
    const known = await inTokens((tokens) => clients(tokens, Date.now()));
    const ids = known.map((one) => one.client_id);
    expect(ids).toEqual(
      expect.arrayContaining([
        'demo-public',
        'demo-confidential',
        'demo-backend',
        'growth-chart',
        'my-record',
      ]),
    );
    const growth = known.find((one) => one.client_id === 'growth-chart')!;
    expect(growth.redirect_uris[0]).toMatch(
      /^http:\/\/localhost:\d+\/smart-apps\/growth-chart\/index\.html$/,
    );
    expect(JSON.stringify(known)).not.toContain('demo-secret');
  });

  it('let a command in with the key of the backend client, and say why not without it', async () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: { resourceType: 'Patient', id: 'imported', active: true },
          request: { method: 'PUT', url: 'Patient/imported' },
        },
      ],
    };
    const file = join(folder, 'one.json');
    writeFileSync(file, JSON.stringify(bundle));
    const command = `node scripts/embergate.mjs import --server '${server.base}' '${file}' 2>&1`;
    const key = (path: string): string => `${command} --client demo-backend --key '${path}'`;
    expect(await shell(command)).toMatchObject({ code: 1, out: expect.stringContaining('401') });
    expect(await shell(key(keyFile))).toEqual({
      code: 0,
      out: expect.stringContaining('1 resources from 1 file'),
    });
    const { privateJwk } = await newBackendKeys('ES384');
    const stranger = join(folder, 'stranger.json');
    writeFileSync(stranger, JSON.stringify(privateJwk));
    expect(await shell(key(stranger))).toMatchObject({
      code: 1,
      out: expect.stringMatching(/no token from http:.*invalid_client/),
    });
  }, 60_000);

  it('12: end for a client that a command removes, while the server runs: its token is worth nothing at once', async () => {
    const origin = server.base.replace('/fhir', '').replace('127.0.0.1', 'localhost');
    const form = '-d grant_type=client_credentials -d scope=system/Patient.rs';
    const { out } = await shell(`curl -s -u demo-confidential:demo-secret ${form} ${origin}/oidc/token`);
    const { access_token: token } = JSON.parse(out) as { access_token: string };
    const ask = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${server.base}/Patient?_count=1`, { headers })).status;
    };
    expect([await ask(), await ask()]).toEqual([200, 200]);
    const removed = await shell(
      `STORE='sqlite:${folder}' node scripts/embergate.mjs client remove demo-confidential`,
    );
    expect(removed).toEqual({ code: 0, out: 'removed demo-confidential\n' });
    expect(await ask()).toBe(401);
  }, 60_000);

  it('20: is a private key that only this user can read', () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(server.output()).toContain(keyFile);
  });

  it('47: stay as they are at the next start, what people changed too', async () => {
    const key = readFileSync(keyFile, 'utf8');
    await server.stop();
    await inTokens((tokens) => setPassword(tokens, 'clinician', 'a-better-one', Date.now()));
    await server.restart();
    await everyCommandWorks();
    expect(readFileSync(keyFile, 'utf8')).toBe(key);
    await inTokens(async (tokens) => {
      const names = (await accounts(tokens, Date.now())).map(({ username }) => username);
      expect(names).toEqual(['admin', 'clinician', 'parent', 'patient']);
      const again = await signIn(tokens, 'clinician', DEMO_PASSWORD, '127.0.0.1', Date.now());
      expect(again).toEqual({ refused: 'credentials' });
    });
  }, 120_000);
});

it('47: the demo is not served to others unless someone says so', () => {
  const exposed = [
    { HOST: '0.0.0.0' },
    { PUBLIC_URL: 'https://fhir.example.org' },
    { HOST: '192.0.2.1', DEMO: 'off' },
  ];
  for (const settings of exposed)
    expect(() => refuseExposedDemo(readConfig(settings))).toThrow(/say DEMO=on to serve it all the same/);
  for (const settings of [{}, { HOST: '::1' }, { HOST: '0.0.0.0', DEMO: 'on' }])
    expect(() => refuseExposedDemo(readConfig(settings))).not.toThrow();
});
