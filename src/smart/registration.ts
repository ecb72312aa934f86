/** Before the registration endpoint: the body is read, checked and put into the terms of the library. https://www.rfc-editor.org/rfc/rfc7591#section-3 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { clientAddress } from './client-address.ts';
import { verifySecret } from './client-secret.ts';
import * as http from './http.ts';
import { checkRegistration, MOST_REGISTRATION_BYTES, takePlace } from './register.ts';
import type { SmartTenant } from './tenant.ts';

interface Running {
  readonly tenant: SmartTenant;
  readonly provider: Provider;
}

/** true: the request goes on to the library; false: it was answered. */
export async function forwardRegistration(
  { tenant, provider }: Running,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.method !== 'POST' && request.method !== 'PUT') return true;
  const isNew = request.method === 'POST';
  if (isNew && !(await takePlace(tenant.tokens, clientAddress(request, tenant.proxies), Date.now()))) {
    const description = 'Too many apps were registered from your address: try again in an hour';
    http.oauthError(response, 429, 'temporarily_unavailable', description, { 'retry-after': '3600' });
    return false;
  }
  const sent = await metadataOf(request);
  if (!sent) {
    http.oauthError(
      response,
      400,
      'invalid_client_metadata',
      'Send the metadata as one JSON object (application/json)',
    );
    return false;
  }
  const checked = checkRegistration(isNew ? withoutIdentity(sent) : sent);
  if ('fault' in checked) {
    http.oauthError(response, 400, checked.fault.error, checked.fault.description);
    return false;
  }
  const metadata = isNew ? checked.metadata : await withKeptSecret(provider, checked.metadata);
  http.replay(request, JSON.stringify(metadata));
  return true;
}

async function metadataOf(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const body = await http.readBody(request, MOST_REGISTRATION_BYTES);
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) return undefined;
  try {
    const sent: unknown = JSON.parse(body.toString('utf8'));
    const isRecord = typeof sent === 'object' && sent !== null && !Array.isArray(sent);
    return isRecord ? (sent as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Names and secrets are given out here, never taken. */
function withoutIdentity({ client_id: _id, client_secret: _secret, ...rest }: Record<string, unknown>) {
  return rest;
}

/** The library compares secrets as texts and has but the hash: a secret that is right is put in as that. */
async function withKeptSecret(
  provider: Provider,
  metadata: Readonly<Record<string, unknown>>,
): Promise<object> {
  const { client_id: id, client_secret: secret } = metadata;
  if (typeof id !== 'string' || typeof secret !== 'string') return metadata;
  const kept = (await provider.Client.find(id))?.clientSecret;
  return kept !== undefined && verifySecret(kept, secret) ? { ...metadata, client_secret: kept } : metadata;
}
