// The walk visits each element with its type, wherever it stands.

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { JsonValue, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { walk } from '../../../../src/fhir/model/walk.ts';

const definitions = await loadDefinitions();

/** path -> type of all that is visited, but resourceType */
function visited(resource: ResourceTree): Record<string, string> {
  const found: Record<string, string> = {};
  walk(definitions, resource, (type, _value, _parent, key, path) => {
    if (key !== 'resourceType') found[path()] = type;
  });
  return found;
}

describe('walk', () => {
  it('types nested elements, items of arrays and choices', () => {
    expect(
      visited({ resourceType: 'Patient', name: [{ given: ['A', 'B'] }], deceasedBoolean: false }),
    ).toEqual({
      'Patient.name[0]': 'HumanName',
      'Patient.name[0].given[0]': 'string',
      'Patient.name[0].given[1]': 'string',
      'Patient.deceasedBoolean': 'boolean',
    });
  });

  it('types backbone elements and content references', () => {
    const item = [{ linkId: '1', item: [{ linkId: '2' }] }];
    expect(visited({ resourceType: 'Questionnaire', item })).toEqual({
      'Questionnaire.item[0]': 'Questionnaire.item',
      'Questionnaire.item[0].linkId': 'string',
      'Questionnaire.item[0].item[0]': 'Questionnaire.item',
      'Questionnaire.item[0].item[0].linkId': 'string',
    });
  });

  it('visits siblings of primitives and the extensions in them', () => {
    const extension = [{ url: 'http://e', valueReference: { reference: 'Patient/1' } }];
    expect(
      visited({
        resourceType: 'Patient',
        _birthDate: { extension },
        name: [{ given: [null], _given: [{ id: 'a' }] }],
      }),
    ).toEqual({
      'Patient._birthDate': 'Element',
      'Patient._birthDate.extension[0]': 'Extension',
      'Patient._birthDate.extension[0].url': 'uri',
      'Patient._birthDate.extension[0].valueReference': 'Reference',
      'Patient._birthDate.extension[0].valueReference.reference': 'string',
      'Patient.name[0]': 'HumanName',
      'Patient.name[0].given[0]': 'string',
      'Patient.name[0]._given[0]': 'Element',
      'Patient.name[0]._given[0].id': 'string',
    });
  });

  it('takes contained, bundled and parameter resources by their own type', () => {
    const patient = { resourceType: 'Patient', birthDate: '2000' };
    expect(visited({ resourceType: 'Observation', contained: [patient] })).toEqual({
      'Observation.contained[0]': 'Resource',
      'Observation.contained[0].birthDate': 'date',
    });
    expect(visited({ resourceType: 'Bundle', entry: [{ resource: patient }] })).toMatchObject({
      'Bundle.entry[0].resource': 'Resource',
      'Bundle.entry[0].resource.birthDate': 'date',
    });
    const parameter = [{ name: 'a', resource: patient, part: [{ name: 'b', valueCode: 'c' }] }];
    expect(visited({ resourceType: 'Parameters', parameter })).toMatchObject({
      'Parameters.parameter[0].resource.birthDate': 'date',
      'Parameters.parameter[0].part[0]': 'Parameters.parameter',
      'Parameters.parameter[0].part[0].valueCode': 'code',
    });
  });

  it('visits what is unknown without a type, and a resource in it with its own', () => {
    expect(
      visited({ resourceType: 'Patient', shoe: { reference: 'Patient/1', size: [1] }, _shoe: {} }),
    ).toEqual({
      'Patient.shoe': '',
      'Patient.shoe.reference': '',
      'Patient.shoe.size[0]': '',
      'Patient._shoe': '',
    });
    expect(
      visited({ resourceType: 'Patient', shoe: { resourceType: 'Goal', startDate: '2000' } }),
    ).toMatchObject({
      'Patient.shoe.startDate': 'date',
    });
    expect(visited({ resourceType: 'Nothing', id: '1' })).toEqual({ 'Nothing.id': '' });
  });

  it('stays out of what is skipped', () => {
    const seen: string[] = [];
    walk(
      definitions,
      { resourceType: 'Patient', name: [{ given: ['A'] }], id: '1' },
      (type, _value, _parent, _key, path) => {
        seen.push(path());
        return type === 'HumanName' ? 'skip' : undefined;
      },
    );
    expect(seen).toEqual(['Patient.resourceType', 'Patient.name[0]', 'Patient.id']);
  });

  it('lets values be replaced where they stand', () => {
    const resource: ResourceTree = { resourceType: 'Patient', id: 'a', name: [{ given: ['A', 'B'] }] };
    walk(definitions, resource, (type, value, parent, key) => {
      if (type === 'string' && value === 'B') (parent as Record<string | number, JsonValue>)[key] = 'C';
    });
    expect(resource['name']).toEqual([{ given: ['A', 'C'] }]);
  });
});
