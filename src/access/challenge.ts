/** The refusals of a bearer: 401 with a challenge, 403 with what is held and what is needed. https://www.rfc-editor.org/rfc/rfc6750#section-3 */
import { FhirError, issue } from '../fhir/model/outcome.ts';
import { LETTERS, type ScopeLevel } from './scopes.ts';
import type { Action } from './context.ts';
import type { Grantee } from './grantee.ts';

/** Double quotes and backslashes have no place in a quoted text of the challenge, nor has what is not ASCII. */
const quoted = (text: string): string => `"${text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")}"`;

function challenge(base: string, parameters: Readonly<Record<string, string>>): Record<string, string> {
  const all = { realm: base, ...parameters };
  const text = Object.entries(all).map(([name, value]) => `${name}=${quoted(value)}`);
  return { 'www-authenticate': `Bearer ${text.join(', ')}` };
}

const discovery = (base: string): string => `${base}/.well-known/smart-configuration`;

/** No token was sent. https://www.rfc-editor.org/rfc/rfc6750#section-3.1: then the challenge has no error code. */
export function noToken(base: string): FhirError {
  const text = `This needs an access token: send "Authorization: Bearer …". How to get one is told at ${discovery(base)}`;
  return new FhirError(401, [issue('login', text)], challenge(base, {}));
}

/** `why`: "it has expired" */
export function badToken(base: string, why: string): FhirError {
  const text = `The access token is not accepted: ${why}. Get a new one: see ${discovery(base)}`;
  const parameters = {
    error: 'invalid_token',
    error_description: `The access token is not accepted: ${why}`,
  };
  return new FhirError(401, [issue('login', text)], challenge(base, parameters));
}

/** The token stands where it must not. */
export function misplacedToken(base: string, why: string): FhirError {
  const text = `${why}: send the access token in the Authorization header only`;
  const parameters = { error: 'invalid_request', error_description: text };
  return new FhirError(401, [issue('login', text)], challenge(base, parameters));
}

/** Nothing was granted for an action. `note`: why a scope that seems to fit does not. */
export function insufficientScope(
  base: string,
  grantee: Grantee,
  action: Action,
  type: string | undefined,
  note?: string,
): FhirError {
  const needed = `${levelOf(grantee)}/${type ?? '*'}.${LETTERS[action]}`;
  const held = grantee.scopeText === '' ? 'no scope' : `"${grantee.scopeText.slice(0, 600)}"`;
  const text = `To ${action} ${type ?? 'resources'} takes a scope such as ${needed}; the token holds ${held}${note ? `. ${note}` : ''}`;
  const parameters = {
    error: 'insufficient_scope',
    scope: needed,
    error_description: `needs ${needed}`,
  };
  return new FhirError(403, [issue('forbidden', text)], challenge(base, parameters));
}

/** The level at which the client should ask for more: the one it has used already, else the one that fits its kind. */
function levelOf({ scopes, kind, patient }: Grantee): ScopeLevel {
  if (kind === 'ClientCredentials') return 'system';
  const levels = new Set(scopes.map(({ level }) => level));
  if (levels.has('patient')) return 'patient';
  if (levels.has('user')) return 'user';
  return patient === undefined ? 'user' : 'patient';
}
