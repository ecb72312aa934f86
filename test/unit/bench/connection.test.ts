// The driver's own HTTP connection reads what a server may send, however it is cut into pieces.

import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, requestText } from '../../../bench/connection.ts';

/** A server that answers each request with the given pieces, one after another. */
async function serve(pieces: readonly string[]): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', () => void sendSlowly());
    const sendSlowly = async (): Promise<void> => {
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(5);
      }
    };
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}

describe('connection', () => {
  let server: Server;
  afterEach(() => void server.close());

  it.each([
    ['in one piece', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'], 200, 'hello'],
    ['with the head cut', ['HTTP/1.1 200 OK\r\nConte', 'nt-Length: 5\r\n\r\nhel', 'lo'], 200, 'hello'],
    ['without a body', ['HTTP/1.1 204 No Content\r\nETag: W/"1"\r\n\r\n'], 204, ''],
    [
      'in chunks',
      ['HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '2\r\nlo\r\n', '0\r\n\r\n'],
      201,
      'hello',
    ],
  ])('reads an answer %s, twice', async (_name, pieces, status, text) => {
    const started = await serve(pieces);
    server = started.server;
    const connection = await connect(started.port);
    for (let turn = 0; turn < 2; turn++) {
      const answer = await connection.send(requestText('GET', '/', undefined));
      expect({ status: answer.status, text: answer.body.toString('utf8') }).toEqual({ status, text });
    }
    connection.close();
  });

  it('says how long a body is in bytes', () => {
    expect(requestText('POST', '/fhir', 'ü')).toContain('content-length: 2\r\n\r\nü');
  });
});
