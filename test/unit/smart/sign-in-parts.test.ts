// Browsers in words, paths of our own, challenges, drafts and recovery codes: the small parts of signing in.

import { describe, expect, it } from '@jest/globals';
import { browserInWords } from '../../../src/smart/devices.ts';
import { newChallenge, takeChallenge } from '../../../src/smart/factors/challenge.ts';
import { codesLeft, newCodes, takeCode } from '../../../src/smart/factors/recovery-codes.ts';
import { formProof, ownerMark, ownerOfForm, provesForm } from '../../../src/smart/form-proof.ts';
import { ownPath } from '../../../src/smart/return-path.ts';
import { tenantKeys } from '../../../src/smart/sealing.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import type { TokenStore } from '../../../src/store/ports.ts';

const keys = tenantKeys(Buffer.alloc(32, 7));
const others = tenantKeys(Buffer.alloc(32, 8));

async function withTokens(work: (tokens: TokenStore) => Promise<void>): Promise<void> {
  const stores = await openSqliteStores({ location: ':memory:' });
  try {
    await work((await stores.tenant('default')).tokens);
  } finally {
    await stores.close();
  }
}

describe('browserInWords', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0',
      'Firefox on Windows',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Safari/605.1.15',
      'Safari on Mac',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/133.0.0.0 Mobile/15E148 Safari/604.1',
      'Chrome on iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['curl/8.5.0', 'A browser'],
    ['', 'A browser'],
  ])('%s', (agent, words) => {
    expect(browserInWords(agent)).toBe(words);
  });
});

describe('ownPath', () => {
  const place = { origin: 'https://fhir.example.org' };

  it.each(['/', '/account?tab=apps', '/t/north/account#people', '/a%20b'])('keeps %s', (path) => {
    expect(ownPath(place, path)).toBe(path);
  });

  it.each([
    null,
    '',
    'account',
    '//evil.example',
    '/\\evil.example',
    '/a\\b',
    'https://evil.example/',
    'javascript:alert(1)',
    '/\tevil',
    '/\n/evil.example',
    '/ /evil.example',
    '/é',
    `/${'a'.repeat(3000)}`,
  ])('does not go to %j', (path) => {
    expect(ownPath(place, path)).toBe('/account');
  });
});

describe('formProof', () => {
  const maker = { accountId: 'a', sessionUid: 's' };

  it('is of one session and one account, and says for whom it was made after the session', () => {
    const proof = formProof(keys, maker);
    expect(provesForm(keys, maker, proof)).toBe(true);
    expect(provesForm(keys, { ...maker, accountId: 'b' }, proof)).toBe(false);
    expect(provesForm(keys, { ...maker, sessionUid: 't' }, proof)).toBe(false);
    expect(ownerOfForm(keys, proof)).toBe(ownerMark(keys, 'a'));
    expect([ownerOfForm(others, proof), ownerOfForm(keys, `${proof}x`), ownerOfForm(keys, '')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const [uid, , mac] = proof.split('.');
    expect(ownerOfForm(keys, `${uid}.${ownerMark(keys, 'b')}.${mac}`)).toBeUndefined();
  });
});

describe('challenges of passkeys', () => {
  it('are taken once, for what they were made for, and not too late', () =>
    withTokens(async (tokens) => {
      const now = Date.now();
      const challenge = newChallenge(keys, 'one', now);
      expect(await takeChallenge(tokens, keys, 'another', challenge, now)).toBe(false);
      expect(await takeChallenge(tokens, others, 'one', challenge, now)).toBe(false);
      expect(await takeChallenge(tokens, keys, 'one', challenge, now + 600_001)).toBe(false);
      const answers = await Promise.all(
        [1, 2, 3].map(() => takeChallenge(tokens, keys, 'one', challenge, now)),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await takeChallenge(tokens, keys, 'one', 'made up', now)).toBe(false);
    }));
});

describe('recovery codes', () => {
  it('are ten, good once each and for one account, and gone when new ones are made', () =>
    withTokens(async (tokens) => {
      const now = Date.now();
      const codes = await newCodes(tokens, keys, 'a', now);
      expect(codes).toHaveLength(10);
      expect(codes.every((code) => /^[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}$/.test(code))).toBe(true);
      expect(await takeCode(tokens, keys, 'b', codes[0]!, now)).toBe(false);
      expect(await takeCode(tokens, others, 'a', codes[0]!, now)).toBe(false);
      const answers = await Promise.all([1, 2, 3].map(() => takeCode(tokens, keys, 'a', codes[0]!, now)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await codesLeft(tokens, 'a', now)).toBe(9);
      await newCodes(tokens, keys, 'a', now);
      expect(await takeCode(tokens, keys, 'a', codes[1]!, now)).toBe(false);
      expect(await codesLeft(tokens, 'a', now)).toBe(10);
    }));
});
