/** What must hold for all expressions and patterns: they are read back as they are written, refused with reason, and never explode. https://hl7.org/fhirpath/N1/grammar.html */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { compileExpression } from '../../../../src/fhir/path/engine.ts';
import { FUNCTIONS } from '../../../../src/fhir/path/functions/table.ts';
import { resourceNode } from '../../../../src/fhir/path/node.ts';
import { compileProgram, search } from '../../../../src/fhir/path/regex-program.ts';
import { parseRegex, sourceOf } from '../../../../src/fhir/path/regex-syntax.ts';
import { compilePattern } from '../../../../src/fhir/path/regex.ts';
import { parsePath, type Path } from '../../../../src/fhir/path/syntax.ts';
import { unparse } from '../../../../src/fhir/path/unparse.ts';

const definitions = await loadDefinitions();
const PATIENT = resourceNode({
  resourceType: 'Patient',
  active: true,
  name: [{ family: 'A', given: ['b', 'c'] }, { family: 'D' }],
  birthDate: '2000-01',
  multipleBirthInteger: 2,
});

const LEAVES = [
  'name',
  'name.family',
  'given',
  'active',
  'birthDate',
  'multipleBirth',
  '1',
  '2.50',
  "'a'",
  'true',
  '{}',
  '@2020-01',
  '@T10:00',
  "4 'mg'",
  '3 days',
  '$this',
  '%resource',
  '$index',
  '%ucum',
];
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '&',
  'div',
  'mod',
  '|',
  '=',
  '!=',
  '~',
  '!~',
  '<',
  '>=',
  'and',
  'or',
  'xor',
  'implies',
  'in',
  'contains',
];
const NAMES = Object.keys(FUNCTIONS);

/** Texts that are FHIRPath, though they seldom make sense. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...LEAVES),
    fc
      .tuple(tie('expression'), fc.constantFrom(...OPERATORS), tie('expression'))
      .map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...NAMES), fc.array(tie('expression'), { maxLength: 2 }))
      .map(([of, name, args]) => `(${of}).${name}(${args.join(', ')})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('is', 'as'),
        fc.constantFrom('string', 'System.Integer', 'HumanName'),
      )
      .map((parts) => `(${parts.join(' ')})`),
    tie('expression').map((of) => `-(${of})`),
    fc.tuple(tie('expression'), tie('expression')).map(([of, index]) => `(${of})[${index}]`),
  ),
}));

/** Without places in the text. */
const shape = (path: Path): unknown =>
  JSON.parse(JSON.stringify(path, (key, value: unknown) => (key === 'at' ? undefined : value)));

describe('expressions', () => {
  it('are read back as they are written', () => {
    fc.assert(
      fc.property(expression, (text) => {
        const path = parsePath(text);
        expect(shape(parsePath(unparse(path)))).toEqual(shape(path));
      }),
    );
  });

  it('end in nodes or in a FhirError, and test agrees with evaluate', () => {
    fc.assert(
      fc.property(expression, (text) => {
        const run = <T>(what: () => T): T | string => {
          try {
            return what();
          } catch (error) {
            if (error instanceof FhirError) return error.message;
            throw new Error(text, { cause: error });
          }
        };
        const environment = { steps: 50_000, now: '2024-01-01T00:00:00Z' };
        const found = run(() => compileExpression(definitions, text).evaluate(PATIENT, environment));
        const truth = run(() => compileExpression(definitions, text).test(PATIENT, environment));
        if (typeof found === 'string' || found.length > 1) return;
        const { value } = found[0] ?? {};
        expect(truth).toBe(value === undefined || value === null ? undefined : value !== false);
      }),
      { numRuns: 1500 },
    );
  });

  it('are refused as FHIRPath or not, whatever the text', () => {
    const noise = fc.array(
      fc.constantFrom(...LEAVES, ...OPERATORS, '(', ')', '[', '.', ',', '`', "'", '@', '//', '/*', '%', ' '),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(noise, (parts) => {
        try {
          parsePath(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(FhirError);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

/** Patterns over a few letters, which meet each other often. */
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', 'é', '\\.', '^', '$', '\\b', '1'),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{1,2}', '*?', '+?', '??'))
      .map(([a, q]) => `(${a})${q}`),
  ),
}));
const words = fc
  .array(fc.constantFrom('a', 'b', '1', 'é', '.', '-', '\n'), { maxLength: 10 })
  .map((parts) => parts.join(''));

describe('regular expressions', () => {
  it('find by states what JavaScript finds', () => {
    fc.assert(
      fc.property(pattern, words, (source, text) => {
        const regex = parseRegex(source);
        const found = new RegExp(sourceOf(regex), 'su').exec(text);
        const states = search(compileProgram(regex, source), text, 0, () => undefined);
        expect(states?.[0]).toBe(found?.index);
        // JavaScript takes no empty round of a repetition, which matters for the end where one can be empty in another.
        if (found && !/[*+?]\?|[$^|]|\\b/.test(source))
          expect(states?.[1]).toBe(found.index + found[0].length);
      }),
      { numRuns: 3000 },
    );
  });

  it('mean what they mean in JavaScript', () => {
    fc.assert(
      fc.property(pattern, words, (source, text) => {
        expect(compilePattern(source, false).test(text, () => undefined)).toBe(
          new RegExp(source, 'su').test(text),
        );
        expect(compilePattern(source, true).test(text, () => undefined)).toBe(
          new RegExp(`^(?:${source})$`, 'su').test(text),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
