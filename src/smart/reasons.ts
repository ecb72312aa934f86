/**
 * Why a request was refused. The library keeps some reasons from the client, who cannot mend what it is not told of; client ids and key ids are no
 * secrets. https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { keysOf } from './assertion.ts';
import { registeredOrigins } from './cors.ts';
import { problemOf, type Problem } from './problem.ts';
import { text } from './resource-server.ts';

export interface OAuthFailure extends Error {
  readonly error?: string;
  readonly error_description?: string;
  readonly error_detail?: string;
}

/** What the library says where it has its reasons and keeps them. */
const TELLS_NOTHING = ['client authentication failed', 'grant request is invalid', 'invalid token provided'];

const REASONS: readonly (readonly [pattern: RegExp, reason: (ctx: KoaContextWithOIDC) => string])[] = [
  [/^client not found$/, () => 'client_id is not registered here'],
  [/^invalid secret provided$/, () => 'client_secret is wrong'],
  [/authentication mechanism does not match/, authMethodReason],
  [/no applicable key|no matching key/i, keyReason],
  [
    /signature verification failed/,
    () => 'The signature of client_assertion does not fit the registered key',
  ],
  [/^jwt expired$/, () => `client_assertion has expired: the time here is ${now()}`],
  [/^jwt not active yet$/, () => `client_assertion is not valid yet (nbf): the time here is ${now()}`],
  [/^alg mismatch$/, () => 'alg of client_assertion must be RS384 or ES384 (RS256 and ES256 are taken too)'],
  [/^grant not found$/, () => 'The access was revoked: the user has to agree again'],
  [
    /^(?:authorization code|refresh token) not found$/,
    () => 'It is not one of this server, was revoked, or is long over',
  ],
  [/^client mismatch$/, () => 'It was issued to another client'],
];

/** Why a request was refused, as the client may know it; `said` is what the library tells it. */
export function reasonOf(ctx: KoaContextWithOIDC, failure: OAuthFailure, said: string): string {
  const detail = failure.error_detail;
  if (detail === undefined || detail === said) return said;
  const known = REASONS.find(([pattern]) => pattern.test(detail));
  if (known) return known[1](ctx);
  return TELLS_NOTHING.includes(said) ? detail : `${said}: ${detail}`;
}

const now = (): string => new Date().toISOString();

function authMethodReason({ oidc }: KoaContextWithOIDC): string {
  return `This client is registered for ${oidc.client?.tokenEndpointAuthMethod ?? 'another method'} at the token endpoint`;
}

function keyReason({ oidc }: KoaContextWithOIDC): string {
  const kids = kidsOf(oidc.client);
  return `kid ${kidOf(oidc.params) ?? '(none)'} is not in the registered key set, which has ${kids.join(', ') || 'none'}`;
}

const kidsOf = (client: Client | undefined): readonly string[] =>
  client ? keysOf(client).flatMap(({ kid }) => kid ?? []) : [];

type Params = Readonly<Record<string, unknown>> | undefined;

const assertionIn = (params: Params): string => text(params?.['client_assertion']) ?? '';

function kidOf(params: Params): string | undefined {
  try {
    return decodeProtectedHeader(assertionIn(params)).kid;
  } catch {
    return undefined;
  }
}

/** The times of an assertion, as they were sent. */
function timesOf(params: Params): string {
  try {
    const { iat, nbf, exp } = decodeJwt(assertionIn(params));
    const times = Object.entries({ iat, nbf, exp }).filter(([, time]) => typeof time === 'number');
    return times.map(([name, time]) => `${name} ${new Date(time! * 1000).toISOString()}`).join(', ');
  } catch {
    return '(none)';
  }
}

type Maker = (ctx: KoaContextWithOIDC, failure: OAuthFailure) => Problem;

const clock: Maker = ({ oidc }) => ({ kind: 'clock', sent: timesOf(oidc.params), ours: now() });
const unknownKey: Maker = ({ oidc }) => ({
  kind: 'kid',
  sent: kidOf(oidc.params),
  registered: kidsOf(oidc.client),
});

/** The library's reason or description -> the problem as data. */
const PROBLEMS: readonly (readonly [pattern: RegExp, maker: Maker])[] = [
  [/^jwt expired$|^jwt not active yet$|seconds ahead$/, clock],
  [/no applicable key|no matching key|^kid /i, unknownKey],
  [
    /^origin .* not allowed for client/,
    (ctx) => ({
      kind: 'origin',
      sent: ctx.get('origin'),
      registered: ctx.oidc.client ? registeredOrigins(ctx.oidc.client) : [],
    }),
  ],
  [/^client not found$/, ({ oidc }) => ({ kind: 'client', sent: text(oidc.params?.['client_id']) })],
];

/** The problem behind a refusal, for its page and for the developer's log. */
export function problemIn(ctx: KoaContextWithOIDC, failure: OAuthFailure): Problem {
  const known = problemOf(failure);
  if (known) return known;
  const { params, client } = ctx.oidc;
  if (failure.name === 'InvalidRedirectUri') {
    return { kind: 'redirect', sent: text(params?.['redirect_uri']), registered: client?.redirectUris ?? [] };
  }
  if (failure.name === 'SessionNotFound') return { kind: 'session' };
  const { error_detail: detail, error_description: description = '', error = 'server_error' } = failure;
  const found = PROBLEMS.find(([pattern]) => pattern.test(detail ?? description));
  return found ? found[1](ctx, failure) : { kind: 'other', error, description };
}
