/** Key sets of clients by URL. https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { assertion, backendClient, backendToken, keyPair, type KeyPair } from './assertion.ts';

describe('key sets', () => {
  let server: SmartServer;
  beforeAll(async () => {
    server = await startSmartServer({ settings: { EGRESS_ALLOW: '127.0.0.1' } });
  });
  afterAll(() => server.stop());

  describe('key sets by URL', () => {
    let keys: KeyPair;
    let published: { keys: unknown[]; cache: string | undefined; asked: number };
    let host: Server;
    let uri: string;
    beforeAll(async () => {
      keys = await keyPair('RS384', 'by-url');
      published = { keys: [keys.publicJwk], cache: undefined, asked: 0 };
      host = createServer((_request, response) => {
        published.asked++;
        if (published.cache !== undefined) response.setHeader('cache-control', published.cache);
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published.keys }));
      });
      await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
      uri = `http://127.0.0.1:${(host.address() as AddressInfo).port}/jwks`;
    });
    afterAll(() => new Promise((done) => host.close(done)));

    const byUrl = (id: string) => server.client(backendClient(id, [], { jwks: undefined, jwks_uri: uri }));
    const token = async (id: string) => backendToken(server, await assertion(server, id, keys));

    it('are fetched, kept as long as they say, and a withdrawn key is refused at once', async () => {
      published.cache = 'max-age=3600';
      await byUrl('kept');
      for (let i = 0; i < 4; i++) expect((await token('kept')).status).toBe(200);
      // Once in each of the two threads.
      expect(published.asked).toBeLessThanOrEqual(2);
    });

    it('[13] a key that is withdrawn from a set that is not to be kept is refused at once', async () => {
      published.cache = 'no-store';
      await byUrl('withdrawn');
      for (let i = 0; i < 4; i++) expect((await token('withdrawn')).status).toBe(200);
      const other = await keyPair('RS384', 'new');
      published.keys = [other.publicJwk];
      for (let i = 0; i < 2; i++) {
        const refused = await token('withdrawn');
        expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
        expect(refused.body.error_description).toContain(
          'by-url is not in the registered key set, which has new',
        );
      }
      published.keys = [keys.publicJwk];
    });

    it('[16] without leave, addresses of our own network are not fetched', async () => {
      const guarded = await startSmartServer();
      try {
        await guarded.client(backendClient('inside', [], { jwks: undefined, jwks_uri: uri }));
        const before = published.asked;
        const answer = await backendToken(guarded, await assertion(guarded, 'inside', keys));
        expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
        expect(published.asked).toBe(before);
      } finally {
        await guarded.stop();
      }
    });
  });
});
