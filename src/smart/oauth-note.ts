/**
 * What the authorization server gives, refuses and ends, in the audit trail: tokens, consent, revocation, introspection, registration. Sign-ins are
 * noted by `sign-in-note.ts`. https://profiles.ihe.net/ITI/BALP/StructureDefinition-IHE.BasicAudit.OAUTHaccessTokenUse.Opaque.html
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { TokenExtra } from '../access/access-token.ts';
import type { AuditNote, Happening, Who } from '../access/audit/note.ts';
import type { SmartEndpoint, SmartEvent } from './events.ts';
import { shown } from './problem.ts';

const HAPPENINGS: Readonly<Record<SmartEndpoint, Happening | undefined>> = {
  // What was agreed to is noted where the person agrees; a request that fails before that gives nothing away.
  authorize: undefined,
  interaction: undefined,
  token: 'token',
  introspect: 'introspection',
  revoke: 'revocation',
  register: 'registration',
  userinfo: undefined,
  'app-state': undefined,
};

interface Entity {
  readonly accountId?: string;
  readonly clientId?: string;
  readonly grantId?: string;
  readonly scope?: string;
  readonly sessionUid?: string;
  readonly extra?: TokenExtra;
}

/** The note of an event; undefined where it says nothing about anyone's data. */
export function oauthNote(
  ctx: KoaContextWithOIDC,
  { endpoint, outcome, at, clientId, error, description, detail, requestId }: SmartEvent,
): AuditNote | undefined {
  const happening = HAPPENINGS[endpoint];
  if (!happening) return undefined;
  const { oidc } = ctx as { readonly oidc?: KoaContextWithOIDC['oidc'] };
  const given = tokenOf(oidc);
  const params = (oidc?.params ?? {}) as Readonly<Record<string, unknown>>;
  const patient = given?.extra?.patient;
  const reason = [error, detail ?? description].filter((one) => one).join(': ');
  return {
    at,
    happening,
    outcome,
    who: whoOf(given, clientId, oidc?.session?.uid),
    requestId,
    ...(patient !== undefined && { patients: [patient] }),
    ...(outcome !== 'done' && reason !== '' && { reason: shown(reason) }),
    detail: {
      ...(typeof params['grant_type'] === 'string' && { grant: shown(params['grant_type']) }),
      ...(given?.scope !== undefined && { scope: given.scope }),
    },
  };
}

function tokenOf(oidc: KoaContextWithOIDC['oidc'] | undefined): Entity | undefined {
  const { AccessToken, ClientCredentials, RefreshToken, AuthorizationCode } = (oidc?.entities ??
    {}) as Readonly<Record<string, Entity | undefined>>;
  return AccessToken ?? ClientCredentials ?? RefreshToken ?? AuthorizationCode;
}

function whoOf(given: Entity | undefined, clientId: string | undefined, session: string | undefined): Who {
  const { accountId, grantId, extra, sessionUid = session } = given ?? {};
  const app = given?.clientId ?? clientId;
  return {
    kind: accountId !== undefined ? 'person' : app !== undefined ? 'service' : 'nobody',
    ...(app !== undefined && { clientId: shown(app) }),
    ...(accountId !== undefined && { accountId }),
    ...(extra?.fhirUser !== undefined && { fhirUser: extra.fhirUser }),
    ...(extra?.patient !== undefined && { patient: extra.patient }),
    ...(grantId !== undefined && { grantId }),
    ...(accountId !== undefined && sessionUid !== undefined && { session: sessionUid }),
  };
}

/** The library tells of no success for these: the answer does. */
export function quietSuccess(ctx: KoaContextWithOIDC): SmartEndpoint | undefined {
  const { oidc } = ctx as { readonly oidc?: KoaContextWithOIDC['oidc'] };
  if (ctx.status !== 200) return undefined;
  if (oidc?.route === 'introspection') return 'introspect';
  return oidc?.route === 'revocation' ? 'revoke' : undefined;
}

/** What is not on record is not told: the answer that stands is taken back. */
export function takeBack(ctx: KoaContextWithOIDC): void {
  ctx.status = 503;
  ctx.set('Retry-After', '1');
  ctx.body = {
    error: 'temporarily_unavailable',
    error_description: 'The audit trail cannot be written, so this is not answered: try again',
  };
}
