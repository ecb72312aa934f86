/**
 * oidc-provider, configured for SMART App Launch: one Provider a tenant and thread, all of its state in the token store.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/, https://github.com/panva/node-oidc-provider/blob/v9.x/docs/README.md
 */
import Provider, { errors, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { ACR_VALUES } from './acr.ts';
import { tokenAdapter } from './adapter.ts';
import { checkAssertion } from './assertion.ts';
import { newSecret, verifySecret } from './client-secret.ts';
import { registeredOrigins } from './cors.ts';
import { contextOf, ONLINE_SECONDS, PLAIN_SCOPES, TOKEN_SECONDS } from './grant.ts';
import { audienceOf, BACKEND_SECONDS, resourceServerOf, text } from './resource-server.ts';
import { isOldSecret } from './old-secret.ts';
import { checkLaunch } from './check-launch.ts';
import { renderProblem } from './render-problem.ts';
import { hostCookie, pathCookie } from './cookie-name.ts';
import { hasScope } from './scope-policy.ts';
import type { KeySet } from './signing-keys.ts';
import { stepsPolicy } from './steps.ts';
import { absolute, type SmartTenant } from './tenant.ts';

/** Addresses below the mount of a tenant. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/token',
  jwks: '/jwks',
  introspection: '/introspect',
  revocation: '/revoke',
  registration: '/register',
  end_session: '/logout',
} as const;

/** Algorithms of a client's assertion; SMART asks for the first two. */
export const ASSERTION_ALGORITHMS = ['RS384', 'ES384', 'RS256', 'ES256'] as const;
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/** What a client's record has beyond the members that OAuth registers. */
export const CLIENT_EXTRAS = [
  'smart_scopes',
  'launch_uri',
  'skip_consent',
  'registered_by',
  'introspects',
  'allowed_origins',
  'state_codes',
] as const;

export const SESSION_SECONDS = 8 * 3600;
const INTERACTION_SECONDS = 3600;
const YEAR_SECONDS = 365 * 86_400;
const CODE_SECONDS = 60;
/** how far the clock of a client may be off */
export const SKEW_SECONDS = 60;
const MOST_JWKS_BYTES = 65_536;

/** `fetch` is for the key sets of clients. */
export function smartProvider(tenant: SmartTenant, keySet: KeySet, fetch: typeof globalThis.fetch): Provider {
  const provider = new Provider(tenant.base, configuration(tenant, keySet, fetch));
  // The library waits for the answer, though its type says otherwise.
  provider.Client.prototype.compareClientSecret = async function compare(
    this: { readonly clientId: string; readonly clientSecret?: string },
    presented: string,
  ) {
    if (verifySecret(this.clientSecret ?? '', presented)) return true;
    return isOldSecret(tenant.tokens, this.clientId, presented, Date.now());
  };
  return provider;
}

function configuration(tenant: SmartTenant, keySet: KeySet, fetch: typeof globalThis.fetch): Configuration {
  return {
    adapter: tokenAdapter(tenant.tokens, tenant.keys),
    jwks: { keys: keySet.keys },
    routes: ROUTES,
    cookies: cookies(tenant),
    discovery: { userinfo_endpoint: `${tenant.origin}${tenant.mount}/userinfo` },
    responseTypes: ['code'],
    acrValues: [...ACR_VALUES],
    scopes: [...PLAIN_SCOPES],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      fhirUser: ['fhirUser'],
      profile: ['name', 'profile'],
    },
    conformIdTokenClaims: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    clientAuthMethods: [...AUTH_METHODS],
    clientDefaults: { token_endpoint_auth_method: 'client_secret_basic' },
    enabledJWA: {
      clientAuthSigningAlgValues: [...ASSERTION_ALGORITHMS],
      idTokenSigningAlgValues: ['RS256', 'ES384'],
    },
    clockTolerance: SKEW_SECONDS,
    pkce: { required: requirePkce },
    extraParams: {
      aud: null,
      launch: (ctx, value, client) => checkLaunch(tenant, ctx, value, client),
    },
    extraClientMetadata: { properties: [...CLIENT_EXTRAS] },
    assertJwtClientAuthClaimsAndHeader: checkAssertion,
    clientBasedCORS: (_ctx, origin, client) => registeredOrigins(client).includes(origin),
    findAccount: (_ctx, id) => accountOf(tenant, id),
    extraTokenClaims: async (_ctx, token) =>
      'grantId' in token && token.grantId !== undefined
        ? { ...(await contextOf(tenant.tokens, token.grantId))?.extra }
        : undefined,
    loadExistingGrant: async ({ oidc }) => {
      const grantId = (oidc as { result?: { consent?: { grantId?: string } } }).result?.consent?.grantId;
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId);
    },
    expiresWithSession: () => false,
    issueRefreshToken: async (_ctx, client, { scope = '' }) =>
      client.grantTypeAllowed('refresh_token') &&
      (hasScope(scope, 'offline_access') || hasScope(scope, 'online_access')),
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    interactions: {
      policy: stepsPolicy(tenant),
      url: (_ctx, { uid }) => `${tenant.mount}/interaction/${uid}`,
    },
    renderError: (ctx, out, error) => renderProblem(tenant, ctx, out, error),
    ttl: LIFETIMES,
    fetch: withoutDispatcher(fetch),
    fetchResponseBodyLimits: { jwks_uri: MOST_JWKS_BYTES },
    features: features(tenant),
  };
}

function cookies(tenant: SmartTenant): Configuration['cookies'] {
  const secure = tenant.origin.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', secure, signed: true } as const;
  return {
    names: {
      session: hostCookie(tenant.origin, `embergate_${tenant.name}`),
      interaction: pathCookie(tenant.origin, `embergate_step_${tenant.name}`),
      resume: pathCookie(tenant.origin, `embergate_resume_${tenant.name}`),
    },
    keys: [...tenant.keys.cookies],
    long: cookie,
    short: cookie,
  };
}

/** Seconds; what hangs on a grant never outlives it. */
const LIFETIMES: Configuration['ttl'] = {
  AccessToken: (ctx) => Math.min(TOKEN_SECONDS, left(ctx)),
  AuthorizationCode: CODE_SECONDS,
  ClientCredentials: BACKEND_SECONDS,
  Grant: TOKEN_SECONDS,
  IdToken: TOKEN_SECONDS,
  Interaction: INTERACTION_SECONDS,
  RefreshToken: (ctx, token) =>
    Math.min(hasScope(token.scope, 'offline_access') ? YEAR_SECONDS : ONLINE_SECONDS, left(ctx)),
  Session: SESSION_SECONDS,
};

function features(tenant: SmartTenant): Configuration['features'] {
  return {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    // Of a token for the FHIR base the library gives no claims: `userinfo.ts` does.
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) =>
        token.clientId === client.clientId || client['introspects'] === true,
    },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    registration: { enabled: true, initialAccessToken: false, secretFactory: newSecret },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, _client, oneOf) => audienceOf(tenant, ctx, oneOf),
      getResourceServerInfo: (ctx, resource, client) => resourceServerOf(tenant, ctx, resource, client),
      useGrantedResource: () => true,
    },
  };
}

/** PKCE for every client, confidential ones too. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#considerations-for-pkce-support */
function requirePkce({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.params?.['code_challenge'] !== undefined) return true;
  const problem = { kind: 'pkce', method: text(oidc.params?.['code_challenge_method']) };
  const description =
    'code_challenge is missing: SMART requires PKCE, so send code_challenge and code_challenge_method=S256';
  throw Object.assign(new errors.InvalidRequest(description), { problem });
}

/** Seconds that the grant of this request still lasts. */
function left({ oidc }: KoaContextWithOIDC): number {
  const { exp } = (oidc.entities.Grant ?? {}) as { exp?: number };
  return exp === undefined ? TOKEN_SECONDS : Math.max(1, exp - Math.floor(Date.now() / 1000));
}

/** The library guards what it fetches by a dispatcher of its own; ours looks at addresses itself, whatever the runtime. */
function withoutDispatcher(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (url, options) => fetch(url, { ...options, dispatcher: undefined });
}

async function accountOf(tenant: SmartTenant, id: string) {
  const account = await tenant.accounts.find(id);
  if (!account || account.disabled === true) return undefined;
  const { name, fhirUser } = account;
  const url = fhirUser === undefined ? undefined : absolute(tenant, fhirUser);
  return {
    accountId: id,
    claims: () => ({ sub: id, name, ...(url !== undefined && { fhirUser: url, profile: url }) }),
  };
}
