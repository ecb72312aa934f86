/**
 * Registering an app from one address: what its launch URL tells is filled in, the rest is what apps of its kind have. The same checks as for an app that
 * registers itself (`register.ts`). https://www.rfc-editor.org/rfc/rfc7591, https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#register-app-with-ehr
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { secretId } from '../../access/access-token.ts';
import type { TokenStore } from '../../store/ports.ts';
import { newSecret } from '../client-secret.ts';
import { checkRegistration, keysFault } from '../register.ts';
import { addClient, saveClient, type ClientRecord } from '../registered-clients.ts';

/** `public`: runs where a secret cannot be kept; `secret`, `key`: has a server that keeps one; `backend`: acts without a person. */
export const KINDS = ['public', 'secret', 'key', 'backend'] as const;
export type AppKind = (typeof KINDS)[number];

/** A form as it was sent; empty texts are nothing. */
export interface AppForm {
  readonly kind: AppKind;
  readonly name: string;
  readonly launchUrl: string;
  /** one a line; guessed from the launch URL when empty */
  readonly redirectUris: string;
  /** separated by spaces; those of the kind when empty */
  readonly scope: string;
  /** a JWK, a JWKS, or the https address of one */
  readonly keys: string;
}

/** What is wrong with a field, in a sentence. */
export interface FormFault {
  readonly field: keyof AppForm;
  readonly says: string;
}

export interface NewApp {
  readonly client: ClientRecord;
  /** told once */
  readonly secret?: string;
  /** told once: with it the app can be changed and removed, here and by RFC 7592 */
  readonly registrationToken: string;
}

export const SCOPES: Readonly<Record<AppKind, string>> = {
  public: 'launch launch/patient openid fhirUser offline_access patient/*.rs',
  secret: 'launch launch/patient openid fhirUser offline_access patient/*.rs',
  key: 'launch launch/patient openid fhirUser offline_access patient/*.rs',
  backend: 'system/*.rs',
};

const AUTH: Readonly<Record<AppKind, ClientRecord['token_endpoint_auth_method']>> = {
  public: 'none',
  secret: 'client_secret_basic',
  key: 'private_key_jwt',
  backend: 'private_key_jwt',
};

/**
 * Where an app with this launch URL is likely to want to come back to: all of them are its own addresses beside it, and each is matched letter by letter.
 * `https://app.example.org/launch.html` -> `…/index.html`, `…/`, `…/callback`.
 */
export function guessRedirects(launchUrl: string): readonly string[] {
  const url = URL.parse(launchUrl);
  if (!url || !/^https?:$/.test(url.protocol)) return [];
  const folder = new URL('.', url).href;
  const page = /\.html?$/.exec(url.pathname)?.[0];
  const names = page === undefined ? ['', 'callback', 'redirect'] : [`index${page}`, '', `callback${page}`];
  return [...new Set([...names.map((name) => folder + name), url.href])];
}

/** The client that a form describes; a field that is wrong is named. `mayBackend`: whoever asks may register a service. */
export function readAppForm(
  form: AppForm,
  mayBackend: boolean,
): { readonly client: ClientRecord } | { readonly fault: FormFault } {
  if (form.kind === 'backend' && !mayBackend) return fault('kind', ASK_OPERATOR);
  const keys = form.kind === 'key' || form.kind === 'backend' ? keysOf(form.keys) : {};
  if ('says' in keys) return { fault: keys };
  return form.kind === 'backend' ? backend(form, keys) : withPerson(form, keys);
}

const ASK_OPERATOR =
  'A backend service sees records without a person who agrees, so the operator of this server registers it: send them its public keys.';

const fault = (field: keyof AppForm, says: string): { readonly fault: FormFault } => ({
  fault: { field, says },
});

type Keys = Pick<ClientRecord, 'jwks' | 'jwks_uri'>;

function withPerson(form: AppForm, keys: Keys): { client: ClientRecord } | { fault: FormFault } {
  const launchUrl = form.launchUrl.trim();
  const sent = form.redirectUris.split(/\s+/).filter((one) => one !== '');
  if (launchUrl === '' && sent.length === 0)
    return fault(
      'launchUrl',
      'Give the address at which your app is launched, such as http://localhost:3000/launch',
    );
  const scope = form.scope.trim() || SCOPES[form.kind];
  const refreshes = /(?:^| )(?:offline|online)_access(?: |$)/.test(scope);
  const client = {
    client_name: form.name.trim() || hostOf(launchUrl || sent[0]!),
    redirect_uris: sent.length > 0 ? sent : guessRedirects(launchUrl),
    grant_types: ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: AUTH[form.kind],
    scope,
    ...(launchUrl !== '' && { launch_uri: launchUrl }),
    ...keys,
  };
  const checked = checkRegistration(client);
  return 'fault' in checked
    ? fault(fieldOf(checked.fault.description, sent), checked.fault.description)
    : named(checked.metadata);
}

/** Which field of the form a fault of the metadata belongs to. */
function fieldOf(description: string, sent: readonly string[]): keyof AppForm {
  if (description.startsWith('redirect_uris')) return sent.length > 0 ? 'redirectUris' : 'launchUrl';
  if (description.startsWith('launch_uri')) return 'launchUrl';
  if (description.startsWith('client_name')) return 'name';
  if (description.startsWith('jwks')) return 'keys';
  return 'scope';
}

function backend(form: AppForm, keys: Keys): { client: ClientRecord } | { fault: FormFault } {
  const scope = form.scope.trim() || SCOPES.backend;
  const wrong = scope.split(' ').find((one) => !one.startsWith('system/'));
  if (wrong !== undefined)
    return fault('scope', 'A backend service asks for system/ scopes alone, such as system/*.rs');
  return named({
    client_name: form.name.trim() || 'Backend service',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    smart_scopes: scope,
    registered_by: 'self',
    ...keys,
  });
}

const named = (metadata: Readonly<Record<string, unknown>>): { client: ClientRecord } => ({
  client: {
    ...metadata,
    client_id: randomUUID(),
    client_id_issued_at: Math.floor(Date.now() / 1000),
  } as ClientRecord,
});

const hostOf = (url: string): string => URL.parse(url)?.host || 'My app';

/** Keys by paste or by address. A private key is refused: it must never leave whoever signs with it. */
function keysOf(text: string): Keys | FormFault {
  const says = (why: string): FormFault => ({ field: 'keys', says: why });
  const sent = text.trim();
  if (sent === '')
    return says('Paste your public keys as a JWKS, give the https address of one, or make a pair here');
  if (/^https?:/.test(sent)) {
    const wrong = keysFault({ jwks_uri: sent });
    return wrong ? says(wrong.description) : { jwks_uri: sent };
  }
  const keys = keysIn(sent);
  if (!keys) return says('This is neither a JWKS, as {"keys":[{"kty":"EC",…}]}, nor an https address');
  if (keys.some((key) => 'd' in key || 'k' in key))
    return says(
      'This holds a private key (d). Nothing was kept. Make a new pair, and paste the public half alone',
    );
  if (keys.some(({ kid }) => typeof kid !== 'string' || kid === ''))
    return says('Each key needs a kid, by which a signature names it');
  const wrong = keysFault({ jwks: { keys } });
  return wrong ? says(wrong.description) : { jwks: { keys } };
}

type Jwk = Readonly<Record<string, unknown>>;

function keysIn(text: string): readonly Jwk[] | undefined {
  try {
    const read = JSON.parse(text) as { keys?: unknown; kty?: unknown };
    const keys = read.kty === undefined ? read.keys : [read];
    return Array.isArray(keys) &&
      keys.length > 0 &&
      keys.every((one) => typeof (one as Jwk | null)?.['kty'] === 'string')
      ? (keys as Jwk[])
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the app; its secret and its registration token are told this once. */
export async function registerApp(tokens: TokenStore, client: ClientRecord, now: number): Promise<NewApp> {
  const secret = client.token_endpoint_auth_method === 'client_secret_basic' ? newSecret() : undefined;
  await addClient(tokens, { ...client, ...(secret !== undefined && { client_secret: secret }) }, now);
  const registrationToken = randomBytes(32).toString('base64url');
  const payload = {
    iat: Math.floor(now / 1000),
    kind: 'RegistrationAccessToken',
    clientId: client.client_id,
  };
  await tokens.put({
    model: 'RegistrationAccessToken',
    id: secretId(registrationToken),
    payload: JSON.stringify(payload),
    clientId: client.client_id,
  });
  return { client, registrationToken, ...(secret !== undefined && { secret }) };
}

/** What of a registered app a form may change; its kind, its secret and its keys' way stay. */
export async function changeApp(
  tokens: TokenStore,
  old: ClientRecord,
  form: AppForm,
): Promise<FormFault | undefined> {
  const read = readAppForm({ ...form, kind: kindOf(old), keys: form.keys.trim() || keysText(old) }, true);
  if ('fault' in read) return read.fault;
  const { client_id: _id, client_id_issued_at: _at, ...changed } = read.client;
  await saveClient(tokens, { ...old, ...changed });
  return undefined;
}

export function kindOf(client: ClientRecord): AppKind {
  if (client.grant_types.includes('client_credentials')) return 'backend';
  if (client.token_endpoint_auth_method === 'private_key_jwt') return 'key';
  return client.token_endpoint_auth_method === 'none' ? 'public' : 'secret';
}

const keysText = ({ jwks, jwks_uri: uri }: ClientRecord): string => uri ?? (jwks ? JSON.stringify(jwks) : '');
