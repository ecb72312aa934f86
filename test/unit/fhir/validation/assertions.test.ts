// A compiled profile as the list of its assertions: one of our own, letter by letter, and what cannot be shown.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { profileAssertions } from '../../../../src/fhir/validation/validator.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions({ packages: 'profiles' });
});

describe('profileAssertions', () => {
  it('lists what a profile of our own asks beyond R4', () => {
    const url = 'https://records.embergate.example.org/fhir/StructureDefinition/demo-laboratory-result';
    const laboratory =
      '{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}';
    expect(profileAssertions(definitions, url)).toEqual([
      'Observation\tinvariant demo-obs-1 (error): There is a value, parts with values, or the reason why there is none',
      'Observation.category\tcardinality 1..*',
      'Observation.category\tslices open, by pattern of $this: kind',
      'Observation.category:kind\tcardinality 1..1',
      `Observation.category:kind\tpattern ${laboratory}`,
      'Observation.subject\tcardinality 1..1',
      'Observation.interpretation\tcardinality 0..1',
    ]);
  });

  it('lists bindings, types and targets of a profile of R4', () => {
    const lines = profileAssertions(definitions, 'http://hl7.org/fhir/StructureDefinition/bodyweight');
    expect(lines).toContain('Observation.subject\ttarget http://hl7.org/fhir/StructureDefinition/Patient');
    expect(lines.join('\n')).toMatch(/Observation\.value\[x\]:valueQuantity\.code\tbinding required http/);
    expect(lines.join('\n')).not.toMatch(/Observation\.issued\t/);
  });

  it('says why a profile cannot be shown', () => {
    expect(() => profileAssertions(definitions, 'http://e/none')).toThrow(/is not known here/);
    const broken = { resourceType: 'StructureDefinition', url: 'http://e/b', snapshot: { element: [] } };
    const known = withConformance(definitions, [broken]);
    expect(() => profileAssertions(known, 'http://e/b')).toThrow(/cannot be used/);
  });
});
