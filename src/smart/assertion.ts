/**
 * What SMART asks of a client's assertion beyond its signature: the kid names one key, `jku` the registered set, and it lives five minutes at most.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#signature-verification
 */
import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';

const MOST_SECONDS = 300;
const SKEW = 60;

interface AssertionHeader {
  readonly kid?: unknown;
  readonly typ?: unknown;
  readonly jku?: unknown;
}

interface AssertionClaims {
  readonly exp?: number;
  readonly iss?: string;
  readonly sub?: string;
}

/** Called once the signature holds. */
export async function checkAssertion(
  _ctx: KoaContextWithOIDC,
  claims: AssertionClaims,
  header: AssertionHeader,
  client: Client,
): Promise<void> {
  const { kid, typ, jku } = header;
  if (typeof kid !== 'string') refuse('kid is missing from the header: it must name the key that signed');
  const named = keysOf(client).filter((key) => key.kid === kid);
  if (named.length !== 1) refuse(`kid names ${named.length} keys of the registered set: it must name one`);
  if (typ !== undefined && typ !== 'JWT') refuse('typ must be JWT');
  if (jku !== undefined && jku !== client.jwksUri) refuse('jku is not the registered jwks_uri');
  if (claims.sub !== claims.iss) refuse('iss and sub must both be the client_id');
  if ((claims.exp ?? 0) > Math.floor(Date.now() / 1000) + MOST_SECONDS + SKEW) {
    refuse(`exp is more than ${MOST_SECONDS} seconds ahead`);
  }
}

interface RegisteredKey {
  readonly kid?: string;
}

export const keysOf = (client: Client): readonly RegisteredKey[] => [
  ...(client as unknown as { asymmetricKeyStore: Iterable<RegisteredKey> }).asymmetricKeyStore,
];

function refuse(detail: string): never {
  throw new errors.InvalidClientAuth(detail);
}
