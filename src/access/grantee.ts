/**
 * Who holds a token and what it was granted, read from the token's record. https://www.rfc-editor.org/rfc/rfc6750,
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import type { TokenRecord } from '../store/ports.ts';
import type { AccessTokenPayload, TokenExtra } from './access-token.ts';
import { parseScopes, type ResourceScope } from './scopes.ts';

export interface Grantee {
  readonly clientId: string;
  /** undefined for a backend service */
  readonly accountId: string | undefined;
  /** a person uses the client, or the client acts for itself */
  readonly kind: AccessTokenPayload['kind'];
  /** those that speak of resources, as granted */
  readonly scopes: readonly ResourceScope[];
  /** all that was granted, as text */
  readonly scopeText: string;
  /** the patient in context: a bare id */
  readonly patient: string | undefined;
  readonly encounter: string | undefined;
  /** `Practitioner/123` */
  readonly fhirUser: string | undefined;
  /** what a revocation ends; none of a backend service */
  readonly grantId?: string;
  /** ms since 1970 */
  readonly expiresAt: number;
}

/** Why a record is no good as a bearer, in a few words; or the grantee. */
export type Verdict = { readonly grantee: Grantee } | { readonly fault: string };

/** What a token may be bound to; such a token is worth nothing as a plain bearer. https://www.rfc-editor.org/rfc/rfc9449#section-7 */
const BINDINGS = ['jkt', 'x5t#S256', 'cnf'];

/** `audience`: FHIR base of the tenant; `now`: ms since 1970. */
export function granteeOf(record: TokenRecord, audience: string, now: number): Verdict {
  const { verdict, aud } = readOnce(record);
  if ('fault' in verdict) return verdict;
  if (!(verdict.grantee.expiresAt > now)) return { fault: 'it has expired' };
  if (!isFor(aud, audience)) return { fault: 'it was issued for another server or tenant' };
  return verdict;
}

interface Read {
  readonly verdict: Verdict;
  readonly aud: AccessTokenPayload['aud'];
}

/** What was read of a record is kept with it: a store gives the same object while nothing has changed. */
const read = new WeakMap<TokenRecord, Read>();

function readOnce(record: TokenRecord): Read {
  let known = read.get(record);
  if (!known) {
    const payload = JSON.parse(record.payload) as AccessTokenPayload;
    read.set(record, (known = { verdict: verdictOf(record, payload), aud: payload.aud }));
  }
  return known;
}

function verdictOf({ model }: TokenRecord, payload: AccessTokenPayload): Verdict {
  if (payload.kind !== model) return { fault: 'it is not an access token' };
  if (BINDINGS.some((name) => (payload as unknown as Record<string, unknown>)[name] !== undefined))
    return { fault: 'it is bound to a key and was sent as a plain bearer' };
  return { grantee: grantee(payload) };
}

function isFor(aud: AccessTokenPayload['aud'], audience: string): boolean {
  const named = typeof aud === 'string' ? [aud] : (aud ?? []);
  return named.some((one) => one === audience || one === `${audience}/`);
}

function grantee(payload: AccessTokenPayload): Grantee {
  const extra: TokenExtra = payload.extra ?? {};
  const text = payload.scope ?? '';
  return {
    clientId: payload.clientId,
    accountId: payload.accountId,
    kind: payload.kind,
    scopes: resourceScopes(text),
    scopeText: text,
    patient: idOf(extra.patient),
    encounter: idOf(extra.encounter),
    fhirUser: extra.fhirUser,
    ...(payload.grantId !== undefined && { grantId: payload.grantId }),
    expiresAt: payload.exp * 1000,
  };
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const idOf = (text: unknown): string | undefined =>
  typeof text === 'string' && ID.test(text) ? text : undefined;

/** Texts whose scopes are remembered: a client asks for the same ones again and again. */
const MOST_TEXTS = 1000;
const parsed = new Map<string, readonly ResourceScope[]>();

function resourceScopes(text: string): readonly ResourceScope[] {
  const known = parsed.get(text);
  if (known) return known;
  const scopes = parseScopes(text).filter((one) => one.kind === 'resource');
  if (parsed.size >= MOST_TEXTS) parsed.clear();
  parsed.set(text, scopes);
  return scopes;
}
