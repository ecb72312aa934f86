/** Behind a proxy that ends TLS: addresses and cookies are those of PUBLIC_URL, whatever a request claims. https://www.rfc-editor.org/rfc/rfc9700#section-4.11 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

const PUBLIC = 'https://fhir.example.test';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

describe('behind a proxy', () => {
  let server: SmartServer;
  beforeAll(async () => {
    server = await startSmartServer({ settings: { PUBLIC_URL: PUBLIC } });
    await addClients(server);
  });
  afterAll(() => server.stop());

  const get = (path: string, headers: Record<string, string>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.origin);
      const sent = request({ hostname, port, path, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject).end();
    });

  const lies = {
    host: 'evil.test',
    'x-forwarded-host': 'evil.test',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.test',
  };

  it('[4] no address is made from what a request claims', async () => {
    for (const path of ['/fhir/.well-known/smart-configuration', '/fhir/.well-known/openid-configuration']) {
      const { text } = await get(path, lies);
      expect(text).not.toContain('evil.test');
      expect(text).toContain(`"token_endpoint":"${PUBLIC}/oidc/token"`);
      expect(text).toContain(`"issuer":"${PUBLIC}/fhir"`);
    }
  });

  it('[6] cookies are Secure, HttpOnly and kept to this site, and the pages go on at the public address', async () => {
    const { url } = flow.authorization(server, { over: { aud: `${PUBLIC}/fhir` } });
    const { pathname, search } = new URL(url);
    const start = await get(pathname + search, lies);
    expect(start.status).toBe(303);
    const cookies = start.headers['set-cookie'] as string[];
    expect(cookies.length).toBeGreaterThan(1);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; secure/i);
      expect(cookie).toMatch(/; httponly/i);
      expect(cookie).toMatch(/; samesite=lax/i);
    }
    const cookie = cookies.map((one) => one.split(';')[0]).join('; ');
    const location = new URL(String(start.headers['location']), PUBLIC);
    const page = await get(location.pathname, { ...lies, cookie });
    expect(page.status).toBe(200);
    expect(page.text).toContain('name="password"');
    expect(page.text).not.toContain('evil.test');
  });
});

it('[17] [45] behind a proxy of ours, attempts are counted by what it saw, not by its own address', async () => {
  const server = await startSmartServer({ settings: { TRUSTED_PROXIES: '1' } });
  try {
    const register = async (from: string): Promise<number> => {
      const response = await fetch(`${server.origin}/oidc/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
        body: JSON.stringify({
          redirect_uris: ['https://app.example.org/'],
          token_endpoint_auth_method: 'none',
        }),
      });
      await response.text();
      return response.status;
    };
    for (let i = 0; i < 30; i++) expect(await register('192.0.2.1')).toBe(201);
    expect([await register('192.0.2.1'), await register('192.0.2.2')]).toEqual([429, 201]);
  } finally {
    await server.stop();
  }
});
