/** Cross-origin requests from browser apps. https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { IncomingMessage, ServerResponse } from 'node:http';

const EXPOSED =
  'Content-Location, ETag, Idempotency-Replayed, Last-Modified, Location, WWW-Authenticate, X-Request-Id';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const HEADERS =
  'Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Origin, Prefer, X-Purpose-Of-Use, X-Requested-With, X-Request-Id';

/** Headers for the answer to a request that names its origin; none for other requests and for origins that are not allowed. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined || !allowed(origin, origins)) return {};
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED };
}

const allowed = (origin: string, origins: readonly string[]): boolean =>
  origins.includes('*') || origins.includes(origin);

/** Answers OPTIONS. */
export function preflight(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  const cors = corsHeaders(request, origins);
  const headers = {
    ...cors,
    allow: METHODS,
    vary: 'Origin, Access-Control-Request-Headers',
    ...(cors['access-control-allow-origin'] && {
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': HEADERS,
      'access-control-max-age': '600',
    }),
  };
  response.writeHead(204, headers as Record<string, string>);
  response.end();
}
