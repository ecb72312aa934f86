/**
 * Codes of an authenticator app: six digits that change every half minute. SHA-1, since that is what every app can do; its weakness for signatures is
 * none for HMAC. https://www.rfc-editor.org/rfc/rfc6238, https://www.rfc-editor.org/rfc/rfc4226
 */
import { createHmac } from 'node:crypto';
import { sameText } from '../sealing.ts';

const STEP_MS = 30_000;
const DIGITS = 6;
/** Clocks are off and people are slow: a step to either side. */
const WINDOW = [0, -1, 1] as const;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const stepAt = (now: number): number => Math.floor(now / STEP_MS);

/** The code of a secret in a step of time. */
export function totp(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac.at(-1)! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The step whose code this is; undefined: of none at this time. People type blanks between the digits. */
export function stepOfCode(secret: Uint8Array, typed: string, now: number): number | undefined {
  const code = typed.replace(/\s/g, '');
  const steps = WINDOW.map((by) => stepAt(now) + by);
  return steps.find((step) => sameText(code, totp(secret, step)));
}

/** RFC 4648 without padding: how apps take a secret that is typed. */
export function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What the picture holds that an app reads. https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function totpAddress(secret: Uint8Array, site: string, username: string): string {
  const label = `${encodeURIComponent(site)}:${encodeURIComponent(username)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(site)}`;
}
