/**
 * A form that was sent when its sender had to sign in again: kept sealed for ten minutes, given back once, and only to the account that it was made for.
 * https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#require-re-authentication-for-sensitive-features
 */
import { randomBytes } from 'node:crypto';
import { secretId } from '../access/access-token.ts';
import type { TokenStore } from '../store/ports.ts';
import type { TenantKeys } from './sealing.ts';
import type { Draft } from './visitor.ts';

const MODEL = 'Draft';
const KEPT_MS = 10 * 60_000;
const MOST_CHARACTERS = 100_000;
/** A secret is typed again. */
const SECRET = /csrf|password|secret|code|token|assertion/i;

interface Kept {
  readonly owner: string;
  readonly draft: Draft;
}

/** The id to ask for it by; undefined: it is too large to be kept. */
export async function keepDraft(
  tokens: TokenStore,
  keys: TenantKeys,
  owner: string,
  { path, fields }: Draft,
  now: number,
): Promise<string | undefined> {
  const kept: Kept = { owner, draft: { path, fields: fields.filter(([name]) => !SECRET.test(name)) } };
  const text = JSON.stringify(kept);
  if (text.length > MOST_CHARACTERS) return undefined;
  const id = randomBytes(24).toString('base64url');
  const payload = JSON.stringify({ sealed: keys.seal(text) });
  await tokens.put({ model: MODEL, id: secretId(id), payload, expiresAt: now + KEPT_MS });
  return id;
}

export async function takeDraft(
  tokens: TokenStore,
  keys: TenantKeys,
  owner: string,
  id: string,
  now: number,
): Promise<Draft | undefined> {
  const key = secretId(id);
  const record = await tokens.find(MODEL, key, now);
  if (!record) return undefined;
  const { sealed } = JSON.parse(record.payload) as { sealed: string };
  const kept = JSON.parse(keys.open(sealed)) as Kept;
  if (kept.owner !== owner || !(await tokens.consume(MODEL, key, now))) return undefined;
  await tokens.remove(MODEL, key);
  return kept.draft;
}
