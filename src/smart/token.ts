/**
 * Before the token endpoint: what old apps leave out and can be known, and keys that may be withdrawn by now.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token
 */
import { decodeJwt } from 'jose';
import type Provider from 'oidc-provider';
import { secretId } from '../access/access-token.ts';
import type { ClientKeys } from './client-keys.ts';
import type { SmartTenant } from './tenant.ts';

/** The form that the library gets to see. */
export async function completeTokenForm(
  tenant: SmartTenant,
  provider: Provider,
  form: URLSearchParams,
  authorization: string | undefined,
): Promise<URLSearchParams> {
  const completed = new URLSearchParams(form);
  const clientId = authorization === undefined ? await publicClientOf(tenant, provider, form) : undefined;
  if (clientId !== undefined) completed.set('client_id', clientId);
  const scope = await registeredScopeOf(provider, form, authorization);
  if (scope !== undefined) completed.set('scope', scope);
  return completed;
}

/** A public app that refreshes names itself by its refresh token alone, as fhirclient does. */
async function publicClientOf(
  { tokens }: SmartTenant,
  provider: Provider,
  form: URLSearchParams,
): Promise<string | undefined> {
  const token = form.get('refresh_token');
  if (token === null || form.has('client_id') || form.has('client_assertion')) return undefined;
  const record = await tokens.find('RefreshToken', secretId(token), Date.now());
  if (record?.clientId === undefined) return undefined;
  const client = await provider.Client.find(record.clientId);
  return client?.tokenEndpointAuthMethod === 'none' ? client.clientId : undefined;
}

/** A backend service that asks for no scope means those that it is registered for. */
async function registeredScopeOf(
  provider: Provider,
  form: URLSearchParams,
  authorization: string | undefined,
): Promise<string | undefined> {
  if (form.get('grant_type') !== 'client_credentials' || (form.get('scope') ?? '') !== '') return undefined;
  const id = form.get('client_id') ?? assertingClient(form) ?? basicClient(authorization);
  const scopes = id === undefined ? undefined : (await provider.Client.find(id))?.['smart_scopes'];
  return typeof scopes === 'string' ? scopes : undefined;
}

/** Fetches the key set of the client that authenticates by assertion, where the one at hand is too old. */
export async function refreshKeys(
  provider: Provider,
  keys: ClientKeys,
  form: URLSearchParams,
): Promise<void> {
  const id = assertingClient(form);
  const client = id === undefined ? undefined : await provider.Client.find(id);
  if (client) await keys.refresh(client);
}

/** Who HTTP Basic names. https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function basicClient(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [id = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return new URLSearchParams(`id=${id}`).get('id') ?? undefined;
}

/** Who the assertion says it is from; whether that is so is for the library to check. */
function assertingClient(form: URLSearchParams): string | undefined {
  const assertion = form.get('client_assertion');
  if (assertion === null) return undefined;
  try {
    return decodeJwt(assertion).sub;
  } catch {
    return undefined;
  }
}
