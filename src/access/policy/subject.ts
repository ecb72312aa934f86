/** Which role a caller has, and callers to ask about: an account apart from any app, a client that acts for itself. */
import { parseScopes } from '../scopes.ts';
import type { TenantStore } from '../../store/ports.ts';
import type { Grantee } from '../grantee.ts';
import { PURPOSES, type Role } from './rule.ts';
import { userOf } from './standing.ts';
import { fault } from '../../fhir/model/outcome.ts';

const BY_TYPE: Readonly<Record<string, Role>> = {
  Practitioner: 'practitioner',
  PractitionerRole: 'practitioner',
  Patient: 'patient',
  RelatedPerson: 'related',
};

/** The role that follows from the token; undefined: none, unless the account says more (`accountRole`). */
export function roleOf({ kind, fhirUser }: Grantee): Role | undefined {
  if (kind === 'ClientCredentials') return 'service';
  const user = userOf(fhirUser);
  return user && BY_TYPE[user.type];
}

/** Who is nobody in the record may still be an operator: the account is asked at each request, so that the role ends at once. */
export async function accountRole(
  store: TenantStore,
  { accountId, fhirUser }: Grantee,
  now: number,
): Promise<Role | undefined> {
  if (accountId === undefined || fhirUser !== undefined) return undefined;
  const [record] = await store.tokens.findBy('uid', accountId, now, { model: 'Account', limit: 1 });
  if (!record) return undefined;
  const { role, disabled } = JSON.parse(record.payload) as { role?: string; disabled?: boolean };
  return role === 'operator' && disabled !== true ? 'operator' : undefined;
}

/** The header X-Purpose-Of-Use. Throws FhirError 400 for what is no purpose. */
export function purposeOf(header: string | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  const code = header
    .trim()
    .replace(
      /^(?:urn:oid:2\.16\.840\.1\.113883\.5\.8|http:\/\/terminology\.hl7\.org\/CodeSystem\/v3-ActReason)\|/,
      '',
    );
  if (PURPOSES.includes(code)) return code;
  throw fault(
    'value',
    `X-Purpose-Of-Use is "${header.slice(0, 60)}": send one code of ${PURPOSES.join(', ')}`,
  );
}

/** Someone to ask about. */
export interface AccountSubject {
  readonly id: string;
  readonly fhirUser?: string;
}

const subject = (given: Partial<Grantee>, scopeText: string): Grantee => ({
  clientId: '',
  accountId: undefined,
  kind: 'AccessToken',
  scopes: parseScopes(scopeText).filter((one) => one.kind === 'resource'),
  scopeText,
  patient: undefined,
  encounter: undefined,
  fhirUser: undefined,
  expiresAt: Number.MAX_SAFE_INTEGER,
  ...given,
});

/** A person apart from any app: all that an app could be given in their name. */
export const accountGrantee = ({ id, fhirUser }: AccountSubject, scopes = 'user/*.cruds'): Grantee =>
  subject({ accountId: id, fhirUser }, scopes);

/** A client that acts for itself, with the scopes that it is registered for. */
export const clientGrantee = (clientId: string, scopes: string | undefined): Grantee =>
  subject({ clientId, kind: 'ClientCredentials' }, scopes ?? 'system/*.cruds');
