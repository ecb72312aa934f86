/** Challenges are headers: nothing that a client chose can break out of their quotes. */
import { describe, expect, it } from '@jest/globals';
import { badToken, insufficientScope, misplacedToken, noToken } from '../../../src/access/challenge.ts';
import type { Grantee } from '../../../src/access/grantee.ts';
import { parseScopes } from '../../../src/access/scopes.ts';

const BASE = 'http://localhost:8080/fhir';
const grantee = (scopeText: string, more: Partial<Grantee> = {}): Grantee => ({
  clientId: 'app',
  accountId: 'ann',
  kind: 'AccessToken',
  scopes: parseScopes(scopeText).filter((one) => one.kind === 'resource'),
  scopeText,
  patient: undefined,
  encounter: undefined,
  fhirUser: undefined,
  expiresAt: Infinity,
  ...more,
});
/** RFC 9110: auth-scheme, then name="value" with commas between. */
const CHALLENGE =
  /^Bearer [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"(?:, [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*")*$/;

describe('challenges', () => {
  it.each([
    ['no token', noToken(BASE)],
    ['a bad token', badToken(BASE, 'it "has"\r\nexpired\\ ä')],
    ['a misplaced token', misplacedToken(BASE, 'somewhere "else"')],
    [
      'too little',
      insufficientScope(BASE, grantee('patient/Observation.rs?code="x"\r\n'), 'create', 'Observation'),
    ],
  ])('of %s are well formed', (_name, error) => {
    expect(error.headers['www-authenticate']).toMatch(CHALLENGE);
    expect(error.headers['www-authenticate']).toContain(`realm="${BASE}"`);
  });

  it.each([
    ['patient/Observation.rs', {}, 'patient/Observation.c'],
    ['user/Observation.rs', {}, 'user/Observation.c'],
    ['user/Observation.rs patient/Observation.rs', {}, 'patient/Observation.c'],
    ['system/Observation.rs', { kind: 'ClientCredentials' }, 'system/Observation.c'],
    ['openid', { patient: 'a' }, 'patient/Observation.c'],
    ['openid', {}, 'user/Observation.c'],
  ] as const)('name the scope that is needed by one who holds %j %j', (scopes, more, needed) => {
    const error = insufficientScope(BASE, grantee(scopes, more), 'create', 'Observation');
    expect(error.status).toBe(403);
    expect(error.headers['www-authenticate']).toContain(`error="insufficient_scope", scope="${needed}"`);
    expect(error.issues[0]!.diagnostics).toContain(scopes);
    expect(error.issues[0]!.diagnostics).toContain(needed);
  });

  it('say when nothing is held', () => {
    expect(insufficientScope(BASE, grantee(''), 'search', undefined).issues[0]!.diagnostics).toMatch(
      /user\/\*\.s.*no scope/,
    );
  });
});
