/** Client assertions for the suites: right ones, and wrong in any part. https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { SmartServer } from '../../support/smart-server.ts';
import { post, type TokenAnswer } from './flow.ts';

export interface KeyPair {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function keyPair(alg: string, kid: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface AssertionOver {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** `undefined` in `over` leaves a member out. */
export async function assertion(
  server: SmartServer,
  clientId: string,
  { alg, kid, privateKey }: KeyPair,
  over: AssertionOver = {},
): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: `${server.origin}/oidc/token`,
    jti: randomUUID(),
    iat: seconds,
    exp: seconds + 240,
    ...over.claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(claims)))
    .setProtectedHeader(JSON.parse(JSON.stringify({ alg, kid, typ: 'JWT', ...over.header })))
    .sign(privateKey);
}

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function backendToken(
  server: SmartServer,
  signed: string,
  scope = 'system/Patient.rs',
  more: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  return post(`${server.origin}/oidc/token`, {
    grant_type: 'client_credentials',
    scope,
    client_assertion_type: JWT_BEARER,
    client_assertion: signed,
    ...more,
  });
}

export const backendClient = (id: string, keys: readonly KeyPair[], more: object = {}) => ({
  client_id: id,
  client_name: 'Backend',
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: keys.map(({ publicJwk }) => publicJwk) },
  smart_scopes: 'system/Patient.rs system/Observation.rs',
  ...more,
});
