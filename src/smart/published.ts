/** What anybody may read of the authorization server, from any page: discovery, brands, style. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendBrands } from './brands.ts';
import { smartConfiguration } from './discovery.ts';
import * as http from './http.ts';
import { SMART_STYLE } from './style.ts';
import type { SmartTenant } from './tenant.ts';

interface At {
  readonly tenant: SmartTenant;
}

export async function discover(
  { tenant }: At,
  _asked: unknown,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'OPTIONS') return openPreflight(response);
  http.sendJson(response, 200, smartConfiguration(tenant), {
    ...http.OPEN_CORS,
    'cache-control': 'no-cache',
  });
}

export async function brands(
  { tenant }: At,
  _asked: unknown,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'OPTIONS') return openPreflight(response);
  sendBrands(tenant, request, response);
}

export async function style(_at: At, _asked: unknown, request: IncomingMessage, response: ServerResponse) {
  if (request.method === 'OPTIONS') return openPreflight(response);
  const kept = { 'cache-control': 'public, max-age=31536000, immutable' };
  http.sendJson(response, 200, SMART_STYLE, { ...http.OPEN_CORS, ...kept });
}

export function openPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    ...http.OPEN_CORS,
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, If-None-Match',
    'access-control-max-age': '3600',
  });
  response.end();
}
