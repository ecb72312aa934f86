// A registry with more conformance resources is another registry; what the core defines stays.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { JsonObject } from '../../../../src/fhir/model/tree.ts';

const parameter = (url: string, code: string, base: string[], expression: string): JsonObject => ({
  resourceType: 'SearchParameter',
  url,
  code,
  base,
  expression,
  type: 'token',
});

let core: Definitions;
beforeAll(async () => {
  core = await loadDefinitions();
});

describe('withConformance', () => {
  it('is a new registry and leaves the old one as it was', () => {
    const more = withConformance(core, [parameter('http://e/sp', 'shoe', ['Patient'], 'Patient.extension')]);
    expect(more.generation).not.toBe(core.generation);
    expect(more.searchParameters('Patient').get('shoe')).toMatchObject({
      url: 'http://e/sp',
      type: 'token',
      target: [],
    });
    expect(core.searchParameters('Patient').has('shoe')).toBe(false);
    expect(more.searchParameters('Patient').size).toBe(core.searchParameters('Patient').size + 1);
    expect([...core.canonicals('SearchParameter')]).not.toContain('http://e/sp');
  });

  it('can be laid over another', () => {
    const one = withConformance(core, [parameter('http://e/1', 'one', ['Patient'], 'Patient.id')]);
    const two = withConformance(one, [
      parameter('http://e/2', 'two', ['DomainResource'], 'DomainResource.id'),
    ]);
    expect(two.searchParameters('Patient').has('one')).toBe(true);
    expect(two.searchParameters('Goal').has('two')).toBe(true);
    expect(two.searchParameters('Binary').has('two')).toBe(false);
  });

  it('does not change the search parameters of the core', () => {
    const gender = core.searchParameters('Patient').get('gender')!;
    const id = core.searchParameters('Patient').get('_id')!;
    const more = withConformance(core, [
      parameter('http://e/gender', 'gender', ['Patient'], 'Patient.nothing'),
      parameter('http://e/id', '_id', ['Patient'], 'Patient.nothing'),
      parameter(gender.url, 'gender', ['Patient', 'Goal'], 'Patient.nothing'),
    ]);
    expect(more.searchParameters('Patient').get('gender')).toBe(gender);
    expect(more.searchParameters('Patient').get('_id')).toBe(id);
    expect(more.searchParameters('Goal').has('gender')).toBe(false);
  });

  it('lets no one redefine types and compartments', () => {
    const more = withConformance(core, [
      {
        resourceType: 'StructureDefinition',
        url: 'http://e/Patient',
        type: 'Patient',
        kind: 'resource',
        derivation: 'specialization',
        snapshot: {
          element: [
            { path: 'Patient' },
            { path: 'Patient.shoe', min: 1, max: '1', type: [{ code: 'string' }] },
          ],
        },
      },
      {
        resourceType: 'CompartmentDefinition',
        url: 'http://e/c',
        code: 'Patient',
        resource: [{ code: 'Observation' }],
      },
    ]);
    expect(more.type('Patient')).toBe(core.type('Patient'));
    expect(more.resourceTypes).toEqual(core.resourceTypes);
    expect(more.compartments('Observation')).toEqual(core.compartments('Observation'));
    expect(more.conformance('StructureDefinition', 'http://e/Patient')).toContain('Patient.shoe');
  });

  it('finds versions side by side, and the later one without a version', () => {
    const set = (version: string): JsonObject => ({
      resourceType: 'ValueSet',
      url: 'http://e/vs',
      version,
      name: `V${version}`,
    });
    const more = withConformance(core, [set('1'), set('2')]);
    expect(more.conformance('ValueSet', 'http://e/vs|1')).toContain('"V1"');
    expect(more.conformance('ValueSet', 'http://e/vs|2')).toContain('"V2"');
    expect(more.conformance('ValueSet', 'http://e/vs')).toContain('"V2"');
    expect([...more.canonicals('ValueSet')].filter((url) => url === 'http://e/vs')).toHaveLength(1);
  });

  it('keeps the decimals of what was posted', () => {
    const text =
      '{"resourceType":"ValueSet","url":"http://e/d","extension":[{"url":"http://e/x","valueDecimal":1.50}]}';
    expect(withConformance(core, [parseJson(text) as JsonObject]).conformance('ValueSet', 'http://e/d')).toBe(
      text,
    );
  });

  it('leaves out what has no url, and parameters that are none', () => {
    const more = withConformance(core, [
      { resourceType: 'ValueSet' },
      { resourceType: 'SearchParameter', url: 'http://e/a', code: 'a', type: 'token' },
      { resourceType: 'SearchParameter', url: 'http://e/b', type: 'token', base: ['Patient'] },
    ]);
    expect(more.searchParameters('Patient').size).toBe(core.searchParameters('Patient').size);
    expect(more.conformance('SearchParameter', 'http://e/a')).toBeDefined();
  });
});
