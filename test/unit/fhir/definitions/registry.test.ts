// The registry of R4 4.0.1 as compiled: types, properties, search parameters, compartments, whole conformance resources.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';

const SD = 'http://hl7.org/fhir/StructureDefinition/';
const SP = 'http://hl7.org/fhir/SearchParameter/';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

describe('types', () => {
  it('are all 146 concrete resource types, sorted, none of them abstract', () => {
    expect(definitions.resourceTypes).toHaveLength(146);
    expect([...definitions.resourceTypes].sort()).toEqual(definitions.resourceTypes);
    expect(['Patient', 'Parameters', 'Binary'].every((name) => definitions.isResourceType(name))).toBe(true);
    const none = ['Resource', 'DomainResource', 'HumanName', 'patient', 'constructor', '__proto__', ''];
    expect(none.filter((name) => definitions.isResourceType(name))).toEqual([]);
  });

  it('know their base up to the root', () => {
    const bases = (name: string): string[] => {
      const base = definitions.type(name)?.base;
      return base === undefined ? [name] : [name, ...bases(base)];
    };
    expect(bases('Patient')).toEqual(['Patient', 'DomainResource', 'Resource']);
    expect(bases('Bundle')).toEqual(['Bundle', 'Resource']);
    expect(bases('Age')).toEqual(['Age', 'Quantity', 'Element']);
    expect(bases('positiveInt')).toEqual(['positiveInt', 'integer', 'Element']);
    expect(bases('Observation.component')).toEqual(['Observation.component', 'BackboneElement', 'Element']);
    expect(bases('Timing.repeat')).toEqual(['Timing.repeat', 'Element']);
  });

  it('have their elements in the order of the standard, inherited ones first', () => {
    const names = definitions.type('HumanName')!.elements.map(({ name }) => name);
    expect(names).toEqual([
      'id',
      'extension',
      'use',
      'text',
      'family',
      'given',
      'prefix',
      'suffix',
      'period',
    ]);
    expect(
      definitions
        .type('Patient')!
        .elements.map(({ name }) => name)
        .slice(0, 9),
    ).toEqual([
      'id',
      'meta',
      'implicitRules',
      'language',
      'text',
      'contained',
      'extension',
      'modifierExtension',
      'identifier',
    ]);
  });

  it('name only types that are there', () => {
    const missing = definitions.resourceTypes.flatMap((type) =>
      definitions.type(type)!.elements.flatMap(({ types }) => types.filter((one) => !definitions.type(one))),
    );
    expect(missing).toEqual([]);
  });

  it('have the expressions of primitives as published, to be anchored', () => {
    const fits = (type: string, text: string): boolean =>
      new RegExp(`^(?:${definitions.type(type)!.regex!})$`).test(text);
    expect([fits('unsignedInt', '0'), fits('unsignedInt', '10'), fits('unsignedInt', '0x')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([fits('id', 'a.b-1'), fits('id', 'a_b')]).toEqual([true, false]);
    expect([fits('date', '2024-02'), fits('date', '2024-2')]).toEqual([true, false]);
    expect(definitions.type('HumanName')!.regex).toBeUndefined();
  });

  it('have no children in primitives but id and extension', () => {
    expect(definitions.type('code')!.elements.map(({ name }) => name)).toEqual(['id', 'extension']);
  });
});

describe('property', () => {
  it.each([
    ['Patient', 'birthDate', 'date', 'Patient.birthDate'],
    ['Patient', 'contact', 'Patient.contact', 'Patient.contact'],
    ['Patient', 'deceasedBoolean', 'boolean', 'Patient.deceased[x]'],
    ['Observation', 'valueQuantity', 'Quantity', 'Observation.value[x]'],
    ['Extension', 'valueReference', 'Reference', 'Extension.value[x]'],
    [
      'Observation.component',
      'referenceRange',
      'Observation.referenceRange',
      'Observation.component.referenceRange',
    ],
    ['Bundle.entry', 'link', 'Bundle.link', 'Bundle.entry.link'],
    ['Bundle.entry', 'resource', 'Resource', 'Bundle.entry.resource'],
    ['Patient', 'contained', 'Resource', 'DomainResource.contained'],
    ['Narrative', 'div', 'xhtml', 'Narrative.div'],
    ['Questionnaire.item', 'item', 'Questionnaire.item', 'Questionnaire.item.item'],
  ])('%s.%s is a %s', (type, name, own, path) => {
    const found = definitions.property(type, name)!;
    expect(found.type).toBe(own);
    if (!path.startsWith('DomainResource')) expect(found.element.path).toBe(path);
  });

  it.each([
    ['Patient', 'value'],
    ['Patient', 'resourceType'],
    ['Observation', 'value'],
    ['Observation', 'valueAddress'],
    ['Patient', '_birthDate'],
    ['Patient', 'constructor'],
    ['Nothing', 'id'],
    ['', 'id'],
  ])('%s.%s is nothing', (type, name) => {
    expect(definitions.property(type, name)).toBeUndefined();
  });

  it('gives cardinality, targets, binding and flags', () => {
    const { element: gender } = definitions.property('Patient', 'gender')!;
    expect(gender).toMatchObject({ min: 0, max: 1, isSummary: true, isModifier: false, choice: false });
    expect(gender.binding).toEqual({
      strength: 'required',
      valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1',
    });
    const { element: practitioner } = definitions.property('Patient', 'generalPractitioner')!;
    expect(practitioner.max).toBe(Infinity);
    expect(practitioner.targets).toEqual(['Organization', 'Practitioner', 'PractitionerRole']);
    expect(definitions.property('Extension', 'valueReference')!.element.targets).toEqual([]);
    expect(definitions.property('Patient', 'active')!.element.isModifier).toBe(true);
  });
});

describe('searchParameters', () => {
  it('include those of the bases', () => {
    const codes = [...definitions.searchParameters('Patient').keys()];
    expect(codes).toEqual(
      expect.arrayContaining(['_id', '_lastUpdated', '_tag', 'name', 'birthdate', 'general-practitioner']),
    );
    expect(definitions.searchParameters('Binary').has('_text')).toBe(false);
    expect(definitions.searchParameters('Patient').has('_text')).toBe(true);
    expect(definitions.searchParameters('Nothing').size).toBe(0);
  });

  it('have their expression, targets and components', () => {
    const patient = definitions.searchParameters('Observation').get('patient')!;
    expect(patient).toMatchObject({ url: `${SP}clinical-patient`, type: 'reference' });
    expect(patient.expression).toContain('Observation.subject.where(resolve() is Patient)');
    expect(patient.target).toContain('Patient');
    expect(definitions.searchParameters('Observation').get('code-value-quantity')!.component).toEqual([
      { definition: `${SP}clinical-code`, expression: 'code' },
      { definition: `${SP}Observation-value-quantity`, expression: 'value.as(Quantity)' },
    ]);
  });

  it('hold no example of the specification', () => {
    const codes = (type: string): string[] => [...definitions.searchParameters(type).keys()];
    expect(codes('Patient')).not.toContain('part-agree');
    expect(definitions.searchParameters('Condition').get('subject')!.url).toBe(`${SP}Condition-subject`);
    expect(definitions.searchParameters('Patient').get('_id')!.url).toBe(`${SP}Resource-id`);
    const urls = [...definitions.canonicals('SearchParameter')];
    expect(urls).toHaveLength(1375);
    expect(urls.filter((url) => !url.startsWith(SP) || /\/example/.test(url))).toEqual([]);
  });
});

describe('compartments', () => {
  it('are the five of R4', () => {
    expect([...definitions.compartmentTypes].sort()).toEqual([
      'Device',
      'Encounter',
      'Patient',
      'Practitioner',
      'RelatedPerson',
    ]);
  });

  it('name the parameters by which a resource is in them', () => {
    expect(definitions.compartments('Observation').get('Patient')).toEqual(['subject', 'performer']);
    expect(definitions.compartments('Encounter').get('Encounter')).toEqual(['{def}']);
    expect(definitions.compartments('Patient').get('Patient')).toEqual(['link']);
    expect(definitions.compartments('Device').get('Device')).toEqual([]);
    expect(definitions.compartments('Organization').size).toBe(0);
  });

  it('name only reference parameters that there are', () => {
    const wrong = definitions.resourceTypes.flatMap((type) =>
      [...definitions.compartments(type).values()]
        .flat()
        .filter(
          (code) => code !== '{def}' && definitions.searchParameters(type).get(code)?.type !== 'reference',
        )
        .map((code) => `${type} ${code}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('conformance', () => {
  it('gives whole resources by url and by version', () => {
    const text = definitions.conformance('StructureDefinition', `${SD}Patient`)!;
    expect(JSON.parse(text)).toMatchObject({
      resourceType: 'StructureDefinition',
      id: 'Patient',
      version: '4.0.1',
    });
    expect(definitions.conformance('StructureDefinition', `${SD}Patient|4.0.1`)).toBe(text);
    expect(definitions.conformance('StructureDefinition', `${SD}Patient|3.0.2`)).toBeUndefined();
    expect(definitions.conformance('ValueSet', `${SD}Patient`)).toBeUndefined();
  });

  it.each([
    ['StructureDefinition', `${SD}vitalsigns`],
    ['StructureDefinition', `${SD}patient-birthPlace`],
    ['ValueSet', 'http://hl7.org/fhir/ValueSet/administrative-gender'],
    ['ValueSet', 'http://terminology.hl7.org/ValueSet/v3-ActCode'],
    ['CodeSystem', 'http://hl7.org/fhir/administrative-gender'],
    ['CodeSystem', 'http://terminology.hl7.org/CodeSystem/v2-0203'],
    ['OperationDefinition', 'http://hl7.org/fhir/OperationDefinition/Patient-everything'],
    ['ConceptMap', 'http://hl7.org/fhir/ConceptMap/sc-observation-status'],
    ['CompartmentDefinition', 'http://hl7.org/fhir/CompartmentDefinition/patient'],
  ])('has the %s %s', (type, url) => {
    expect((JSON.parse(definitions.conformance(type, url)!) as { url: string }).url).toBe(url);
  });

  it('has each url once, and no example', () => {
    for (const type of [
      'ValueSet',
      'CodeSystem',
      'ConceptMap',
      'OperationDefinition',
      'CompartmentDefinition',
    ]) {
      const urls = [...definitions.canonicals(type)];
      expect(urls.length).toBeGreaterThan(4);
      expect(new Set(urls).size).toBe(urls.length);
      expect(urls.filter((url) => /\/example(-|\d|$)/.test(url))).toEqual([]);
    }
    expect([...definitions.canonicals('Patient')]).toEqual([]);
  });
});
