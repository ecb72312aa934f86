/**
 * From the Authorization header to an access context: the token is looked up in the tenant's TokenStore at every request, so what is revoked is worth
 * nothing from the next request on, on every thread. https://www.rfc-editor.org/rfc/rfc6750
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { TenantStore, TokenRecord } from '../store/ports.ts';
import { ACCESS_TOKEN_MODELS, secretId } from './access-token.ts';
import { badToken, misplacedToken, noToken } from './challenge.ts';
import type { AccessContext } from './context.ts';
import { accessOf } from './decide.ts';
import { granteeOf, type Grantee } from './grantee.ts';
import type { PolicyBook, PolicySet } from './policy/book.ts';
import { purposeOf } from './policy/subject.ts';

export interface BearerRequest {
  readonly authorization: string | undefined;
  /** decoded query parameters */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** the header X-Purpose-Of-Use */
  readonly purpose?: string | undefined;
}

export interface BearerTenant {
  readonly store: TenantStore;
  readonly definitions: Definitions;
  /** FHIR base of the tenant: what its tokens are for */
  readonly base: string;
  /** none: the built-in ones count */
  readonly policies?: PolicyBook;
}

/** What the bearer of a request may do. Throws FhirError 401 with a challenge. */
export async function bearerAccess(
  tenant: BearerTenant,
  request: BearerRequest,
  now: number,
): Promise<AccessContext> {
  const grantee = await authenticate(tenant, request, now);
  const purpose = purposeOf(request.purpose);
  const current = tenant.policies?.current();
  const set = current instanceof Promise ? await current : current;
  const known = purpose === undefined ? made.get(grantee) : undefined;
  if (known && known.set === set && isSame(known.tenant, tenant)) return known.access;
  const access = accessOf(tenant, set, { grantee, purpose, clock: Date.now });
  // Those that had to be looked up may be others at the next request.
  if (access instanceof Promise) return access;
  if (purpose === undefined) made.set(grantee, { tenant, set, access });
  return access;
}

/** What follows from a token alone is made once: it is looked up again at every request, and is the same object while nothing has changed. */
const made = new WeakMap<
  Grantee,
  { readonly tenant: BearerTenant; readonly set: PolicySet | undefined; readonly access: AccessContext }
>();

const isSame = (one: BearerTenant, other: BearerTenant): boolean =>
  one.store === other.store && one.definitions === other.definitions && one.base === other.base;

/** Who bears the token. Throws FhirError 401. */
export async function authenticate(
  { store, base }: BearerTenant,
  request: BearerRequest,
  now: number,
): Promise<Grantee> {
  const token = tokenOf(base, request);
  const record = await find(store, secretId(token), now);
  if (!record) throw badToken(base, unknown(token));
  const verdict = granteeOf(record, base, now);
  if ('fault' in verdict) throw badToken(base, verdict.fault);
  return verdict.grantee;
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;
const MOST_LENGTH = 4096;

function tokenOf(base: string, { authorization, query }: BearerRequest): string {
  if (query.some(([name]) => name === 'access_token'))
    throw misplacedToken(base, 'A URL is no place for an access token: it ends up in logs and histories');
  if (authorization === undefined || authorization === '') throw noToken(base);
  const token = authorization.length > MOST_LENGTH ? undefined : BEARER.exec(authorization)?.[1];
  if (token === undefined)
    throw misplacedToken(base, 'The Authorization header is not "Bearer" and one token');
  return token;
}

async function find(store: TenantStore, id: string, now: number): Promise<TokenRecord | undefined> {
  for (const model of ACCESS_TOKEN_MODELS) {
    const record = await store.tokens.find(model, id, now);
    if (record) return record;
  }
  return undefined;
}

function unknown(token: string): string {
  const hint =
    token.split('.').length === 3
      ? '. It looks like a JWT, such as an id_token: send the access_token of the token response'
      : '';
  return `it is unknown, revoked or expired${hint}`;
}
