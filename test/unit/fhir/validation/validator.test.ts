// What R4 and profiles ask beyond structure. https://hl7.org/fhir/R4/validation.html

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validate, type ValidationOptions } from '../../../../src/fhir/validation/validator.ts';

const core = await loadDefinitions();
const OBSERVATION: ResourceTree = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: { reference: 'Patient/1' },
};

type Told = readonly [severity: string, expression: string | undefined, text: string];
const told = (tree: JsonObject, options: ValidationOptions = {}, definitions = core): Told[] =>
  validate(definitions, tree as ResourceTree, options).map(
    ({ severity, expression, diagnostics }) => [severity, expression?.[0], diagnostics] as const,
  );
const errors = (tree: JsonObject, options: ValidationOptions = {}, definitions = core): Told[] =>
  told(tree, options, definitions).filter(([severity]) => severity === 'error');

describe('R4 itself', () => {
  it('finds nothing wrong with a sound resource', () => {
    expect(told(OBSERVATION)).toEqual([]);
  });

  it.each([
    [
      'a required binding',
      { ...OBSERVATION, status: 'finished' },
      'Observation.status',
      'the value set http://hl7.org/fhir/ValueSet/observation-status',
    ],
    [
      'an invariant',
      { ...OBSERVATION, valueString: 'x', dataAbsentReason: { text: 'y' } },
      'Observation',
      'obs-6',
    ],
    [
      'an invariant of a data type, inside of another',
      { ...OBSERVATION, effectivePeriod: { start: '2024-02-01', end: '2024-01-01' } },
      'Observation.effective.ofType(Period)',
      'per-1',
    ],
    [
      'a reference to what may not be there',
      { ...OBSERVATION, subject: { reference: 'Practitioner/1' } },
      'Observation.subject',
      'Patient, Group, Device, Location',
    ],
    [
      'a code that its system does not have',
      {
        ...OBSERVATION,
        category: [
          {
            coding: [
              { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'weather' },
            ],
          },
        ],
      },
      'Observation.category[0].coding[0].code',
      'not a code of the code system',
    ],
    [
      'an extension without an absolute url',
      { ...OBSERVATION, extension: [{ url: 'mood', valueString: 'x' }] },
      'Observation.extension[0]',
      'has to be absolute',
    ],
    [
      'a modifier extension that no one knows',
      { ...OBSERVATION, modifierExtension: [{ url: 'http://x/not', valueBoolean: true }] },
      'Observation.modifierExtension[0]',
      'may change what is meant',
    ],
    [
      'an extension where it may not stand',
      {
        ...OBSERVATION,
        extension: [
          { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueAddress: { text: 'x' } },
        ],
      },
      'Observation',
      'may not stand here',
    ],
    [
      'a contained resource that nothing refers to',
      { ...OBSERVATION, contained: [{ resourceType: 'Patient', id: 'p', active: true }] },
      'Observation.contained[0]',
      'dom-3',
    ],
  ] as const)('tells %s', (_, tree, expression, words) => {
    const found = errors(tree as unknown as JsonObject, { strictness: { unknownCode: 'error' } });
    expect(found).toHaveLength(1);
    expect(found[0]![1]).toBe(expression);
    expect(found[0]![2]).toContain(words);
  });

  it('warns where it must not refuse', () => {
    const display = {
      system: 'http://terminology.hl7.org/CodeSystem/observation-category',
      code: 'laboratory',
    };
    const tree = { ...OBSERVATION, category: [{ coding: [{ ...display, display: 'lab stuff' }] }] };
    expect(told(tree)).toEqual([
      ['warning', 'Observation.category[0].coding[0].display', expect.stringContaining('use "Laboratory"')],
    ]);
    expect(errors(tree, { strictness: { display: 'error' } })).toHaveLength(1);
    const extended = { ...OBSERVATION, extension: [{ url: 'http://x/y', valueString: 'z' }] };
    expect(told(extended).map(([severity]) => severity)).toEqual(['warning']);
    expect(errors(extended, { strictness: { unknownExtension: 'error' } })).toHaveLength(1);
  });

  it('cannot check a code whose system is not at hand, and says so', () => {
    const claim = { resourceType: 'Account', status: 'active', subject: [{ reference: 'Patient/1' }] };
    const bad = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      valueQuantity: { value: 1 },
      referenceRange: [
        { text: 'x', appliesTo: [{ coding: [{ system: 'http://snomed.info/sct', code: '1' }] }] },
      ],
    };
    expect(errors(claim)).toEqual([]);
    expect(errors(bad)).toEqual([]);
  });

  it('takes a profile that it does not know for a fault, and says how to mend it', () => {
    const tree = { ...OBSERVATION, meta: { profile: ['http://x/unknown'] } };
    expect(errors(tree)).toEqual([
      ['error', 'Observation.meta.profile', expect.stringContaining('embergate package add')],
    ]);
    expect(errors(tree, { strictness: { unknownProfile: 'warning' } })).toEqual([]);
  });
});

/** A profile as a differential only, so that each case makes its snapshot as well. */
function profile(type: string, elements: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return {
    resourceType: 'StructureDefinition',
    url: 'http://x/profile',
    name: 'P',
    status: 'active',
    kind: 'resource',
    abstract: false,
    type,
    baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
    derivation: 'constraint',
    differential: { element: elements.map((one) => ({ id: one['path']!, ...one })) },
    ...more,
  };
}
const against = (one: JsonObject, tree: JsonObject, ...others: JsonObject[]): Told[] =>
  errors(tree, { profiles: ['http://x/profile'] }, withConformance(core, [one, ...others]));

const PATIENT = {
  resourceType: 'Patient',
  name: [{ family: 'Chen' }],
  identifier: [{ system: 'http://mrn', value: '1' }],
};

describe('a profile', () => {
  it.each([
    ['min', { path: 'Patient.birthDate', min: 1 }, {}, 'Patient', 'required'],
    ['max', { path: 'Patient.name', max: '0' }, {}, 'Patient', 'not allowed'],
    [
      'fixed',
      { path: 'Patient.gender', fixedCode: 'female' },
      { gender: 'male' },
      'Patient.gender',
      '"female"',
    ],
    [
      'pattern',
      { path: 'Patient.maritalStatus', patternCodeableConcept: { coding: [{ code: 'M' }] } },
      { maritalStatus: { coding: [{ code: 'S' }] } },
      'Patient.maritalStatus',
      'has to have',
    ],
    ['maxLength', { path: 'Patient.name.family', maxLength: 3 }, {}, 'Patient.name[0].family', 'at most 3'],
    [
      'minValue',
      { path: 'Patient.multipleBirth[x]', minValueInteger: 2, type: [{ code: 'integer' }] },
      { multipleBirthInteger: 1 },
      'Patient.multipleBirth.ofType(integer)',
      'below the least',
    ],
    [
      'type',
      { path: 'Patient.deceased[x]', type: [{ code: 'boolean' }] },
      { deceasedDateTime: '2024' },
      'Patient.deceased.ofType(dateTime)',
      'has to be of boolean',
    ],
    [
      'target',
      {
        path: 'Patient.generalPractitioner',
        type: [
          { code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Practitioner'] },
        ],
      },
      { generalPractitioner: [{ reference: 'Organization/1' }] },
      'Patient.generalPractitioner[0]',
      'it may lead to Practitioner',
    ],
    [
      'binding',
      {
        path: 'Patient.maritalStatus',
        binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
      },
      { maritalStatus: { coding: [{ system: 'http://hl7.org/fhir/administrative-gender', code: 'blue' }] } },
      'Patient.maritalStatus',
      'required binding',
    ],
    [
      'constraint',
      {
        path: 'Patient.name',
        constraint: [
          { key: 'n-1', severity: 'error', human: 'A name has a given name', expression: 'given.exists()' },
        ],
      },
      {},
      'Patient.name[0]',
      'n-1: A name has a given name',
    ],
  ] as const)('%s', (_, element, more, expression, words) => {
    const found = against(profile('Patient', [element as unknown as JsonObject]), {
      ...PATIENT,
      ...more,
    } as JsonObject);
    expect(found.map(([, place]) => place)).toContain(expression);
    expect(found.find(([, place]) => place === expression)![2]).toContain(words);
    expect(found.find(([, place]) => place === expression)![2]).toContain('http://x/profile');
  });

  const sliced = (rules: string, more: JsonObject = {}): JsonObject =>
    profile('Patient', [
      {
        path: 'Patient.identifier',
        slicing: { discriminator: [{ type: 'value', path: 'system' }], rules, ...more },
      },
      { path: 'Patient.identifier', id: 'Patient.identifier:mrn', sliceName: 'mrn', min: 1, max: '1' },
      { path: 'Patient.identifier.system', id: 'Patient.identifier:mrn.system', fixedUri: 'http://mrn' },
      { path: 'Patient.identifier.value', id: 'Patient.identifier:mrn.value', min: 1 },
      { path: 'Patient.identifier', id: 'Patient.identifier:ssn', sliceName: 'ssn', max: '1' },
      { path: 'Patient.identifier.system', id: 'Patient.identifier:ssn.system', fixedUri: 'http://ssn' },
    ]);
  const withIds = (...systems: string[]): JsonObject => ({
    ...PATIENT,
    identifier: systems.map((system) => ({ system, value: '1' })),
  });

  it.each([
    ['open', {}, ['http://mrn', 'http://else'], []],
    ['open', {}, ['http://ssn'], ['Patient']],
    ['open', {}, ['http://mrn', 'http://mrn'], ['Patient']],
    ['closed', {}, ['http://mrn', 'http://else'], ['Patient.identifier[1]']],
    ['openAtEnd', {}, ['http://else', 'http://mrn'], ['Patient.identifier[0]']],
    ['openAtEnd', {}, ['http://mrn', 'http://else'], []],
    ['open', { ordered: true }, ['http://ssn', 'http://mrn'], ['Patient.identifier[1]']],
  ] as const)('slices, %s %j: %j', (rules, more, systems, expected) => {
    expect(against(sliced(rules, more), withIds(...systems)).map(([, place]) => place)).toEqual(expected);
  });

  it('asks of a slice what it asks of no other value', () => {
    const found = against(sliced('open'), {
      ...PATIENT,
      identifier: [{ system: 'http://mrn' }, { system: 'http://x' }],
    });
    expect(found.map(([, place]) => place)).toEqual(['Patient.identifier[0]']);
  });

  it('slices a choice by type', () => {
    const one = profile('Observation', [
      { path: 'Observation.valueQuantity', min: 1 },
      { path: 'Observation.valueQuantity.unit', min: 1 },
    ]);
    expect(against(one, { ...OBSERVATION, valueString: 'x' }).map(([, place]) => place)).toEqual([
      'Observation',
    ]);
    expect(against(one, { ...OBSERVATION, valueQuantity: { value: 1 } }).map(([, place]) => place)).toEqual([
      'Observation.value.ofType(Quantity)',
    ]);
  });

  it('follows the profile of an extension', () => {
    const extension = profile(
      'Extension',
      [
        { path: 'Extension.url', fixedUri: 'http://x/shoe' },
        { path: 'Extension.value[x]', min: 1, type: [{ code: 'integer' }] },
      ],
      { url: 'http://x/shoe', kind: 'complex-type', context: [{ type: 'element', expression: 'Patient' }] },
    );
    const wrong = { ...PATIENT, extension: [{ url: 'http://x/shoe', valueString: '44' }] };
    const found = errors(wrong, {}, withConformance(core, [extension]));
    expect(found.map(([, place]) => place)).toEqual(['Patient.extension[0].value.ofType(string)']);
    const right = { ...PATIENT, extension: [{ url: 'http://x/shoe', valueInteger: 44 }] };
    expect(told(right, {}, withConformance(core, [extension]))).toEqual([]);
  });

  it('holds an extension to what has to be true where it stands', () => {
    const extension = profile('Extension', [{ path: 'Extension.url', fixedUri: 'http://x/shoe' }], {
      url: 'http://x/shoe',
      kind: 'complex-type',
      context: [{ type: 'element', expression: 'Patient' }],
      contextInvariant: ['active = true'],
    });
    const definitions = withConformance(core, [extension]);
    const shod = { ...PATIENT, extension: [{ url: 'http://x/shoe', valueInteger: 44 }] };
    expect(errors({ ...shod, active: true }, {}, definitions)).toEqual([]);
    expect(errors({ ...shod, active: false }, {}, definitions)).toEqual([
      ['error', 'Patient', expect.stringContaining('active = true')],
    ]);
  });

  it('is for its own type only, and ends where profiles name each other', () => {
    expect(against(profile('Patient', []), OBSERVATION)[0]![2]).toContain(
      'is for Patient, not for Observation',
    );
    const element = {
      path: 'Patient.link.other',
      type: [{ code: 'Reference', targetProfile: ['http://x/profile'] }],
    };
    expect(against(profile('Patient', [element]), PATIENT)).toEqual([]);
  });
});
