/**
 * The challenges that a passkey signs. They hold their own proof and end, so that showing a page keeps nothing; each is taken once.
 * https://www.w3.org/TR/webauthn-3/#sctn-cryptographic-challenges
 */
import { randomBytes } from 'node:crypto';
import type { TokenStore } from '../../store/ports.ts';
import type { TenantKeys } from '../sealing.ts';

const MODEL = 'UsedChallenge';
const LASTS_MS = 10 * 60_000;
const CHALLENGE = /^([\w-]{22})\.(\d{13})\.([\w-]{43})$/;

const subjectOf = (purpose: string, nonce: string, until: string): string =>
  `challenge ${nonce} ${until} ${purpose}`;

/** base64url, as WebAuthn has it. `purpose`: what it is for, in which page of which browser. */
export function newChallenge(keys: TenantKeys, purpose: string, now: number): string {
  const nonce = randomBytes(16).toString('base64url');
  const until = String(now + LASTS_MS);
  return Buffer.from(`${nonce}.${until}.${keys.proof(subjectOf(purpose, nonce, until))}`).toString(
    'base64url',
  );
}

/** Whether it was made for this and is good for the first time. */
export async function takeChallenge(
  tokens: TokenStore,
  keys: TenantKeys,
  purpose: string,
  challenge: string,
  now: number,
): Promise<boolean> {
  const [, nonce, until, proof] = CHALLENGE.exec(Buffer.from(challenge, 'base64url').toString()) ?? [];
  if (nonce === undefined || until === undefined || proof === undefined) return false;
  if (Number(until) <= now || !keys.proves(proof, subjectOf(purpose, nonce, until))) return false;
  return tokens.add({ model: MODEL, id: nonce, payload: '{}', expiresAt: Number(until) }, now);
}
