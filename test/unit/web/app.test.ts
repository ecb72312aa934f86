// The frame around FHIR: liveness, readiness, metrics, and plain words for everything else.

import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webApp, type AppOptions } from '../../../src/web/app.ts';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function get(path: string, options: Partial<AppOptions> = {}): Promise<[number, string]> {
  const app = webApp({
    ready: async () => undefined,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'requests 1\n' }),
    publicUrl: 'http://localhost:8080',
    ...options,
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return [response.status, await response.text()];
}

const failing = async (): Promise<never> => {
  throw new Error('a secret of the store');
};

describe('webApp', () => {
  it.each([
    ['/healthz', 200, '{"status":"ok"}'],
    ['/readyz', 200, '{"status":"ready"}'],
    ['/metrics', 200, 'requests 1\n'],
    ['/', 200, 'Embergate, a FHIR R4 server. The FHIR base is http://localhost:8080/fhir\n'],
    ['/nothing', 404, 'There is nothing at /nothing. The FHIR base is http://localhost:8080/fhir\n'],
  ])('%s is %d', async (path, status, text) => {
    expect(await get(path)).toEqual([status, text]);
  });

  it('lives, and is not ready, while the store does not answer', async () => {
    expect((await get('/healthz', { ready: failing }))[0]).toBe(200);
    expect(await get('/readyz', { ready: failing })).toEqual([503, '{"status":"the store does not answer"}']);
  });

  it('shows nothing of an error', async () => {
    const [status, text] = await get('/metrics', { metrics: failing });
    expect([status, text]).toEqual([500, 'The server failed to answer this\n']);
  });
});
