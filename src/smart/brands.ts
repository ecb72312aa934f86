/**
 * The user-access brand of this place: what a person looks for when an app asks where their record is. A Bundle that changes only with the
 * configuration. https://hl7.org/fhir/smart-app-launch/STU2.2/brands.html
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OPEN_CORS, send } from './http.ts';
import type { SmartTenant } from './tenant.ts';

export const BRANDS_PATH = '/brands';

const DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition';
/** When this form of the bundle was settled: the same on every thread, so that its ETag is. */
const SETTLED = '2026-11-24T00:00:00Z';

export const brandIdentifier = ({ base }: SmartTenant): object => ({
  system: 'urn:ietf:rfc:3986',
  value: base,
});

export function brandsBundle(tenant: SmartTenant): object {
  const { base, origin, site } = tenant;
  const organization = `${origin}${tenant.mount}${BRANDS_PATH}/Organization/brand`;
  const endpoint = `${origin}${tenant.mount}${BRANDS_PATH}/Endpoint/r4`;
  return {
    resourceType: 'Bundle',
    id: 'brands',
    meta: { lastUpdated: SETTLED },
    type: 'collection',
    timestamp: SETTLED,
    entry: [
      { fullUrl: organization, resource: brandOf(site, origin, base, endpoint) },
      { fullUrl: endpoint, resource: endpointOf(site, base, origin) },
    ],
  };
}

function brandOf(site: string, origin: string, base: string, endpoint: string): object {
  const portal = [
    { url: 'portalName', valueString: `${site} record access` },
    { url: 'portalUrl', valueUrl: `${origin}/account` },
    { url: 'portalEndpoint', valueReference: { reference: endpoint, display: 'FHIR R4' } },
  ];
  return {
    resourceType: 'Organization',
    id: 'brand',
    extension: [{ url: `${DEFINITIONS}/organization-portal`, extension: portal }],
    identifier: [{ system: 'urn:ietf:rfc:3986', value: base }],
    active: true,
    name: site,
    telecom: [{ system: 'url', value: origin }],
    endpoint: [{ reference: endpoint, display: 'FHIR R4' }],
  };
}

function endpointOf(site: string, base: string, origin: string): object {
  return {
    resourceType: 'Endpoint',
    id: 'r4',
    extension: [{ url: `${DEFINITIONS}/endpoint-fhir-version`, valueCode: '4.0.1' }],
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'hl7-fhir-rest',
    },
    name: `${site} FHIR R4`,
    contact: [{ system: 'url', value: origin }],
    payloadType: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type', code: 'none' }] },
    ],
    address: base,
  };
}

export function sendBrands(tenant: SmartTenant, request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(brandsBundle(tenant));
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  const headers = {
    etag,
    'cache-control': 'public, max-age=3600',
    ...OPEN_CORS,
    'access-control-expose-headers': 'ETag',
  };
  const held = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim());
  if (held.includes(etag) || held.includes('*')) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  send(response, 200, body, { 'content-type': 'application/fhir+json; charset=utf-8', ...headers });
}
