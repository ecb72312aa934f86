// Profiles made to harm: circles, too many elements, invariants without an end, regular expressions that explode, random damage. Validation answers with
// issues, soon, and never throws.

import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../src/definitions-file.ts';
import { withConformance } from '../../src/fhir/definitions/overlay.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import type { Issue } from '../../src/fhir/model/outcome.ts';
import type { JsonObject, ResourceTree } from '../../src/fhir/model/tree.ts';
import { validate } from '../../src/fhir/validation/validator.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const URL = 'http://e/hostile';
const PATIENT = {
  resourceType: 'Patient',
  meta: { profile: [URL] },
  name: [{ family: `${'a'.repeat(40)}!`, given: ['b', 'c'] }],
  contact: [{ name: { family: 'x' } }],
  extension: [{ url: URL, valueString: 'x' }],
} as unknown as ResourceTree;

let core: Definitions;
beforeAll(async () => {
  core = await loadDefinitions();
});

const profileOf = (more: object): JsonObject => ({
  resourceType: 'StructureDefinition',
  url: URL,
  type: 'Patient',
  kind: 'resource',
  derivation: 'constraint',
  baseDefinition: `${CORE}Patient`,
  ...more,
});

const changing = (...element: object[]): JsonObject => profileOf({ differential: { element } });
const invariant = (expression: string): JsonObject =>
  changing({ path: 'Patient', constraint: [{ key: 'x-1', severity: 'error', human: 'x', expression }] });

/** The issues, and that they came within some seconds of CPU. */
function judged(...profiles: JsonObject[]): readonly Issue[] {
  const before = process.cpuUsage();
  const issues = validate(withConformance(core, profiles), PATIENT);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(10);
  return issues;
}

const REST = 'http://e/other';
const many = Array.from({ length: 100_000 }, (_, i) => ({ id: `Patient.x${i}`, path: `Patient.x${i}` }));

describe('hostile profiles', () => {
  it.each<[string, readonly JsonObject[], RegExp]>([
    ['is its own base', [profileOf({ baseDefinition: URL })], /cannot be used: .*circle/],
    [
      'has a base that has it as its base',
      [profileOf({ baseDefinition: REST }), { ...profileOf({}), url: REST, baseDefinition: URL }],
      /cannot be used: .*circle/,
    ],
    [
      'has 100,000 elements',
      [profileOf({ snapshot: { element: [{ id: 'Patient', path: 'Patient' }, ...many] } })],
      /cannot be used: it has 100001 elements, more than 20000/,
    ],
    [
      'has a differential of 100,000 slices',
      [profileOf({ differential: { element: many } })],
      /cannot be used/,
    ],
    ['has no list of elements', [profileOf({ snapshot: { element: 'x' } })], /cannot be used: its snapshot/],
    [
      'has elements that hang in the air',
      [
        profileOf({
          snapshot: {
            element: [
              { id: 'Patient', path: 'Patient' },
              { id: 'a.b.c', path: 'a.b.c' },
            ],
          },
        }),
      ],
      /cannot be used/,
    ],
    ['repeats without end', [invariant('1.repeat($this + 1).count() > 0')], /x-1/],
    ['multiplies without end', [invariant(`${'descendants().'.repeat(30)}count() > 0`)], /x-1/],
    ['has a regular expression that explodes', [invariant("name.family.matches('^(a+)+$')")], /x-1/],
  ])('tells of one that %s', (_name, profiles, message) => {
    const texts = judged(...profiles).map(({ diagnostics }) => diagnostics);
    expect(texts).toContainEqual(expect.stringMatching(message));
  });

  it.each<[string, readonly JsonObject[]]>([
    [
      'an element whose type has the profile itself',
      [changing({ path: 'Patient.contact.name', type: [{ code: 'HumanName', profile: [URL] }] })],
    ],
    [
      'an extension that has itself',
      [
        {
          ...profileOf({
            differential: {
              element: [{ path: 'Extension.extension', type: [{ code: 'Extension', profile: [URL] }] }],
            },
          }),
          type: 'Extension',
          baseDefinition: `${CORE}Extension`,
        },
      ],
    ],
    [
      'slices by the profile that they are in',
      [
        changing(
          {
            path: 'Patient.name',
            slicing: { discriminator: [{ type: 'profile', path: '$this' }], rules: 'open' },
          },
          { path: 'Patient.name', sliceName: 'a', type: [{ code: 'HumanName', profile: [URL] }] },
        ),
      ],
    ],
    ['an invariant that asks for its own profile', [invariant(`conformsTo('${URL}')`)]],
    [
      'a contentReference to itself',
      [
        profileOf({
          snapshot: {
            element: [
              { id: 'Patient', path: 'Patient' },
              { id: 'Patient.contact', path: 'Patient.contact', contentReference: '#Patient.contact' },
            ],
          },
        }),
      ],
    ],
  ])('comes to an end with %s', (_name, profiles) => {
    expect(Array.isArray(judged(...profiles))).toBe(true);
  });
});

/** Names that mean something in a StructureDefinition or a Patient, so that damage is not only to what nobody reads. */
const NAMES = [
  'path',
  'id',
  'type',
  'code',
  'slicing',
  'discriminator',
  'element',
  'snapshot',
  'differential',
  'min',
  'max',
  'binding',
  'constraint',
  'name',
  'family',
  'extension',
  'url',
  'contained',
  'resourceType',
  'profile',
  'meta',
  'fixedString',
  'patternCoding',
  'sliceName',
  'contentReference',
  'birthDate',
  '_birthDate',
];
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1, 1.5, '', '*', 'Patient', 'Patient.name', URL, 'Patient.name:a/b'),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 5 }),
  ),
})).value;

describe('validation', () => {
  it('never throws, whatever JSON claims to be a resource', () => {
    fc.assert(
      fc.property(
        json,
        fc.constantFrom('Patient', 'Bundle', 'StructureDefinition', 'Shoe'),
        (body, resourceType) => {
          const tree = { ...(typeof body === 'object' ? body : { name: body }), resourceType };
          expect(Array.isArray(validate(core, tree as unknown as ResourceTree))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever has become of a StructureDefinition', () => {
    const whole = profileOf({
      snapshot: undefined,
      differential: {
        element: [
          { id: 'Patient', path: 'Patient' },
          {
            id: 'Patient.name',
            path: 'Patient.name',
            slicing: { discriminator: [{ type: 'value', path: 'use' }], rules: 'open' },
            min: 1,
          },
          { id: 'Patient.name:a', path: 'Patient.name', sliceName: 'a', max: '1' },
          { id: 'Patient.name:a.use', path: 'Patient.name.use', fixedCode: 'usual' },
        ],
      },
    });
    const damage = fc.record({ element: fc.nat(3), name: fc.constantFrom(...NAMES), value: json });
    fc.assert(
      fc.property(
        damage,
        fc.option(fc.record({ name: fc.constantFrom(...NAMES), value: json })),
        (inner, outer) => {
          const copy = structuredClone(whole) as unknown as Record<string, unknown> & {
            differential: { element: Record<string, unknown>[] };
          };
          copy.differential.element[inner.element]![inner.name] = inner.value;
          if (outer && outer.name !== 'url' && outer.name !== 'resourceType') copy[outer.name] = outer.value;
          const definitions = withConformance(core, [copy as unknown as JsonObject]);
          expect(Array.isArray(validate(definitions, PATIENT))).toBe(true);
          expect(Array.isArray(validate(core, copy as unknown as ResourceTree))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
