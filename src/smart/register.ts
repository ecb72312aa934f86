/**
 * Dynamic registration: what an app may say of itself, and what only the operator may. Everything else the library checks.
 * https://www.rfc-editor.org/rfc/rfc7591, https://www.rfc-editor.org/rfc/rfc7592
 */
import { isIP } from 'node:net';
import type { TokenStore } from '../store/ports.ts';
import { parseScope } from '../access/scopes.ts';
import { plainName } from './app-view.ts';

export const MOST_REGISTRATION_BYTES = 64 * 1024;

export interface RegistrationFault {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly description: string;
}

type Metadata = Readonly<Record<string, unknown>>;

/** Members that are the operator's to give. */
const NOT_THEIRS = [
  'skip_consent',
  'registered_by',
  'introspects',
  'smart_scopes',
  'state_codes',
  'client_id_issued_at',
];
const LINKS = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'launch_uri'];
const MOST_URIS = 20;
const MOST_URI_LENGTH = 2000;
const MOST_KEYS = 20;

/** The metadata as it is handed on, or what is wrong with it. */
export function checkRegistration(
  sent: Metadata,
): { readonly metadata: Metadata } | { readonly fault: RegistrationFault } {
  const metadata = Object.fromEntries(Object.entries(sent).filter(([name]) => !NOT_THEIRS.includes(name)));
  const fault =
    redirectFault(metadata['redirect_uris']) ??
    nameFault(metadata['client_name']) ??
    linkFault(metadata) ??
    keysFault(metadata) ??
    scopeFault(metadata['scope']) ??
    grantFault(metadata['grant_types']);
  return fault ? { fault } : { metadata: completed(metadata) };
}

function completed(metadata: Metadata): Metadata {
  const { client_name: name, scope, grant_types: grants, redirect_uris: uris, ...rest } = metadata;
  const refreshes = typeof scope === 'string' && /(?:^| )(?:offline|online)_access(?: |$)/.test(scope);
  const isNative = (uris as readonly string[]).some((uri) => !/^https?:/.test(uri));
  return {
    ...(isNative && { application_type: 'native' }),
    ...rest,
    redirect_uris: uris,
    grant_types: grants ?? ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
    ...(name !== undefined && { client_name: plainName(name as string) }),
    ...(scope !== undefined && { smart_scopes: scope }),
    registered_by: 'self',
  };
}

const metadataFault = (description: string): RegistrationFault => ({
  error: 'invalid_client_metadata',
  description,
});

function redirectFault(uris: unknown): RegistrationFault | undefined {
  const refuse = (description: string): RegistrationFault => ({ error: 'invalid_redirect_uri', description });
  if (!Array.isArray(uris) || uris.length === 0)
    return refuse('redirect_uris must list at least one address');
  if (uris.length > MOST_URIS)
    return refuse(`redirect_uris lists ${uris.length} addresses: ${MOST_URIS} at most`);
  const wrong = uris.findIndex((uri) => !isRedirectUri(uri));
  if (wrong === -1) return undefined;
  return refuse(
    `redirect_uris[${wrong}] must be an https address, http on localhost, or a private scheme such as org.example.app:, without fragment or user name`,
  );
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function isRedirectUri(uri: unknown): boolean {
  if (typeof uri !== 'string' || uri.length > MOST_URI_LENGTH) return false;
  const url = URL.parse(uri);
  if (!url || url.hash !== '' || uri.includes('#') || url.username !== '' || url.password !== '')
    return false;
  if (url.protocol === 'https:') return true;
  if (url.protocol === 'http:') return LOOPBACK.includes(url.hostname);
  // A private-use scheme is a domain name read backwards. https://www.rfc-editor.org/rfc/rfc8252#section-7.1
  return /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:$/.test(url.protocol);
}

function nameFault(name: unknown): RegistrationFault | undefined {
  if (name === undefined) return undefined;
  if (typeof name !== 'string' || plainName(name) === '') return metadataFault('client_name must be a name');
  if (/[<>]/.test(name)) return metadataFault('client_name must not hold < or >');
  const isLatin = /\p{Script=Latin}/u.test(name);
  if (isLatin && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(name))
    return metadataFault('client_name mixes alphabets whose letters look alike');
  return undefined;
}

function linkFault(metadata: Metadata): RegistrationFault | undefined {
  const wrong = LINKS.find((name) => metadata[name] !== undefined && !isLink(metadata[name]));
  return wrong === undefined
    ? undefined
    : metadataFault(`${wrong} must be an https address, or http on localhost`);
}

function isLink(link: unknown): boolean {
  if (typeof link !== 'string' || link.length > MOST_URI_LENGTH) return false;
  const url = URL.parse(link);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
}

export function keysFault({ jwks, jwks_uri: uri }: Metadata): RegistrationFault | undefined {
  if (uri !== undefined && !isPublicHttps(uri))
    return metadataFault('jwks_uri must be an https address outside private networks');
  const keys = (jwks as { keys?: unknown } | undefined)?.keys;
  if (Array.isArray(keys) && keys.length > MOST_KEYS)
    return metadataFault(`jwks holds more than ${MOST_KEYS} keys`);
  return undefined;
}

/** Names that never lead outside; what other names resolve to is looked at when they are fetched. */
const INSIDE = /(?:^|\.)(?:localhost|local|internal|home\.arpa|lan)\.?$/i;

/** An address literal is refused whatever it is: a server that others can reach has a name and a certificate for it. */
function isPublicHttps(link: unknown): boolean {
  const url = typeof link === 'string' && link.length <= MOST_URI_LENGTH ? URL.parse(link) : null;
  if (url?.protocol !== 'https:' || url.username !== '') return false;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 && !INSIDE.test(host) && host.includes('.');
}

function scopeFault(scope: unknown): RegistrationFault | undefined {
  if (scope === undefined) return undefined;
  if (typeof scope !== 'string') return metadataFault('scope must be a text of scopes separated by spaces');
  const wrong = scope.split(' ').find((one) => one !== '' && !parseScope(one));
  if (wrong !== undefined) return metadataFault('scope holds something that is no SMART scope');
  if (/(?:^| )system\//.test(scope)) return metadataFault(ASK_OPERATOR);
  return undefined;
}

function grantFault(grants: unknown): RegistrationFault | undefined {
  return Array.isArray(grants) && grants.includes('client_credentials')
    ? metadataFault(ASK_OPERATOR)
    : undefined;
}

const ASK_OPERATOR =
  'Backend services (client_credentials, system scopes) see records without a person who agrees: ask the operator of this server to register yours';

const HOUR_MS = 3_600_000;
const MOST_AN_HOUR = 30;

/** Takes one of the places that an address has in an hour; false where none is left. Counted in the store: all threads count together. */
export async function takePlace(tokens: TokenStore, address: string, now: number): Promise<boolean> {
  const hour = Math.floor(now / HOUR_MS);
  for (let place = 0; place < MOST_AN_HOUR; place++) {
    const id = `register ${address} ${hour} ${place}`;
    const record = { model: 'Attempt', id, payload: '{}', expiresAt: (hour + 1) * HOUR_MS };
    if (await tokens.add(record, now)) return true;
  }
  return false;
}
