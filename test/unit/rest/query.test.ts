// Query strings as pairs in their order; what is not UTF-8 is refused, not guessed.

import { describe, expect, it } from '@jest/globals';
import { decodeSegment, lastValue, parseQuery } from '../../../src/rest/query.ts';

describe('parseQuery', () => {
  it.each([
    ['', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&a=2&b=3',
      [
        ['a', '1'],
        ['a', '2'],
        ['b', '3'],
      ],
    ],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=a', [['', 'a']]],
    ['a=b=c', [['a', 'b=c']]],
    [
      '&&a=1&&b=2&',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['name=a+b%2Bc', [['name', 'a b+c']]],
    ['na%6De=%C3%A4%F0%9F%98%80', [['name', 'ä😀']]],
    ['code=http%3A%2F%2Floinc.org%7C1%262', [['code', 'http://loinc.org|1&2']]],
    ['__proto__=1', [['__proto__', '1']]],
    ['a=?b', [['a', '?b']]],
  ])('%s', (text, pairs) => {
    expect(parseQuery(text)).toEqual(pairs);
  });

  it.each(['a=%', 'a=%2', 'a=%zz', 'a=%FF', 'a=%C3', 'a=%ED%A0%80', '%=1', 'a=%C3%28'])(
    'refuses %s',
    (text) => {
      expect(() => parseQuery(text)).toThrow(expect.objectContaining({ name: 'FhirError', status: 400 }));
    },
  );
});

describe('decodeSegment', () => {
  it.each([
    ['Patient', 'Patient'],
    ['a+b', 'a+b'],
    ['a%2Fb', 'a/b'],
    ['%24validate', '$validate'],
    ['%C3%A4', 'ä'],
  ])('%s is %s', (text, segment) => {
    expect(decodeSegment(text)).toBe(segment);
  });

  it.each(['%', '%f', '%ff', '%C0%AF'])('refuses %s', (text) => {
    expect(() => decodeSegment(text)).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('lastValue', () => {
  it('is the last one, and undefined without any', () => {
    expect(lastValue(parseQuery('a=1&b=2&a=3'), 'a')).toBe('3');
    expect(lastValue(parseQuery('a=1'), 'A')).toBeUndefined();
  });
});
