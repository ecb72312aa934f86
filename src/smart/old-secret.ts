/**
 * A client secret that was replaced goes on working for a while, so that an app can be given the new one without an outage.
 * https://pages.nist.gov/800-63-3/sp800-63b.html#memsecretver (secrets replaced without a gap)
 */
import type { TokenStore } from '../store/ports.ts';
import { hashSecret, newSecret, verifySecret } from './client-secret.ts';
import { clientOf, saveClient } from './registered-clients.ts';

const MODEL = 'OldSecret';
export const OVERLAP_HOURS = 24;

/** Gives the client a new secret, which is told this once; the one before works for a day more. undefined: it has no secret. */
export async function rotateSecret(
  tokens: TokenStore,
  clientId: string,
  now: number,
): Promise<string | undefined> {
  const client = await clientOf(tokens, clientId, now);
  if (client?.client_secret === undefined) return undefined;
  const secret = newSecret();
  const payload = JSON.stringify({ kept: hashSecret(client.client_secret) });
  await tokens.put({
    model: MODEL,
    id: clientId,
    payload,
    expiresAt: now + OVERLAP_HOURS * 3_600_000,
    clientId,
  });
  await saveClient(tokens, { ...client, client_secret: secret });
  return secret;
}

/** Until when the secret before the present one works, ms since 1970. */
export async function overlapOf(
  tokens: TokenStore,
  clientId: string,
  now: number,
): Promise<number | undefined> {
  return (await tokens.find(MODEL, clientId, now))?.expiresAt;
}

/** Ends the overlap at once: for a secret that somebody else has seen. */
export const endOverlap = (tokens: TokenStore, clientId: string): Promise<boolean> =>
  tokens.remove(MODEL, clientId);

export async function isOldSecret(
  tokens: TokenStore,
  clientId: string,
  presented: string,
  now: number,
): Promise<boolean> {
  const record = await tokens.find(MODEL, clientId, now);
  return (
    record !== undefined && verifySecret((JSON.parse(record.payload) as { kept: string }).kept, presented)
  );
}
