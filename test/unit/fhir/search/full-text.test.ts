// The forms of a word have one stem, different words have different ones.

import { describe, expect, it } from '@jest/globals';
import { indexNarrative, stemOf } from '../../../../src/fhir/search/full-text.ts';
import type { IndexValue } from '../../../../src/fhir/search/index-value.ts';

describe('stemOf', () => {
  it.each([
    ['bone', 'bones'],
    ['cell', 'cells'],
    ['stop', 'stopped', 'stopping', 'stops'],
    ['treat', 'treated', 'treating', 'treats', 'treatment', 'treatments'],
    ['allergy', 'allergies'],
    ['tolerate', 'tolerates'],
    ['weak', 'weakness', 'weakly'],
    ['disease', 'diseases'],
  ])('is one for %s and its forms', (...forms: string[]) => {
    expect(new Set(forms.map(stemOf)).size).toBe(1);
  });

  it('keeps words apart', () => {
    const words = [
      'diagnosis',
      'virus',
      'abscess',
      'red',
      'bed',
      'ring',
      'ely',
      'mass',
      'gas',
      'x2',
      'asthma',
    ];
    expect(new Set(words.map(stemOf)).size).toBe(words.length);
  });
});

describe('indexNarrative', () => {
  it('gives each stem once, of text and not of tags, within a bound', () => {
    const keysOf = (div: string): string[] => {
      const found: IndexValue[] = [];
      indexNarrative({ resourceType: 'Patient', text: { status: 'generated', div } }, (one) =>
        found.push(one),
      );
      return found.map((one) => (one.kind === 'key' ? one.key : ''));
    };
    expect(
      keysOf('<div title="no">Bones, bone &lt;b&gt; and&nbsp;&#x42;one &bogus; &#99999999;</div>'),
    ).toEqual(['bon', 'b']);
    expect(keysOf(Array.from({ length: 9000 }, (_, i) => `w${i}`).join(' '))).toHaveLength(5000);
    expect(keysOf('')).toEqual([]);
  });
});
