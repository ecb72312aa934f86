// Where two values differ, letter by letter.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { markDifference, runsOf } from '../../../src/web/difference.ts';
import { markupOf } from '../../../src/web/html.ts';

const marked = (shown: string, other: string): string => markupOf(markDifference(shown, other));

describe('markDifference', () => {
  it.each([
    ['https://a.example/App/', 'https://a.example/app', 'https://a.example/<mark>A</mark>pp<mark>/</mark>'],
    ['https://a.example/app', 'https://a.example/App/', 'https://a.example/<mark>a</mark>pp'],
    ['http://a', 'https://a', 'http://a'],
    ['https://a', 'http://a', 'http<mark>s</mark>://a'],
    ['same', 'same', 'same'],
    ['', 'x', ''],
    ['<b>', '', '<mark>&lt;b&gt;</mark>'],
  ])('%s beside %s', (shown, other, html) => expect(marked(shown, other)).toBe(html));

  it('shows all of the value, and leaves unmarked what both have in common, in order', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (shown, other) => {
        const [there, back] = [runsOf(shown, other), runsOf(other, shown)];
        const same = (runs: typeof there): string => runs.map((run) => (run.same ? run.text : '')).join('');
        expect(there.map(({ text }) => text).join('')).toBe(shown);
        expect(same(there)).toHaveLength(same(back).length);
        let at = 0;
        for (const letter of same(there)) {
          at = other.indexOf(letter, at) + 1;
          expect(at).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('takes a value of any length in time', () => {
    const long = 'https://a.example/'.repeat(2000);
    const begun = performance.now();
    expect(marked(`x${long}`, `y${long}`)).toMatch(/^<mark>x<\/mark>https/);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
