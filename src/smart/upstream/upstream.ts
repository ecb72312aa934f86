/**
 * Another OpenID provider as a way in: code flow with PKCE, state, nonce and issuer checked, by the library that is certified for it. Who comes back from
 * there is told by issuer and subject alone. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, https://www.rfc-editor.org/rfc/rfc9207
 */
import type * as Client from 'openid-client';

/** What of a tenant it needs. */
interface Place {
  readonly origin: string;
  readonly mount: string;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Upstream {
  readonly issuer: string;
  readonly clientId: string;
  /** absent: a public client */
  readonly clientSecret?: string;
  /** as a button says it: "the hospital" */
  readonly name: string;
  /** the claim that is the user name of the account here; absent: an account is linked by its owner or the operator alone */
  readonly usernameClaim?: string;
}

export const UPSTREAM_PATH = '/upstream';
export const CALLBACK_PATH = '/upstream/callback';

/** What a browser brings back has to fit. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Who came back, as the provider says. */
export interface UpstreamPerson {
  readonly issuer: string;
  readonly subject: string;
  /** from the id_token: whoever relies on one looks at what it is worth */
  readonly claims: Readonly<Record<string, unknown>>;
}

interface Known {
  readonly configuration: Client.Configuration;
  readonly at: number;
}

const known = new WeakMap<Upstream, Known>();
/** How long the provider's description is gone by (ms). */
const KEPT_MS = 600_000;
const FETCH_MS = 5000;
const FETCH_BYTES = 262_144;

/** The library is loaded when someone comes this way. */
async function configured({ fetch }: Place, upstream: Upstream): Promise<Client.Configuration> {
  const kept = known.get(upstream);
  if (kept && Date.now() - kept.at < KEPT_MS) return kept.configuration;
  const client = await import('openid-client');
  const configuration = await client.discovery(
    new URL(upstream.issuer),
    upstream.clientId,
    undefined,
    upstream.clientSecret === undefined ? client.None() : client.ClientSecretBasic(upstream.clientSecret),
    {
      timeout: FETCH_MS / 1000,
      ...(fetch && { [client.customFetch]: throughEgress(fetch) }),
      // Only where the operator has allowed it does the way out take http.
      ...(upstream.issuer.startsWith('http:') && { execute: [client.allowInsecureRequests] }),
    },
  );
  known.set(upstream, { configuration, at: Date.now() });
  return configuration;
}

/** The guarded way out takes texts and has limits of its own. */
function throughEgress(fetch: typeof globalThis.fetch): Client.CustomFetch {
  return (url, { body, method, headers, signal }) => {
    const limits = { ms: FETCH_MS, bytes: FETCH_BYTES };
    const sent = body instanceof URLSearchParams ? body.toString() : body;
    const init = { method, headers, limits, ...(signal && { signal }), ...(sent && { body: sent }) };
    return fetch(url, init);
  };
}

const callbackOf = ({ origin, mount }: Place): string => origin + mount + CALLBACK_PATH;

/** Where the browser is sent, and what it has to bring back. `maxAge`: how old the sign-in there may be, in seconds. */
export async function upstreamAddress(
  tenant: Place,
  upstream: Upstream,
  again: boolean,
): Promise<{ readonly address: string; readonly checks: Checks }> {
  const configuration = await configured(tenant, upstream);
  const client = await import('openid-client');
  const checks: Checks = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
  };
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: callbackOf(tenant),
    scope: upstream.usernameClaim === 'email' ? 'openid email' : 'openid profile',
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
    code_challenge_method: 'S256',
    ...(again && { prompt: 'login' }),
  });
  return { address: address.href, checks };
}

/** Who has come back with this query. Throws where anything of it does not hold. */
export async function upstreamPerson(
  tenant: Place,
  upstream: Upstream,
  query: string,
  checks: Checks,
): Promise<UpstreamPerson> {
  const configuration = await configured(tenant, upstream);
  const client = await import('openid-client');
  const tokens = await client.authorizationCodeGrant(
    configuration,
    new URL(`${callbackOf(tenant)}?${query}`),
    {
      expectedState: checks.state,
      expectedNonce: checks.nonce,
      pkceCodeVerifier: checks.verifier,
      idTokenExpected: true,
    },
  );
  const claims = tokens.claims()!;
  return { issuer: claims.iss, subject: claims.sub, claims };
}
