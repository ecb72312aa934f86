/** The answer to what is not an HTTP request, or not one that the limits allow. https://www.rfc-editor.org/rfc/rfc9112#section-2.2 */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { operationOutcome, type Issue } from '../../fhir/model/outcome.ts';

type Refusal = readonly [status: number, code: string, diagnostics: string];

/** Error code of node:http -> refusal. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [431, 'too-long', 'The headers are larger than 64 KB: send less of them'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too-long', 'The chunk extensions are too large: send none'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'The request did not arrive in time: send it again'],
};
const BROKEN: Refusal = [
  400,
  'structure',
  'This is not an HTTP/1.1 request: its framing or a header is broken',
];

/** Refuses what came over the socket and ends the connection; nothing is written into an answer that has begun. */
export function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  const begun = (socket as { _httpMessage?: ServerResponse })._httpMessage?.headersSent;
  if (!socket.writable || begun || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code, diagnostics] = REFUSALS[error.code ?? ''] ?? BROKEN;
  const issue: Issue = { severity: 'error', code, diagnostics };
  const body = JSON.stringify(operationOutcome([issue]));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: application/fhir+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
