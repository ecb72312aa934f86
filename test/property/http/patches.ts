/** Random patch documents: JSON Patch and FHIRPath Patch. https://hl7.org/fhir/R4/http.html#patch, https://hl7.org/fhir/R4/fhirpatch.html */
import fc from 'fast-check';
import { changed, changes, type Json } from './mutate.ts';

export function jsonPatches(): fc.Arbitrary<Json> {
  const pointers = [
    '',
    '/',
    '/active',
    '/name',
    '/name/0/family',
    '/name/-',
    '/name/00',
    '/name/-1',
    '/id',
    '/meta/versionId',
    '/resourceType',
    '/~0~1~2',
    '/__proto__/x',
    '/constructor/prototype',
    'name',
    '/identifier/0/value',
    '/status',
    '/nonsense/x',
  ];
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: fc.constantFrom(...pointers),
      from: fc.constantFrom(...pointers),
      value: fc.constantFrom<Json>(true, 'x', null, 1, [], {}, { family: 'x' }, [{ family: 'x' }]),
    },
    { requiredKeys: ['op', 'path'] },
  );
  return fc
    .tuple(
      fc.array(operation, { maxLength: 4 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, changes),
    )
    .map(([operations, all]) => changed(operations as Json, all));
}

export function pathPatches(): fc.Arbitrary<Json> {
  const paths = [
    'Patient',
    'Patient.name',
    'Patient.name[0]',
    'name.first()',
    'Patient.active',
    '',
    '1 +',
    'a.b.c',
  ];
  const operation = fc
    .record({
      type: fc.constantFrom('add', 'insert', 'delete', 'replace', 'move', 'x'),
      path: fc.constantFrom(
        ...paths,
        'Patient.descendants()',
        'Observation.value',
        'iif(true, name, id)',
        'repeat(%context)',
      ),
      name: fc.constantFrom('active', 'name', 'id', 'nonsense', ''),
      value: fc.constantFrom<Json>(
        { valueBoolean: true },
        { valueString: 'x' },
        { valueHumanName: { family: 'x' } },
        { part: [{ name: 'family', valueString: 'x' }] },
        {},
      ),
      index: fc.constantFrom(0, -1, 1, 1e9, 0.5),
    })
    .map(({ type, path, name, value, index }) => ({
      name: 'operation',
      part: [
        { name: 'type', valueCode: type },
        { name: 'path', valueString: path },
        { name: 'name', valueString: name },
        { name: 'value', ...(value as object) },
        { name: 'index', valueInteger: index },
        { name: 'source', valueInteger: index },
        { name: 'destination', valueInteger: 0 },
      ],
    }));
  return fc
    .tuple(
      fc.array(operation, { maxLength: 3 }).map((parameter) => ({ resourceType: 'Parameters', parameter })),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, changes),
    )
    .map(([parameters, all]) => changed(parameters as unknown as Json, all));
}
