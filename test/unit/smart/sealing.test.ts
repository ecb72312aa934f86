/** Sealing, proofs and client secrets. */
import { expect, it } from '@jest/globals';
import { hashSecret, isHashed, newSecret, verifySecret } from '../../../src/smart/client-secret.ts';
import { tenantKeys } from '../../../src/smart/sealing.ts';

const one = tenantKeys(Buffer.alloc(32, 1));
const other = tenantKeys(Buffer.alloc(32, 2));

it('what is sealed is opened by the same tenant alone, and shows any change', () => {
  const sealed = one.seal('a private key, été');
  expect(one.open(sealed)).toBe('a private key, été');
  expect(sealed).not.toBe(one.seal('a private key, été'));
  expect(() => other.open(sealed)).toThrow();
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    expect(() => one.open(changed)).toThrow();
  }
  expect(() => one.open('')).toThrow();
});

it('a proof holds for its subject and tenant', () => {
  expect(one.proves(one.proof('step'), 'step')).toBe(true);
  expect(one.proves(one.proof('step'), 'other')).toBe(false);
  expect(one.proves(other.proof('step'), 'step')).toBe(false);
  expect(one.proves('', 'step')).toBe(false);
});

it('a secret is kept salted and hashed, and needs no encoding in HTTP Basic', () => {
  const secret = newSecret();
  expect(encodeURIComponent(secret)).toBe(secret);
  const kept = hashSecret(secret);
  expect(kept).not.toContain(secret);
  expect(hashSecret(secret)).not.toBe(kept);
  expect(hashSecret(kept)).toBe(kept);
  expect(isHashed(kept)).toBe(true);
  expect(verifySecret(kept, secret)).toBe(true);
  expect(verifySecret(kept, `${secret}x`)).toBe(false);
  expect(verifySecret(kept, kept)).toBe(false);
  expect(verifySecret(secret, secret)).toBe(false);
});
