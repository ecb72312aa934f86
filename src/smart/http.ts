/**
 * The HTTP of the authorization server: bodies are read here, within bounds and before the library, and answers of our own are written here.
 * https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export const MOST_FORM_BYTES = 56 * 1024;

export class TooLarge extends Error {}

/** The whole body. Throws TooLarge, and leaves the rest unread. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw new TooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const isForm = (request: IncomingMessage): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(request.headers['content-type'] ?? '');

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(request, MOST_FORM_BYTES)).toString('utf8'));
}

/** Gives a request whose body was read a body again, perhaps another one, for the library to read. */
export function replay(request: IncomingMessage, body: string | Buffer): void {
  const bytes = Buffer.from(body as string);
  request.headers['content-length'] = String(bytes.length);
  delete request.headers['transfer-encoding'];
  Object.defineProperty(request, 'readable', { value: true, configurable: true });
  Object.defineProperty(request, 'iterator', {
    configurable: true,
    value: async function* once() {
      yield bytes;
    },
  });
}

export type Headers = Readonly<Record<string, string>>;

export const NO_STORE: Headers = { 'cache-control': 'no-store', pragma: 'no-cache' };
/** Readable from any page: discovery. */
export const OPEN_CORS: Headers = { 'access-control-allow-origin': '*' };

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Headers = {},
): void {
  send(response, status, JSON.stringify(body), {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
  });
}

export function send(response: ServerResponse, status: number, text: string, headers: Headers): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    'content-length': bytes.length,
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

/** After a POST: 303, so that the browser goes on with GET and sends no form along. */
export function seeOther(response: ServerResponse, location: string, headers: Headers = {}): void {
  response.writeHead(303, {
    location,
    'content-length': 0,
    'referrer-policy': 'no-referrer',
    ...NO_STORE,
    ...headers,
  });
  response.end();
}

export function oauthError(
  response: ServerResponse,
  status: number,
  error: string,
  description: string,
  headers: Headers = {},
): void {
  sendJson(response, status, { error, error_description: description }, { ...NO_STORE, ...headers });
}
