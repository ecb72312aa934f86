/**
 * Client secrets as they are kept: salted SHA-256, never the secret. Ours carry 256 random bits, so that a fast hash is as good as a slow one
 * (docs/adr/0023). https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
import { createHash, randomBytes } from 'node:crypto';
import { sameText } from './sealing.ts';

const KEPT = /^sha256\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** A new secret: base64url, so that it reads the same with and without form encoding in HTTP Basic. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export const isHashed = (kept: string): boolean => KEPT.test(kept);

/** What is kept of a secret; what is hashed already stays as it is. */
export function hashSecret(secret: string): string {
  if (isHashed(secret)) return secret;
  const salt = randomBytes(16).toString('base64url');
  return `sha256$${salt}$${digest(salt, secret)}`;
}

export function verifySecret(kept: string, presented: string): boolean {
  const [, salt, hash] = KEPT.exec(kept) ?? [];
  return salt !== undefined && hash !== undefined && sameText(hash, digest(salt, presented));
}

const digest = (salt: string, secret: string): string =>
  createHash('sha256').update(salt).update('\n').update(secret).digest('base64url');
