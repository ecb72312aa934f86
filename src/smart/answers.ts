/**
 * What the library's answers still lack: SMART's context beside the token, reasons that help, headers, client metadata under its public names; and
 * an event for each, for the developer's log. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#response-5
 */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { TokenExtra } from '../access/access-token.ts';
import type { AuditNote } from '../access/audit/note.ts';
import { isHashed } from './client-secret.ts';
import type { SmartEndpoint, SmartEvent } from './events.ts';
import { oauthNote, quietSuccess, takeBack } from './oauth-note.ts';
import { shown } from './problem.ts';
import { problemIn, reasonOf, type OAuthFailure } from './reasons.ts';
import { text } from './resource-server.ts';
import { absolute, type SmartTenant } from './tenant.ts';

type Body = Record<string, unknown>;

/** Library event -> endpoint, for refusals and successes. */
const EVENTS: readonly (readonly [event: string, endpoint: SmartEndpoint, outcome: SmartEvent['outcome']])[] =
  [
    ['authorization.error', 'authorize', 'refused'],
    ['authorization.success', 'authorize', 'done'],
    ['grant.error', 'token', 'refused'],
    ['grant.success', 'token', 'done'],
    ['introspection.error', 'introspect', 'refused'],
    ['revocation.error', 'revoke', 'refused'],
    ['registration_create.error', 'register', 'refused'],
    ['registration_create.success', 'register', 'done'],
    ['registration_read.error', 'register', 'refused'],
    ['registration_update.error', 'register', 'refused'],
    ['registration_update.success', 'register', 'done'],
    ['registration_delete.error', 'register', 'refused'],
    ['registration_delete.success', 'register', 'done'],
    ['server_error', 'token', 'failed'],
  ];

/** Completes the answers of a provider and reports them. */
export function completeAnswers(tenant: SmartTenant, provider: Provider): void {
  const notes = new WeakMap<object, AuditNote[]>();
  provider.use(async (ctx, next) => {
    await next();
    if (!(await keepNotes(tenant, ctx as unknown as KoaContextWithOIDC, notes.get(ctx) ?? []))) return;
    const done = ctx as unknown as KoaContextWithOIDC & { readonly oidc?: KoaContextWithOIDC['oidc'] };
    complete(tenant, done);
    if (done.oidc?.route === 'client_delete' && ctx.status === 204) {
      await forget(tenant, done.oidc.client!.clientId);
    }
  });
  for (const [event, endpoint, outcome] of EVENTS) {
    provider.on(event as never, (ctx: KoaContextWithOIDC, error?: OAuthFailure) => {
      const failure = outcome === 'done' ? undefined : error;
      if (failure && endpoint !== 'authorize') explainIn(ctx, failure);
      if (event === 'grant.success') addContext(ctx);
      const told = eventOf(tenant, ctx, endpoint, outcome, failure);
      tenant.observe(told);
      const note = tenant.audit.isOn ? oauthNote(ctx, told) : undefined;
      if (note) notes.set(ctx, [...(notes.get(ctx) ?? []), note]);
    });
  }
}

/** Before the answer goes out; false where it was taken back. */
async function keepNotes(
  tenant: SmartTenant,
  ctx: KoaContextWithOIDC,
  noted: readonly AuditNote[],
): Promise<boolean> {
  if (!tenant.audit.isOn) return true;
  const quiet = quietSuccess(ctx);
  const own = quiet && oauthNote(ctx, eventOf(tenant, ctx, quiet, 'done', undefined));
  try {
    await tenant.audit.note(...noted, ...(own ? [own] : []));
    return true;
  } catch {
    takeBack(ctx);
    return false;
  }
}

function complete(tenant: SmartTenant, ctx: KoaContextWithOIDC): void {
  const { oidc } = ctx as { oidc?: KoaContextWithOIDC['oidc'] };
  if (!oidc) return;
  const body = ctx.body as Body | undefined;
  const route = oidc.route ?? '';
  if (route === 'token') ctx.set('Pragma', 'no-cache');
  if (route === 'revocation') ctx.set('Cache-Control', 'no-store');
  if (!body || typeof body !== 'object') return;
  if (route === 'introspection' && typeof body['fhirUser'] === 'string') {
    body['fhirUser'] = absolute(tenant, body['fhirUser']);
  }
  if (/^(?:registration|client)/.test(route)) ctx.body = publicMetadata(body);
  if (route === 'discovery') body['response_modes_supported'] = ['query'];
}

/** Emitted once the body stands: nothing of OAuth's is overwritten. The user and their sign-in are in the id_token. */
function addContext(ctx: KoaContextWithOIDC): void {
  const { extra } = (ctx.oidc.entities.AccessToken ?? {}) as { extra?: TokenExtra };
  const { fhirUser: _user, acr: _acr, amr: _amr, auth_time: _at, ...context } = extra ?? {};
  ctx.body = { ...context, ...(ctx.body as Body) };
}

/** What is ours alone stays with us; a kept secret is a hash and no one's to see. */
function publicMetadata(body: Body): Body {
  const {
    smart_scopes: scope,
    registered_by: _by,
    skip_consent: _skip,
    introspects: _all,
    state_codes: _codes,
    ...rest
  } = body;
  const secret = rest['client_secret'];
  if (typeof secret === 'string' && isHashed(secret)) {
    delete rest['client_secret'];
    delete rest['client_secret_expires_at'];
  }
  return { ...rest, ...(scope !== undefined && { scope }) };
}

/** The library keeps the reason from the client; whoever has to mend it needs it. Client ids are no secret. */
function explainIn(ctx: KoaContextWithOIDC, failure: OAuthFailure): void {
  const body = ctx.body as Body | undefined;
  if (!body || typeof body !== 'object' || typeof body['error'] !== 'string') return;
  if (body['error'] === 'server_error') return;
  ctx.body = {
    ...body,
    error_description: shown(reasonOf(ctx, failure, text(body['error_description']) ?? '')),
  };
}

function eventOf(
  tenant: SmartTenant,
  ctx: KoaContextWithOIDC,
  endpoint: SmartEndpoint,
  outcome: SmartEvent['outcome'],
  failure: OAuthFailure | undefined,
): SmartEvent {
  const { oidc } = ctx as { oidc?: KoaContextWithOIDC['oidc'] };
  const clientId = oidc?.client?.clientId ?? text(oidc?.params?.['client_id']);
  return {
    at: Date.now(),
    tenant: tenant.name,
    endpoint: outcome === 'failed' ? endpointOf(oidc?.route) : endpoint,
    outcome,
    ...(clientId !== undefined && { clientId: shown(clientId) }),
    ...(failure?.error !== undefined && { error: failure.error }),
    ...(failure?.error_description !== undefined && { description: failure.error_description }),
    ...detailOf(ctx, outcome, failure),
    ...(outcome === 'refused' && failure && { problem: problemIn(ctx, failure) }),
    requestId: text(ctx.req.headers['x-request-id']) ?? '',
  };
}

/** The true reason, where it is another one than the client is told. */
function detailOf(
  ctx: KoaContextWithOIDC,
  outcome: SmartEvent['outcome'],
  failure: OAuthFailure | undefined,
): { readonly detail?: string } {
  if (!failure) return {};
  if (outcome === 'failed') return { detail: failure.error_detail ?? failure.name };
  if (failure.error_detail === undefined) return {};
  return { detail: shown(reasonOf(ctx, failure, failure.error_description ?? '')) };
}

function endpointOf(route: string | undefined): SmartEndpoint {
  if (route === 'authorization' || route === 'resume') return 'authorize';
  if (route === 'introspection') return 'introspect';
  if (route === 'revocation') return 'revoke';
  return route?.startsWith('registration') || route?.startsWith('client') ? 'register' : 'token';
}

const MOST_FORGOTTEN = 1000;

/** A client that is gone leaves no token behind. https://www.rfc-editor.org/rfc/rfc7592#section-2.3 */
async function forget({ tokens }: SmartTenant, clientId: string): Promise<void> {
  for (;;) {
    const records = await tokens.findBy('clientId', clientId, Date.now(), { limit: MOST_FORGOTTEN });
    if (records.length === 0) return;
    for (const { model, id } of records) await tokens.remove(model, id);
  }
}
