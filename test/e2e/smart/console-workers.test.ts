/** What an operator does in the console of a real server with two workers: felt at the very next request, whichever worker answers. docs/adr/0035 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, type TestServer } from '../../support/server.ts';
import { Visitor, type Visit } from '../../support/visitor.ts';

// A server with its demo on a busy machine takes its time.
jest.setTimeout(90_000);

/** So many connections that the kernel gives some to each worker: the chance of one being left out is 2 in 16 million. */
const CONNECTIONS = 24;

describe('the console on two workers', () => {
  let server: TestServer;
  let origin: string;
  let admin: Visitor;
  const folder = mkdtempSync(join(tmpdir(), 'embergate-console-'));
  beforeAll(async () => {
    const settings = {
      STORE: `sqlite:${folder}`,
      DEMO: 'on',
      DEMO_PATIENTS: '2',
      ACCESS: 'smart',
      WORKERS: '2',
    };
    server = await startServer(settings);
    origin = server.url.replace('127.0.0.1', 'localhost');
    admin = new Visitor();
    const form = await admin.open(`${origin}/console`);
    await admin.submit(form, [
      ['username', 'admin'],
      ['password', 'demo'],
    ]);
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function backendToken(): Promise<string> {
    const credentials = Buffer.from('demo-confidential:demo-secret').toString('base64');
    const answer = await fetch(`${origin}/oidc/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.rs' }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }
  const status = (path: string, token: string): Promise<number> =>
    new Promise((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, connection: 'close' };
      get(`${server.base}/${path}`, { headers, agent: false }, (response) => {
        response.resume().once('end', () => done(response.statusCode!));
      }).once('error', fail);
    });
  async function everywhere(path: string, token: string): Promise<readonly number[]> {
    const all: number[] = [];
    for (let at = 0; at < CONNECTIONS; at++) all.push(await status(path, token));
    return [...new Set(all)];
  }
  const change = async (
    path: string,
    deed: string,
    more: readonly (readonly [string, string])[] = [],
  ): Promise<Visit> => {
    const page = await admin.open(`${origin}/console/access/${path}`);
    return admin.submit(page, [['deed', deed], ['reason', 'a test'], ...more], `/console/access/${path}`);
  };

  it('puts access rules into force, and out of force, for the next request on every worker', async () => {
    const token = await backendToken();
    expect(await everywhere('Patient?_count=1', token)).toEqual([200]);
    const text = JSON.stringify({
      resourceType: 'Basic',
      code: {
        coding: [{ system: 'urn:embergate:CodeSystem:kinds', code: 'access-policy' }],
        text: 'Services see places alone',
      },
      extension: [
        { url: 'urn:embergate:access:for', extension: [{ url: 'role', valueCode: 'service' }] },
        {
          url: 'urn:embergate:access:rule',
          extension: [
            { url: 'name', valueString: 'places' },
            { url: 'type', valueCode: 'Location' },
            { url: 'action', valueCode: 'read' },
            { url: 'action', valueCode: 'search' },
          ],
        },
      ],
    });
    const kept = await change('policies/new', 'policy-save', [['text', text]]);
    expect(await everywhere('Patient?_count=1', token)).toEqual([403]);
    expect(await everywhere('Location?_count=1', token)).toEqual([200]);
    const id = /href="\/console\/access\/policies\/([^"]+)">Services see places alone/.exec(kept.text)![1]!;
    await change(`policies/${id}`, 'policy-remove', [['text', text]]);
    expect(await everywhere('Patient?_count=1', token)).toEqual([200]);
  });

  it('switches an app off on every worker, and its own tokens with it', async () => {
    const token = await backendToken();
    expect(await everywhere('Patient?_count=1', token)).toEqual([200]);
    await change('clients/demo-confidential', 'client-disable');
    expect(await everywhere('Patient?_count=1', token)).toEqual([401]);
    expect(await backendToken()).toBeUndefined();
    await change('clients/demo-confidential', 'client-enable');
    expect(await everywhere('Patient?_count=1', await backendToken())).toEqual([200]);
  });
});
