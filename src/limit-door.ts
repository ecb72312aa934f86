/**
 * Before everything else: whoever asks too often is told when to come again, in the way of what was asked. What watches over the server is let pass.
 * https://www.rfc-editor.org/rfc/rfc6585#section-4, https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { throttled, inWords, type RequestLimits } from './access/limits/limits.ts';
import { operationOutcome } from './fhir/model/outcome.ts';
import { corsHeaders } from './rest/http/cors.ts';
import { networkOf } from './smart/attempts.ts';
import { clientAddress } from './smart/client-address.ts';

export interface LimitDoorOptions {
  readonly limits: RequestLimits;
  /** reverse proxies of ours that stand in front */
  readonly proxies: number;
  readonly corsOrigins: readonly string[];
  /** what a person is shown */
  readonly page: (seconds: number) => {
    readonly headers: Readonly<Record<string, string>>;
    readonly html: string;
  };
  /** called for each refusal, for the metrics */
  readonly observe: (seen: { readonly method: string; readonly requestId: string }) => void;
}

/** Who is never refused: probes would restart a server that is only busy. */
const WATCHERS = /^\/(?:healthz|readyz)$/;
const FHIR = /^(?:\/t\/[a-z0-9-]{1,40})?\/fhir(?:[/?]|$)/;
/** Where access begins or ends. */
const BEGINNINGS =
  /^(?:\/t\/[a-z0-9-]{1,40})?\/oidc\/(?:authorize|token|revoke|register|logout|interaction|sign-in|sign-out)(?:[/?]|$)/;
/** What is posted to by programs, and often. */
const OFTEN = /^(?:\/t\/[a-z0-9-]{1,40})?\/oidc\/(?:introspect|userinfo|state)(?:[/?]|$)/;

const isForm = (method: string, path: string): boolean =>
  BEGINNINGS.test(path) || (method === 'POST' && !FHIR.test(path) && !OFTEN.test(path));

/** A listener that answers who has asked too often, and gives false for everyone else. */
export function limitDoor(
  options: LimitDoorOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const network = networks(options.proxies);
  return (request, response) => {
    const { method = '', url = '' } = request;
    const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
    if (method === 'OPTIONS' || WATCHERS.test(path)) return false;
    const from = network(request);
    const seconds = options.limits.address(from) || (isForm(method, path) ? options.limits.form(from) : 0);
    if (seconds === 0) return false;
    refuse(options, request, response, FHIR.test(path), seconds);
    return true;
  };
}

const MOST_KNOWN = 10_000;

/** The network that a request comes from, which for IPv6 is all that one household has. */
export function networks(proxies: number): (request: IncomingMessage) => string {
  const known = new Map<string, string>();
  return (request) => {
    const address = clientAddress(request, proxies);
    let network = known.get(address);
    if (network === undefined) {
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(address, (network = networkOf(address)));
    }
    return network;
  };
}

function refuse(
  { corsOrigins, page, observe }: LimitDoorOptions,
  request: IncomingMessage,
  response: ServerResponse,
  isFhir: boolean,
  seconds: number,
): void {
  const requestId = randomUUID();
  const wantsPage = /\btext\/html\b/.test(request.headers.accept ?? '') && !isFhir;
  const { headers, text } = isFhir
    ? asOutcome(seconds)
    : wantsPage
      ? asPage(page(seconds))
      : asOAuth(seconds);
  // The body is read and thrown away, since a connection that is cut at once often takes the answer with it.
  request.resume();
  response.writeHead(429, {
    'retry-after': String(seconds),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    'content-length': Buffer.byteLength(text),
    ...corsHeaders(request, corsOrigins),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
  observe({ method: request.method ?? '', requestId });
}

interface Said {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const asOutcome = (seconds: number): Said => ({
  headers: { 'content-type': 'application/fhir+json; charset=utf-8' },
  text: JSON.stringify(operationOutcome(throttled(seconds).issues)),
});

const asPage = ({ headers, html }: ReturnType<LimitDoorOptions['page']>): Said => ({ headers, text: html });

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 knows no code for it; `temporarily_unavailable` is that of its section 4.1.2.1. */
const asOAuth = (seconds: number): Said => ({
  headers: { 'content-type': 'application/json; charset=utf-8' },
  text: JSON.stringify({
    error: 'temporarily_unavailable',
    error_description: `Too many requests from your address: send the next one in ${inWords(seconds)}`,
  }),
});
