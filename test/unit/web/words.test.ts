// Times, ages and people as one says them.

import { describe, expect, it } from '@jest/globals';
import { list, possessive, sayAge, sayBriefly, sayDate, sayPerson } from '../../../src/web/words.ts';

const NOW = Date.UTC(2026, 10, 24);

describe('words', () => {
  it.each([
    ['2019-03-03', '3 March 2019'],
    ['2019-03', 'March 2019'],
    ['2019', '2019'],
    ['2026-03-04T14:05:00-05:00', '4 March 2026, 14:05'],
    ['2026-03-04T14:05:33.125Z', '4 March 2026, 14:05 UTC'],
    ['sometime', 'sometime'],
  ])('says %s', (text, words) => expect(sayDate(text)).toBe(words));

  it.each([
    ['2019-03-03', '7 years'],
    ['2019-11-24', '7 years'],
    ['2019-11-25', '6 years'],
    ['2024-11-25', '23 months'],
    ['2026-10-24', '1 month'],
    ['2026-10-25', '30 days'],
    ['2026-11-24', '0 days'],
    ['2026-11-25', undefined],
    ['1931', '95 years'],
    ['2026', undefined],
    ['2025-06', '17 months'],
    ['unknown', undefined],
  ])('says the age of one born %s', (birth, age) => expect(sayAge(birth, NOW)).toBe(age));

  it('says who someone is', () => {
    expect(sayPerson({ birthDate: '2019-03-03', sex: 'female' }, NOW)).toBe(
      'female · 7 years · born 3 March 2019',
    );
    expect(sayPerson({ sex: 'unknown' }, NOW)).toBe('birth date not known');
    expect(sayBriefly({ name: 'Maya', birthDate: '2019-03-03' }, NOW)).toBe('Maya, 7 years');
    expect(possessive('James')).toBe('James’');
    expect(possessive('Maya Chen')).toBe('Maya Chen’s');
    expect([list([]), list(['a']), list(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
  });
});
