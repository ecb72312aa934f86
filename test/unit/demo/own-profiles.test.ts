// The records of the demo fit the profiles of our own package, and each rule of those is seen to fire. profiles/embergate.demo

import { describe, expect, it } from '@jest/globals';
import type { Resource } from '@medplum/fhirtypes';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { demoRecords } from '../../../src/demo/records.ts';
import { parseJson } from '../../../src/fhir/model/json.ts';
import type { JsonObject, JsonValue, ResourceTree } from '../../../src/fhir/model/tree.ts';
import { validate } from '../../../src/fhir/validation/validator.ts';

const definitions = await loadDefinitions({ packages: 'profiles' });
const records = [...demoRecords({ patients: 6, seed: 1 })].flatMap(({ entry = [] }) =>
  entry.map(({ resource }) => resource!),
);
const tree = (resource: Resource): ResourceTree => parseJson(JSON.stringify(resource)) as ResourceTree;
const errors = (one: JsonObject): string[] =>
  validate(definitions, one as ResourceTree)
    .filter(({ severity }) => severity === 'error')
    .map(({ expression, diagnostics }) => `${expression?.[0]} ${diagnostics}`);

const claiming = (name: string, fits: (resource: Resource) => boolean = () => true): ResourceTree =>
  tree(
    records.find((one) => one.meta?.profile?.some((url) => url.endsWith(`/${name}`)) === true && fits(one))!,
  );

describe('the records of the demo', () => {
  it('fit R4 and the profiles that they claim', () => {
    expect(records.length).toBeGreaterThan(1000);
    expect(records.flatMap((one) => errors(tree(one)))).toEqual([]);
  });

  it('claim every profile of the package', () => {
    const claimed = new Set(
      records.flatMap(({ meta }) => meta?.profile ?? []).map((url) => url.split('/').at(-1)),
    );
    expect([...claimed].sort()).toEqual([
      'demo-condition',
      'demo-laboratory-result',
      'demo-medication-request',
      'demo-patient',
      'demo-vital-sign',
    ]);
  });
});

describe('a record that is broken', () => {
  const without = (one: ResourceTree, name: string): JsonObject => {
    const { [name]: _, ...rest } = one;
    return rest as JsonObject;
  };
  const patient = claiming('demo-patient');
  const extension = patient['extension'] as JsonObject[];
  const concept = (system: string, code: string): JsonValue => ({ coding: [{ system, code }] });
  const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';

  it.each<[string, JsonObject, RegExp]>([
    ['cardinality', without(patient, 'birthDate'), /^Patient birthDate is required/],
    [
      'slice of identifiers',
      { ...patient, identifier: [{ system: 'http://x', value: '1' }] },
      /^Patient identifier has 0 of the slice record/,
    ],
    [
      'extension that is required',
      { ...patient, extension: extension.filter(({ url }) => !String(url).endsWith('demo-synthetic')) },
      /^Patient extension has 0 of the slice synthetic/,
    ],
    [
      'value of the extension',
      {
        ...patient,
        extension: extension.map((one) =>
          String(one['url']).endsWith('demo-synthetic') ? { ...one, valueBoolean: false } : one,
        ),
      },
      /has to be true/,
    ],
    ['invariant of dates', { ...patient, deceasedDateTime: '1800-01-01' }, /demo-pat-1/],
    [
      'binding of a condition',
      { ...claiming('demo-condition'), clinicalStatus: concept(CLINICAL, 'relapse') },
      /clinicalStatus .*required binding/,
    ],
    [
      'invariant of a condition',
      {
        ...without(claiming('demo-condition'), 'abatementDateTime'),
        clinicalStatus: concept(CLINICAL, 'active'),
        abatementDateTime: '2020-01-01',
      },
      /demo-con-1/,
    ],
    [
      'slice of a category',
      {
        ...claiming('demo-laboratory-result'),
        category: [concept('http://terminology.hl7.org/CodeSystem/observation-category', 'survey')],
      },
      /category has 0 of the slice kind/,
    ],
    [
      'nothing said',
      without(
        claiming(
          'demo-vital-sign',
          (one) => one.resourceType === 'Observation' && one.valueQuantity !== undefined,
        ),
        'valueQuantity',
      ),
      /demo-obs-1/,
    ],
    ['no requester', without(claiming('demo-medication-request'), 'requester'), /requester is required/],
  ])('%s', (_, broken, words) => {
    const found = errors(broken);
    expect(found.length).toBeGreaterThanOrEqual(1);
    expect(found.some((one) => words.test(one))).toBe(true);
  });
});
