/** `_summary` and `_elements`. https://hl7.org/fhir/R4/search.html#summary, https://hl7.org/fhir/R4/search.html#elements */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { parseElements, pickElements } from '../../../../src/fhir/search/elements.ts';

const definitions = await loadDefinitions();

const PATIENT: ResourceTree = {
  resourceType: 'Patient',
  id: 'p',
  meta: { versionId: '3', tag: [{ code: 'mine' }] },
  implicitRules: 'http://rules',
  text: { status: 'generated', div: '<div/>' },
  extension: [{ url: 'e', valueString: 'x' }],
  name: [{ family: 'F', extension: [{ url: 'e', valueString: 'x' }] }],
  birthDate: '2000',
  _birthDate: { extension: [{ url: 'e', valueString: 'x' }] },
  photo: [{ contentType: 'image/png', data: 'AAAA' }],
  contact: [{ name: { family: 'C' } }],
  communication: [{ language: { text: 'nl' }, preferred: true }],
  link: [{ id: 'l', other: { reference: 'Patient/2' }, type: 'seealso' }],
};

const OBSERVATION: ResourceTree = {
  resourceType: 'Observation',
  id: 'o',
  status: 'final',
  code: { coding: [{ code: 'c', userSelected: true }] },
  note: [{ text: 'n' }],
  valueQuantity: { value: 1 },
  component: [{ code: { text: 'x' }, valueString: 'y', referenceRange: [{ text: 'r' }] }],
};

const SUBSETTED = expect.objectContaining({ code: 'SUBSETTED' });
const pick = (tree: ResourceTree, query: string): ResourceTree => {
  const elements = parseElements([...new URLSearchParams(query)]);
  return pickElements(definitions, tree, elements!);
};
const names = (tree: ResourceTree): string[] => Object.keys(tree).sort();

describe('_elements', () => {
  it('keeps what is asked for, with its extensions, and the tag that says so', () => {
    const picked = pick(PATIENT, '_elements=birthDate,Patient.name');
    expect(names(picked)).toEqual([
      '_birthDate',
      'birthDate',
      'id',
      'implicitRules',
      'meta',
      'name',
      'resourceType',
    ]);
    expect(picked['name']).toEqual(PATIENT['name']);
    expect(picked['meta']).toEqual({ versionId: '3', tag: [{ code: 'mine' }, SUBSETTED] });
  });

  it('keeps what is mandatory', () => {
    expect(names(pick(OBSERVATION, '_elements=note'))).toEqual([
      'code',
      'id',
      'meta',
      'note',
      'resourceType',
      'status',
    ]);
  });

  it('knows a choice by its name', () => {
    expect(pick(OBSERVATION, '_elements=value')).toMatchObject({ valueQuantity: { value: 1 } });
  });
});

describe('_summary', () => {
  it('true: the summary elements, inside elements too', () => {
    const picked = pick(PATIENT, '_summary=true');
    expect(names(picked)).toEqual([
      '_birthDate',
      'birthDate',
      'id',
      'implicitRules',
      'link',
      'meta',
      'name',
      'resourceType',
    ]);
    expect(picked['name']).toEqual([{ family: 'F' }]);
    expect(picked['link']).toEqual(PATIENT['link']);
    const observation = pick(OBSERVATION, '_summary=true');
    expect(names(observation)).toEqual([
      'code',
      'component',
      'id',
      'meta',
      'resourceType',
      'status',
      'valueQuantity',
    ]);
    expect(observation['component']).toEqual([{ code: { text: 'x' }, valueString: 'y' }]);
  });

  it('text: the narrative and what is mandatory', () => {
    expect(names(pick(PATIENT, '_summary=text'))).toEqual([
      'id',
      'implicitRules',
      'meta',
      'resourceType',
      'text',
    ]);
  });

  it('data: all but the narrative', () => {
    const { text: _text, meta: _meta, ...rest } = PATIENT;
    expect(pick(PATIENT, '_summary=data')).toEqual({
      ...rest,
      meta: { versionId: '3', tag: [{ code: 'mine' }, SUBSETTED] },
    });
  });

  it('changes nothing of the resource, and marks it once', () => {
    const before = structuredClone(PATIENT);
    const once = pick(PATIENT, '_summary=data');
    expect(PATIENT).toEqual(before);
    expect(pick(once, '_summary=data')['meta']).toEqual(once['meta']);
  });
});

describe('parseElements', () => {
  it('wants whole resources where nothing else is said', () => {
    expect(parseElements([])).toBeUndefined();
    expect(parseElements([['_summary', 'false']])).toBeUndefined();
    expect(parseElements([['_summary', 'count']])).toBeUndefined();
    expect(parseElements([['_elements', ' , ']])).toBeUndefined();
    expect(() => parseElements([['_summary', 'TRUE']])).toThrow(/give one of true, false, text, data, count/);
  });
});
