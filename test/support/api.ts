/** A small FHIR client for tests: sends, and gives status, headers and the parsed body at once. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The body of whatever came: tests look into it freely.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface Api {
  readonly base: string;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  remove(path: string, headers?: Record<string, string>): Promise<Reply>;
}

export const FHIR_JSON = 'application/fhir+json';

/** `body` is sent as it is when it is text, as FHIR JSON otherwise. Paths are below the base; absolute URLs are taken as they are. */
export function apiOf(base: string): Api {
  const send: Api['send'] = async (method, path, body, headers = {}) => {
    const url = path.startsWith('http') ? path.replace('localhost', '127.0.0.1') : base + path;
    const response = await fetch(url, {
      method,
      headers: { ...(body !== undefined && { 'content-type': FHIR_JSON }), ...headers },
      body:
        body === undefined
          ? undefined
          : typeof body === 'string' || body instanceof Uint8Array
            ? (body as string)
            : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  };
  return {
    base,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body, headers) => send('PUT', path, body, headers),
    patch: (path, body, headers) => send('PATCH', path, body, headers),
    remove: (path, headers) => send('DELETE', path, undefined, headers),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let next = 0;
/** An id that no other test uses. */
export const freshId = (prefix = 't'): string =>
  `${prefix}-${process.pid}-${Date.now().toString(36)}-${next++}`;
