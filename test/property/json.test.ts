/** Any JSON there is: what is parsed is what was written, in the way JSON.parse has it. https://www.rfc-editor.org/rfc/rfc8259 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, prettyJson, stringifyJson, toPlain } from '../../src/fhir/model/json.ts';
import { FhirError } from '../../src/fhir/model/outcome.ts';
import type { JsonValue } from '../../src/fhir/model/tree.ts';

const digits = fc.stringMatching(/^\d{1,25}$/);
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(?:0|[1-9]\d{0,24})$/),
    fc.option(digits),
    fc.option(fc.integer({ min: -200, max: 200 })),
  )
  .map(
    ([sign, whole, part, power]) =>
      `${sign}${whole}${part === null ? '' : `.${part}`}${power === null ? '' : `e${power}`}`,
  );

const string = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\u0000'));
const name = string.filter((text) => text !== '__proto__');
const space = fc.constantFrom('', ' ', '\n  ', '\t', '\r\n');

/** JSON texts with spaces and numbers of every form. */
const { text } = fc.letrec<{ text: string; object: string; array: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    string.map((one) => JSON.stringify(one)),
    fc.constantFrom('true', 'false', 'null'),
    tie('object'),
    tie('array'),
  ),
  object: fc.tuple(space, fc.dictionary(name, tie('text'), { maxKeys: 4 })).map(
    ([gap, members]) =>
      `{${Object.entries(members)
        .map(([one, value]) => `${gap}${JSON.stringify(one)}${gap}:${gap}${value}`)
        .join(',')}${gap}}`,
  ),
  array: fc
    .tuple(space, fc.array(tie('text'), { maxLength: 4 }))
    .map(([gap, items]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
}));

/** `-0` and `0` are the same number, and JSON.parse tells them apart. */
const positive = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The text without the spaces between its tokens. */
const compact = (one: string): string =>
  one.replace(/("(?:[^"\\]|\\.)*")|\s+/gs, (_all, kept: string | undefined) => kept ?? '');

describe('JSON', () => {
  it('agrees with JSON.parse on valid text', () => {
    fc.assert(
      fc.property(text, (one) =>
        expect(positive(toPlain(parseJson(one)))).toEqual(positive(JSON.parse(one))),
      ),
    );
  });

  it('gives every literal back as it came, integer-like names aside', () => {
    fc.assert(
      fc.property(text, (one) => {
        fc.pre(!/"\d+"\s*:/.test(one));
        expect(stringifyJson(parseJson(one))).toBe(compact(one));
        expect(compact(prettyJson(one))).toBe(compact(one));
      }),
    );
  });

  it('parses what it wrote to the same tree', () => {
    fc.assert(
      fc.property(text, (one) => expect(parseJson(stringifyJson(parseJson(one)))).toEqual(parseJson(one))),
    );
  });

  it('of any broken text throws FhirError and nothing else, exactly where JSON.parse throws too', () => {
    const broken = fc
      .tuple(
        text,
        fc.nat(),
        fc.constantFrom(
          '',
          ',',
          '"',
          '\\',
          '}',
          ']',
          '{',
          '[',
          ':',
          '0',
          'e',
          '.',
          '-',
          ' ',
          '\n',
          't',
          '\u0001',
        ),
        fc.nat(3),
      )
      .map(
        ([one, at, put, cut]) =>
          one.slice(0, at % (one.length + 1)) + put + one.slice((at % (one.length + 1)) + cut),
      );
    fc.assert(
      fc.property(broken, (one) => {
        let value: JsonValue | undefined;
        try {
          value = parseJson(one);
        } catch (error) {
          expect(error).toBeInstanceOf(FhirError);
          if (/stands twice|NUL|lone surrogate|beyond reason|__proto__/.test((error as Error).message))
            return;
          expect(() => JSON.parse(one) as unknown).toThrow();
          return;
        }
        expect(positive(toPlain(value))).toEqual(positive(JSON.parse(one)));
      }),
      { numRuns: 500 },
    );
  });
});
