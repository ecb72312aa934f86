/**
 * SMART discovery: what this authorization server can do. Only what works is listed; `test/e2e/smart/capabilities.test.ts` holds the list against
 * the tests that show it. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
 */
import type { JsonObject } from '../fhir/model/tree.ts';
import { BRANDS_PATH, brandIdentifier } from './brands.ts';
import { PLAIN_SCOPES } from './grant.ts';
import { ASSERTION_ALGORITHMS, AUTH_METHODS, ROUTES } from './provider.ts';
import type { SmartTenant } from './tenant.ts';

export const CAPABILITIES = [
  'launch-ehr',
  'launch-standalone',
  'authorize-post',
  'client-public',
  'client-confidential-symmetric',
  'client-confidential-asymmetric',
  'sso-openid-connect',
  'context-banner',
  'context-style',
  'context-ehr-patient',
  'context-ehr-encounter',
  'context-standalone-patient',
  'context-standalone-encounter',
  'permission-offline',
  'permission-online',
  'permission-patient',
  'permission-user',
  'permission-v1',
  'permission-v2',
] as const;

/** Scopes worth naming; any type and any filter can be asked for. */
const SCOPES = [
  ...PLAIN_SCOPES,
  'patient/*.cruds',
  'patient/*.rs',
  'user/*.cruds',
  'user/*.rs',
  'system/*.cruds',
  'system/*.rs',
  'patient/*.read',
  'patient/*.write',
  'user/*.read',
  'user/*.write',
];

export const APP_STATE_PATH = '/state';

export function smartConfiguration(tenant: SmartTenant): object {
  const at = (path: string): string => tenant.origin + tenant.mount + path;
  return {
    issuer: tenant.base,
    jwks_uri: at(ROUTES.jwks),
    authorization_endpoint: at(ROUTES.authorization),
    token_endpoint: at(ROUTES.token),
    userinfo_endpoint: at('/userinfo'),
    registration_endpoint: at(ROUTES.registration),
    introspection_endpoint: at(ROUTES.introspection),
    revocation_endpoint: at(ROUTES.revocation),
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    grant_types_supported: ['authorization_code', 'client_credentials'],
    response_types_supported: ['code'],
    scopes_supported: SCOPES,
    code_challenge_methods_supported: ['S256'],
    capabilities: CAPABILITIES,
    associated_endpoints: [{ url: at(APP_STATE_PATH), capabilities: ['smart-app-state'] }],
    user_access_brand_bundle: at(BRANDS_PATH),
    user_access_brand_identifier: brandIdentifier(tenant),
  };
}

/** What the CapabilityStatement says about the same, for apps that look there. */
export function securityOf(tenant: Pick<SmartTenant, 'origin' | 'mount'>): JsonObject {
  const at = (path: string): string => tenant.origin + tenant.mount + path;
  const endpoints = {
    authorize: at(ROUTES.authorization),
    token: at(ROUTES.token),
    register: at(ROUTES.registration),
    introspect: at(ROUTES.introspection),
    revoke: at(ROUTES.revocation),
  };
  return {
    cors: true,
    service: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
            display: 'SMART-on-FHIR',
          },
        ],
        text: 'OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)',
      },
    ],
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: Object.entries(endpoints).map(([url, valueUri]) => ({ url, valueUri })),
      },
    ],
  };
}
