// Line and column of the elements that issues name, in the text that was sent.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { operationOutcome, type Issue } from '../../../../src/fhir/model/outcome.ts';
import { withPlaces } from '../../../../src/fhir/model/text-place.ts';

const issueAt = (expression?: string): Issue => ({
  severity: 'error',
  code: 'value',
  diagnostics: 'x',
  ...(expression !== undefined && { expression: [expression] }),
});
const placeOf = (text: string, expression: string, root?: string): string => {
  const { place } = withPlaces(text, [issueAt(expression)], root)[0]!;
  return place ? `${place.line}:${place.column}` : 'none';
};

const PATIENT = `{ "resourceType": "Patient",
  "name": [ { "given": ["a \\"]}{[\\\\", "b"] },
    { "family": "c" } ],
  "_birthDate": { "id": "x" },
  "deceasedBoolean": true, "é": 1, "active":
    "no"
}`;

describe('withPlaces', () => {
  it.each([
    ['Patient', '1:1'],
    ['Patient.name', '2:11'],
    ['Patient.name[0].given[1]', '2:39'],
    ['Patient.name[1].family', '3:17'],
    ['Patient.birthDate', '4:17'],
    ['Patient.deceased.ofType(boolean)', '5:22'],
    ['Patient.active', '6:5'],
    // Of what is not there: what it should stand in.
    ['Patient.name[1].given', '3:5'],
    ['Patient.gender', '1:1'],
  ])('finds %s at %s', (expression, place) => {
    expect(placeOf(PATIENT, expression)).toBe(place);
  });

  it('finds elements of a resource in a Bundle and in Parameters', () => {
    const text =
      '{"resourceType":"Bundle","entry":[{},\n{"resource":{"resourceType":"Patient","active":1}}]}';
    expect(placeOf(text, 'Bundle.entry[1].resource.active')).toBe('2:48');
    expect(placeOf(text, 'Patient.active', 'Bundle.entry[1].resource')).toBe('2:48');
  });

  it('leaves issues without an expression as they are', () => {
    const issues = [issueAt()];
    expect(withPlaces(PATIENT, issues)).toBe(issues);
  });

  it('is told by the extensions of the reference validator', () => {
    const outcome = operationOutcome(withPlaces(PATIENT, [issueAt('Patient.active')]));
    expect(outcome.issue[0]).toEqual({
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line', valueInteger: 6 },
        { url: 'http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col', valueInteger: 5 },
      ],
      severity: 'error',
      code: 'value',
      diagnostics: 'x',
      expression: ['Patient.active'],
    });
  });

  it('points to the value itself, in any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 0, max: 4 }), (inner, indent) => {
        const text = JSON.stringify({ a: [0, { before: inner, sought: ['here'] }] }, undefined, indent);
        const { place } = withPlaces(text, [issueAt('X.a[1].sought[0]')])[0]!;
        const line = text.split('\n')[place!.line - 1]!;
        expect(line.slice(place!.column - 1)).toMatch(/^"here"/);
      }),
    );
  });
});
