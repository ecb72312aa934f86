// Codes of an authenticator app against the examples of RFC 6238 appendix B and RFC 4226 appendix D.

import { describe, expect, it } from '@jest/globals';
import { base32, stepAt, stepOfCode, totp, totpAddress } from '../../../../src/smart/factors/totp.ts';

const SECRET = Buffer.from('12345678901234567890');

describe('totp', () => {
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('RFC 6238: at %i seconds the code is %s', (seconds, code) => {
    expect(totp(SECRET, stepAt(seconds * 1000))).toBe(code);
  });

  it.each(
    ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'].map(
      (code, counter): [number, string] => [counter, code],
    ),
  )('RFC 4226: the code of counter %i is %s', (counter, code) => {
    expect(totp(SECRET, counter)).toBe(code);
  });
});

describe('stepOfCode', () => {
  const now = 1_111_111_111_000;
  const step = stepAt(now);

  it('takes the code of now and of a step to either side, and names the step', () => {
    for (const by of [-1, 0, 1]) expect(stepOfCode(SECRET, totp(SECRET, step + by), now)).toBe(step + by);
  });

  it('takes no older or later one, and nothing that is no code', () => {
    for (const by of [-3, -2, 2, 3]) expect(stepOfCode(SECRET, totp(SECRET, step + by), now)).toBeUndefined();
    for (const typed of ['', '000', '1234567', 'abcdef', '050471050471'])
      expect(stepOfCode(SECRET, typed, now)).toBeUndefined();
  });

  it('does not mind blanks', () => {
    expect(stepOfCode(SECRET, ' 050 471 ', now)).toBe(step);
  });
});

describe('what an app is given', () => {
  it('RFC 4648: base32 without padding', () => {
    const examples = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) =>
      base32(Buffer.from(text)),
    );
    expect(examples).toEqual(['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI']);
  });

  it('names the place and the account, whatever signs they hold', () => {
    const address = totpAddress(SECRET, 'Ember & Gate', 'a+b@x');
    expect(address).toBe(
      'otpauth://totp/Ember%20%26%20Gate:a%2Bb%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ember%20%26%20Gate',
    );
  });
});
