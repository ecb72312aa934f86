/** What a page shows after a redirect and never again: kept sealed for ten minutes, for one account. https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4 */
import { randomBytes } from 'node:crypto';
import { secretId } from '../access/access-token.ts';
import type { TokenStore } from '../store/ports.ts';
import type { TenantKeys } from './sealing.ts';

const MODEL = 'ShownOnce';
const KEPT_MS = 10 * 60_000;

/** The id to ask for it by. */
export async function keepShown(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  lines: readonly string[],
  now: number,
): Promise<string> {
  const id = randomBytes(24).toString('base64url');
  const payload = JSON.stringify({ sealed: keys.seal(JSON.stringify({ accountId, lines })) });
  await tokens.put({ model: MODEL, id: secretId(id), accountId, payload, expiresAt: now + KEPT_MS });
  return id;
}

/** undefined: it is another's, or ten minutes are over. Within them a page may be loaded again. */
export async function shownAgain(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  id: string,
  now: number,
): Promise<readonly string[] | undefined> {
  const record = await tokens.find(MODEL, secretId(id), now);
  if (record?.accountId !== accountId) return undefined;
  const { sealed } = JSON.parse(record.payload) as { sealed: string };
  return (JSON.parse(keys.open(sealed)) as { readonly lines: readonly string[] }).lines;
}
