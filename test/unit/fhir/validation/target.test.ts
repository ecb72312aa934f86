// References inside of Bundles and documents. https://hl7.org/fhir/R4/bundle.html#references

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validate } from '../../../../src/fhir/validation/validator.ts';

const core = await loadDefinitions();
const errors = (tree: JsonObject): (string | undefined)[] =>
  validate(core, tree as ResourceTree)
    .filter(({ severity }) => severity === 'error')
    .map(({ expression }) => expression?.[0]);

const entry = (fullUrl: string, resource: JsonObject): JsonObject => ({ fullUrl, resource });
const bundle = (type: string, ...entries: JsonObject[]): JsonObject => ({
  resourceType: 'Bundle',
  type,
  ...(type === 'document' && { identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:x' } }),
  timestamp: '2024-01-01T00:00:00Z',
  entry: entries,
});
const patient = { resourceType: 'Patient', id: '1' };
const account = (reference: string): JsonObject => ({
  resourceType: 'Account',
  id: 'a',
  status: 'active',
  subject: [{ reference }],
});
const BASE = 'http://x/fhir';

describe('a reference to an entry', () => {
  it.each([
    ['relative', 'Patient/1', []],
    ['absolute', `${BASE}/Patient/1`, []],
    ['to what is not there', 'Patient/2', []],
    ['to another type than it names', 'Patient/3', ['Bundle.entry[1].resource.subject[0]']],
    ['to two entries', 'Patient/4', ['Bundle.entry[1].resource.subject[0]']],
    ['with spaces', 'Patient /1', ['Bundle.entry[1].resource.subject[0]']],
  ])('%s', (_, reference, places) => {
    const tree = bundle(
      'collection',
      entry(`${BASE}/Patient/1`, patient),
      entry(`${BASE}/Account/a`, account(reference)),
      entry(`${BASE}/Patient/3`, { resourceType: 'Device', id: '3' }),
      entry(`${BASE}/Patient/4`, { ...patient, id: '4', meta: { versionId: '1' } }),
      entry(`${BASE}/Patient/4`, { ...patient, id: '4', meta: { versionId: '2' } }),
    );
    const own = errors(tree).filter((place) => place?.startsWith('Bundle.entry[1]'));
    expect(own).toEqual(places);
  });
});

describe('a document', () => {
  const composition = (author: string): JsonObject => ({
    resourceType: 'Composition',
    id: 'c',
    status: 'final',
    type: { text: 'x' },
    date: '2024-01-01',
    title: 'x',
    author: [{ reference: author }],
  });
  const doctor = entry(`${BASE}/Practitioner/1`, { resourceType: 'Practitioner', id: '1' });

  it('is whole', () => {
    expect(
      errors(bundle('document', entry(`${BASE}/Composition/c`, composition('Practitioner/1')), doctor)),
    ).toEqual([]);
  });

  it('lacks what its Composition refers to, and has what nothing refers to', () => {
    expect(
      errors(bundle('document', entry(`${BASE}/Composition/c`, composition('Practitioner/2')), doctor)),
    ).toEqual(['Bundle.entry[0].resource.author[0]', 'Bundle.entry[1]']);
  });
});
