// One keep-alive HTTP/1.1 connection on a bare socket: it costs the driver little, so the cores stay with the server.
// https://www.rfc-editor.org/rfc/rfc9112

import { connect as connectSocket, type Socket } from 'node:net';

/** `head` is the status line and header fields as text; `body` the bytes without transfer coding. */
export type Answer = { readonly status: number; readonly head: string; readonly body: Buffer };

export type Connection = {
  /** Sends one whole request and resolves to its answer. One request at a time. Rejects when the connection breaks. */
  send(request: string | Buffer): Promise<Answer>;
  close(): void;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** The bytes that an answer takes in all: undefined until its head is whole, or for a chunked one that is not whole. */
type Extent = { readonly total: number; readonly answer: () => Answer };

function extentOf(bytes: Buffer): Extent | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + HEAD_END.length;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return chunkedExtent(bytes, start, status, head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? '0';
  const total = start + Number(length);
  return { total, answer: () => ({ status, head, body: bytes.subarray(start, total) }) };
}

function chunkedExtent(bytes: Buffer, start: number, status: number, head: string): Extent | undefined {
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const from = lineEnd + LINE_END.length;
    at = from + size + LINE_END.length;
    if (at > bytes.length) return undefined;
    if (size === 0) return { total: at, answer: () => ({ status, head, body: Buffer.concat(parts) }) };
    parts.push(bytes.subarray(from, from + size));
  }
}

type Waiting = { readonly done: (answer: Answer) => void; readonly fail: (error: Error) => void };

/** Joins chunks and calls `whole` once an answer is complete; a body of known length is joined only once. */
function assembler(whole: (answer: Answer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = 0;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    const extent = extentOf(bytes);
    needed = extent?.total ?? 0;
    if (extent !== undefined && size >= needed) {
      [chunks, size, needed] = [[], 0, 0];
      whole(extent.answer());
    } else {
      chunks = [bytes];
    }
  };
}

function overSocket(socket: Socket): Connection {
  let waiting: Waiting | undefined;
  const settle = (): Waiting | undefined => {
    const current = waiting;
    waiting = undefined;
    return current;
  };
  socket.on(
    'data',
    assembler((answer) => settle()?.done(answer)),
  );
  socket.on('error', (error) => settle()?.fail(error));
  socket.on('close', () => settle()?.fail(new Error('The server closed the connection')));
  return {
    send: (request) =>
      new Promise((done, fail) => {
        waiting = { done, fail };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** Opens a connection to a port of this machine. */
export function connect(port: number): Promise<Connection> {
  return new Promise((done, fail) => {
    const socket = connectSocket({ host: '127.0.0.1', port, noDelay: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      done(overSocket(socket));
    });
  });
}

/** The text of a request with the header fields of a FHIR client, and more or others (in small letters). */
export function requestText(
  method: string,
  path: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): string {
  const usual = {
    host: '127.0.0.1',
    accept: 'application/fhir+json',
    ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
  };
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const fields = Object.entries({ ...usual, ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n${body ?? ''}`;
}
