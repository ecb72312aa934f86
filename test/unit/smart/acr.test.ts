// Classes of a sign-in: which methods make which, and which is at least another.

import { describe, expect, it } from '@jest/globals';
import { ACR, ACR_VALUES, acrOf, amrOf, isAtLeast, type Method } from '../../../src/smart/acr.ts';
import { fitting, leastOf } from '../../../src/smart/acr-asked.ts';

describe('acrOf and amrOf', () => {
  it.each<[Method[], string, string[]]>([
    [['pwd'], ACR.pwd, ['pwd']],
    [['fed'], ACR.pwd, ['fed']],
    [['pwd', 'otp'], ACR.mfa, ['pwd', 'otp', 'mfa']],
    [['pwd', 'kba'], ACR.mfa, ['pwd', 'otp', 'mfa']],
    [['fed', 'otp'], ACR.mfa, ['fed', 'otp', 'mfa']],
    [['pop'], ACR.phr, ['pop', 'mfa', 'user']],
    [['pwd', 'pop'], ACR.phr, ['pwd', 'pop', 'mfa', 'user']],
    [['otp'], ACR.pwd, ['otp']],
    [[], ACR.pwd, []],
  ])('%j is %s', (methods, acr, amr) => {
    expect([acrOf(methods), amrOf(methods)]).toEqual([acr, amr]);
  });
});

describe('isAtLeast', () => {
  it('orders the classes, and takes nothing unknown for enough or for met', () => {
    const table = ACR_VALUES.map((is) => ACR_VALUES.map((wanted) => isAtLeast(is, wanted)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
    expect([
      isAtLeast(undefined, ACR.pwd),
      isAtLeast('x', ACR.pwd),
      isAtLeast(ACR.phr, 'x'),
      isAtLeast('x', 'x'),
    ]).toEqual([false, false, false, false]);
  });
});

describe('what is asked for', () => {
  it('is met by the strongest class of those asked for that a sign-in holds', () => {
    expect(fitting(ACR.phr, [ACR.mfa, ACR.pwd])).toBe(ACR.mfa);
    expect(fitting(ACR.mfa, [ACR.phr, ACR.pwd])).toBe(ACR.pwd);
    expect(fitting(ACR.pwd, [ACR.phr, ACR.mfa])).toBeUndefined();
    expect(fitting(ACR.phr, ['x'])).toBeUndefined();
    expect([leastOf([ACR.phr, ACR.mfa]), leastOf(['x'])]).toEqual([ACR.mfa, undefined]);
  });
});
