/** Proofs and joined pages of the audit trail. */
import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { auditSeal, BEGINNING, hmac, joinedPages, pageHash } from '../../../src/store/audit-chain.ts';
import type { NewAuditPage } from '../../../src/store/audit-port.ts';

const page = (text: string, keys: readonly string[] = [], at = 5): NewAuditPage => ({
  since: at - 1,
  at,
  body: new Uint8Array(Buffer.from(text)),
  keys,
});

describe('the chain of the audit trail', () => {
  it('signs with HMAC-SHA-256 (RFC 2104)', () => {
    for (const length of [16, 32, 64]) {
      const [key, text] = [randomBytes(length), `ä${randomBytes(length).toString('hex')}\n`];
      expect(hmac(key)(text)).toBe(createHmac('sha256', key).update(text).digest('base64url'));
    }
  });

  it('hashes every part of a page, and the page before', () => {
    const seal = auditSeal(new Uint8Array(32));
    const whole = seal.page('c', { seq: 4, hash: 'before' }, page('{"a":1}', ['Patient/1', 'x']));
    expect(whole.seq).toBe(5);
    expect(whole.hash).toBe(pageHash('before', whole));
    const others = [
      { ...whole, chain: 'd' },
      { ...whole, seq: 6 },
      { ...whole, since: 3 },
      { ...whole, at: 6 },
      { ...whole, keys: ['Patient/1'] },
      { ...whole, keys: ['Patient/1,x'] },
      { ...whole, body: new Uint8Array(Buffer.from('{"a":2}')) },
    ];
    for (const other of others) expect(pageHash('before', other)).not.toBe(whole.hash);
    expect(pageHash('other', whole)).not.toBe(whole.hash);
  });

  it('proves pages, heads and the register each in its own way, with the secret of the tenant', () => {
    const [one, two] = [auditSeal(new Uint8Array(32)), auditSeal(new Uint8Array(32).fill(1))];
    const link = { seq: 1, hash: 'h' };
    const macs = [one, two].flatMap((seal) => [
      seal.head('c', link).mac,
      seal.pageMac({ chain: 'c', ...link }),
      seal.register(['c']).mac,
    ]);
    expect(new Set(macs).size).toBe(macs.length);
    expect(one.register(['b', 'a', 'b'])).toEqual(one.register(['a', 'b']));
    expect(one.page('c', BEGINNING, page('x')).seq).toBe(1);
  });

  it('joins pages of one moment: every line, every key once, the whole time', () => {
    const [joined, ...more] = joinedPages([
      page('a', ['k'], 9),
      page('b\nc', ['k', 'l'], 3),
      page('d', [], 12),
    ]);
    expect(more).toEqual([]);
    expect(Buffer.from(joined!.body).toString()).toBe('a\nb\nc\nd');
    expect(joined).toMatchObject({ since: 2, at: 12, keys: ['k', 'l'] });
    const large = Array.from({ length: 5 }, (_, i) => page('x'.repeat(200_000), [`${i}`]));
    expect(joinedPages(large).length).toBeGreaterThan(1);
    expect(joinedPages(large).flatMap(({ keys }) => keys)).toEqual(['0', '1', '2', '3', '4']);
    expect(joinedPages([])).toEqual([]);
  });
});
