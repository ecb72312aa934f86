/**
 * The FHIR base as the one resource of the authorization server: `aud` (or `resource`) must name it, and of the scopes of a request those that can
 * be granted are its scopes. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code,
 * https://www.rfc-editor.org/rfc/rfc8707
 */
import { errors, type Client, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import { refusal, shown } from './problem.ts';
import { decideScopes, type ScopeDecision } from './scope-policy.ts';
import type { SmartTenant } from './tenant.ts';

export const BACKEND_SECONDS = 300;

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** The resource of a request that names none as such: what `aud` says. */
export function audienceOf(tenant: SmartTenant, ctx: KoaContextWithOIDC, oneOf?: readonly string[]): string {
  if (oneOf) return oneOf[0]!;
  if (ctx.oidc.route !== 'authorization') return tenant.base;
  const sent = text(ctx.oidc.params?.['aud']);
  if (sent !== undefined && withoutSlash(sent) === tenant.base) return tenant.base;
  const said = sent === undefined ? 'aud is missing' : `aud is ${shown(sent)}`;
  throw refusal(`${said}: it must be the FHIR base of this server, ${tenant.base}`, {
    kind: 'aud',
    sent,
    expected: tenant.base,
  });
}

/** What the library asks for about the resource: the scopes of this request that can be granted, and how its tokens are made. */
export function resourceServerOf(
  tenant: SmartTenant,
  ctx: KoaContextWithOIDC,
  resource: string,
  client: Client,
): ResourceServer {
  if (withoutSlash(resource) !== tenant.base)
    throw new errors.InvalidTarget(`resource must be ${tenant.base}`);
  checkAudAgrees(tenant, ctx);
  refuseResponseMode(ctx);
  const { route, params = {}, entities } = ctx.oidc;
  const isBackend = route === 'token' && params['grant_type'] === 'client_credentials';
  const asked = isBackend
    ? text(params['scope'])
    : (entities.AuthorizationCode?.scope ?? entities.RefreshToken?.scope ?? text(params['scope']));
  const decision = decideScopes(asked ?? '', {
    flow: isBackend ? 'backend' : 'user',
    ...registeredScopes(client),
    types: tenant.resourceTypes(),
  });
  if (isBackend) refuseAny(decision);
  if (route === 'authorization') refuseUseless(decision);
  return {
    scope: decision.granted.join(' '),
    audience: tenant.base,
    accessTokenFormat: 'opaque',
    ...(isBackend && { accessTokenTTL: BACKEND_SECONDS }),
  };
}

export const registeredScopes = (client: Client): { readonly registered?: string } => {
  const registered = text(client['smart_scopes']);
  return registered === undefined ? {} : { registered };
};

/** `aud` and `resource` may both be sent, and must then say the same. */
function checkAudAgrees(tenant: SmartTenant, ctx: KoaContextWithOIDC): void {
  if (ctx.oidc.route === 'authorization' && ctx.oidc.params?.['aud'] !== undefined) audienceOf(tenant, ctx);
}

/** A code goes back in the query alone: no other way keeps it from scripts and logs better. */
function refuseResponseMode({ oidc }: KoaContextWithOIDC): void {
  const { route, params = {} } = oidc;
  if (
    route !== 'authorization' ||
    params['response_mode'] === undefined ||
    params['response_mode'] === 'query'
  )
    return;
  params['response_mode'] = undefined;
  throw new errors.UnsupportedResponseMode('response_mode must be query, or be left out');
}

/** A backend service is told of every scope that it does not get: there is no one to ask. */
function refuseAny({ granted, refused }: ScopeDecision): void {
  const [first] = refused;
  if (first) throw new errors.InvalidScope(sentence(first), first.scope);
  if (granted.length === 0)
    throw new errors.InvalidScope('scope is missing: ask for system scopes such as system/Patient.rs', '');
}

/** An app that asks for what does not exist gets the rest; a misspelt scope is worth an error, and so is one of which nothing is left. */
function refuseUseless({ granted, refused }: ScopeDecision): void {
  const misspelt = refused.find(({ fault }) => fault === 'malformed');
  if (misspelt)
    throw Object.assign(new errors.InvalidScope(sentence(misspelt), misspelt.scope), {
      problem: {
        kind: 'scope',
        sent: misspelt.scope,
        nearest: misspelt.nearest === undefined ? [] : [misspelt.nearest],
      },
    });
  if (granted.length === 0 && refused[0])
    throw new errors.InvalidScope(sentence(refused[0]), refused[0].scope);
}

const FAULTS = {
  malformed: 'is not a SMART scope: write level/Type.cruds with the letters in this order',
  'not-registered': 'is not within the scopes that this client is registered for',
  'other-flow':
    'does not belong here: system/ scopes are for backend services, patient/ and user/ for people',
  'unknown-type': 'names no resource type of FHIR R4',
  unknown: 'is not known here',
} as const;

function sentence({ scope, fault, nearest }: ScopeDecision['refused'][number]): string {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `${shown(scope)} ${FAULTS[fault]}${hint}`;
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
