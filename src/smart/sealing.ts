/**
 * What of the authorization server's state must not be readable in the store: keys made from the tenant's secret (HKDF,
 * https://www.rfc-editor.org/rfc/rfc5869), sealing with AES-256-GCM, and proofs that a form came from a page of ours.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export interface TenantKeys {
  /** sign cookies; the first one signs, all are accepted */
  readonly cookies: readonly string[];
  /** base64url of nonce, tag and ciphertext */
  seal(text: string): string;
  /** Throws when the text was not sealed with this tenant's secret. */
  open(sealed: string): string;
  /** what a form must send back to prove that it was shown with this subject */
  proof(subject: string): string;
  proves(proof: string, subject: string): boolean;
}

const NONCE = 12;
const TAG = 16;

/** Keys of a tenant, each for one purpose, from the 32 bytes that are kept with its data. */
export function tenantKeys(secret: Uint8Array): TenantKeys {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `embergate smart ${purpose}`, 32));
  const sealing = derive('sealing');
  const forms = derive('forms');
  const proof = (subject: string): string => createHmac('sha256', forms).update(subject).digest('base64url');
  return {
    cookies: [derive('cookies').toString('base64url')],
    seal: (text) => seal(sealing, text),
    open: (sealed) => open(sealing, sealed),
    proof,
    proves: (given, subject) => sameText(given, proof(subject)),
  };
}

function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

function open(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
  return decipher.update(bytes.subarray(NONCE + TAG), undefined, 'utf8') + decipher.final('utf8');
}

/** Compares without telling by its time where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
