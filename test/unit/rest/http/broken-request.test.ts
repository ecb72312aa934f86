// What is no request is answered in FHIR, unless an answer has begun.

import { describe, expect, it } from '@jest/globals';
import { PassThrough, type Duplex } from 'node:stream';
import { refuseBroken } from '../../../../src/rest/http/broken-request.ts';

const broken = (code?: string): NodeJS.ErrnoException =>
  Object.assign(new Error('Parse Error at /secret'), { code });

function answer(error: NodeJS.ErrnoException, begun?: boolean): { text: string; destroyed: boolean } {
  const socket: Duplex = Object.assign(new PassThrough(), { _httpMessage: { headersSent: begun } });
  refuseBroken(error, socket);
  return { text: String((socket.read() as Buffer | null) ?? ''), destroyed: socket.destroyed };
}

describe('refuseBroken', () => {
  it.each([
    ['HPE_HEADER_OVERFLOW', 431, 'too-long'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413, 'too-long'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'timeout'],
    ['HPE_INVALID_METHOD', 400, 'structure'],
    [undefined, 400, 'structure'],
  ])('answers %s with %d and an OperationOutcome of its length', (code, status, issue) => {
    const [head, body] = answer(broken(code)).text.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
    expect(head).toContain('connection: close');
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: issue }],
    });
    expect(body).not.toContain('secret');
  });

  it('writes nothing into an answer that has begun, nor to a client that is gone', () => {
    expect(answer(broken('HPE_INVALID_METHOD'), true)).toEqual({ text: '', destroyed: true });
    expect(answer(broken('ECONNRESET'))).toEqual({ text: '', destroyed: true });
  });
});
