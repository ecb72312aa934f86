/**
 * The key pair of a backend service, and the assertion that it signs: for the demo, for commands and for tests.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
 */
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, importJWK, SignJWT, type JWK } from 'jose';

export type Jwk = JWK;
export type BackendAlgorithm = 'RS384' | 'ES384';

export interface BackendKeys {
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const LIVES_SECONDS = 240;

export async function newBackendKeys(alg: BackendAlgorithm = 'ES384'): Promise<BackendKeys> {
  const make = promisify(generateKeyPair);
  const { privateKey } =
    alg === 'RS384' ? await make('rsa', { modulusLength: 3072 }) : await make('ec', { namedCurve: 'P-384' });
  const jwk = privateKey.export({ format: 'jwk' }) as JWK;
  const privateJwk = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg };
  return { privateJwk, publicJwk: publicPart(privateJwk) };
}

export function publicPart(jwk: JWK): JWK {
  const open = Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.includes(name) && name !== 'key_ops');
  return Object.fromEntries(open);
}

/** A JSON Web Token for `client_assertion`: for one token endpoint, one use, the next minutes. `now` in ms. */
export async function signAssertion(
  jwk: JWK,
  clientId: string,
  tokenEndpoint: string,
  now = Date.now(),
): Promise<string> {
  const alg = jwk.alg ?? (jwk.kty === 'RSA' ? 'RS384' : 'ES384');
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ iss: clientId, sub: clientId, aud: tokenEndpoint, jti: randomUUID() })
    .setProtectedHeader({ alg, kid: jwk.kid, typ: 'JWT' })
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIVES_SECONDS)
    .sign(await importJWK(jwk, alg));
}
