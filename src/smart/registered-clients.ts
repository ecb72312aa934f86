/**
 * The registered clients of a tenant as commands and the demo keep them: records of oidc-provider's `Client` model, their secrets hashed.
 * https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
import type { TokenStore } from '../store/ports.ts';
import { hashSecret } from './client-secret.ts';

/** Members as OAuth registers them, and ours (provider.ts lists those). */
export interface ClientRecord {
  readonly client_id: string;
  readonly client_name?: string;
  readonly client_secret?: string;
  readonly redirect_uris: readonly string[];
  readonly grant_types: readonly string[];
  readonly response_types: readonly string[];
  readonly token_endpoint_auth_method:
    'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly jwks_uri?: string;
  readonly logo_uri?: string;
  readonly client_uri?: string;
  readonly client_id_issued_at?: number;
  /** the scopes that it may ask for, separated by spaces */
  readonly smart_scopes?: string;
  readonly launch_uri?: string;
  /** native: may come back to a scheme of its own */
  readonly application_type?: 'web' | 'native';
  readonly allowed_origins?: readonly string[];
  /** may introspect tokens of other clients */
  readonly introspects?: boolean;
  /** `self`: it registered itself */
  readonly registered_by?: string;
  /** switched off by an operator */
  readonly disabled?: boolean;
  /** made with the demo */
  readonly demo?: boolean;
}

const MODEL = 'Client';

/** Makes or replaces the client. A secret is hashed here. */
export async function saveClient(tokens: TokenStore, client: ClientRecord): Promise<void> {
  await tokens.put(recordOf(client));
}

/** Makes the client; false where there is one of that id. */
export async function addClient(tokens: TokenStore, client: ClientRecord, now: number): Promise<boolean> {
  return tokens.add(recordOf(client), now);
}

export async function clientOf(
  tokens: TokenStore,
  id: string,
  now: number,
): Promise<ClientRecord | undefined> {
  const record = await tokens.find(MODEL, id, now);
  return record && (JSON.parse(record.payload) as ClientRecord);
}

export async function clients(tokens: TokenStore, now: number): Promise<readonly ClientRecord[]> {
  const all: ClientRecord[] = [];
  for (let after: string | undefined; ; after = all.at(-1)!.client_id) {
    const page = await tokens.list(MODEL, now, 500, after);
    all.push(...page.map(({ payload }) => JSON.parse(payload) as ClientRecord));
    if (page.length < 500) return all;
  }
}

/** So many of them, for a choice on a page: there may be any number. */
export async function someClients(
  tokens: TokenStore,
  now: number,
  most: number,
): Promise<readonly ClientRecord[]> {
  const page = await tokens.list(MODEL, now, most);
  return page.map(({ payload }) => JSON.parse(payload) as ClientRecord);
}

/** Removes the client and everything that was given to it: its tokens are refused from the next request on. False: there was none. */
export async function removeClient(tokens: TokenStore, id: string, now: number): Promise<boolean> {
  const removed = await tokens.remove(MODEL, id);
  await endClientAccess(tokens, id, now);
  return removed;
}

/** Switched off: it is as if it were not registered, and what was given to it is taken back. False: there is none. */
export async function setClientDisabled(
  tokens: TokenStore,
  id: string,
  disabled: boolean,
  now: number,
): Promise<boolean> {
  const client = await clientOf(tokens, id, now);
  if (!client) return false;
  const { disabled: _was, ...rest } = client;
  await saveClient(tokens, { ...rest, ...(disabled && { disabled }) });
  if (disabled) await endClientAccess(tokens, id, now);
  return true;
}

/** Takes back all that was given to a client. */
export async function endClientAccess(tokens: TokenStore, id: string, now: number): Promise<void> {
  const given = await tokens.findBy('clientId', id, now);
  const grants = new Set(given.flatMap((one) => (one.model === 'Grant' ? one.id : (one.grantId ?? []))));
  for (const grantId of grants) await tokens.removeGrant(grantId);
  for (const { model, id: key } of given) await tokens.remove(model, key);
}

function recordOf(client: ClientRecord): { model: string; id: string; payload: string } {
  const { client_secret: secret, ...rest } = client;
  const kept = secret === undefined ? rest : { ...rest, client_secret: hashSecret(secret) };
  return { model: MODEL, id: client.client_id, payload: JSON.stringify(kept) };
}
