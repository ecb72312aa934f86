/** FHIRPath Patch on resources. https://hl7.org/fhir/R4/fhirpatch.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { applyFhirPathPatch } from '../../../../src/fhir/model/patch-fhirpath.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';

const definitions = await loadDefinitions();

const PATIENT =
  `{"resourceType":"Patient","id":"1","name":[{"family":"A","given":["x","y"],"_given":[null,{"id":"g"}]},{"family":"B"}],
  "birthDate":"2000-01-01","_birthDate":{"extension":[{"url":"b","valueDecimal":1.50}]},"deceasedBoolean":false,"active":true,
  "contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0}}]}`.replace(
    /\n\s*/g,
    '',
  );

interface Sent {
  readonly type: string;
  readonly path: string;
  readonly name?: string;
  readonly value?: object;
  readonly index?: number;
  readonly source?: number;
  readonly destination?: number;
}

/** The parameter of one operation. */
function operation({ type, path, name, value, ...numbers }: Sent): JsonObject {
  const part: object[] = [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
  ];
  if (name !== undefined) part.push({ name: 'name', valueString: name });
  if (value !== undefined) part.push({ name: 'value', ...value });
  for (const [one, number] of Object.entries(numbers)) part.push({ name: one, valueInteger: number });
  return { name: 'operation', part } as unknown as JsonObject;
}

const parameters = (...sent: readonly Sent[]): ResourceTree => ({
  resourceType: 'Parameters',
  parameter: sent.map(operation),
});
const patient = (): ResourceTree => parseJson(PATIENT) as ResourceTree;

function patched(...sent: readonly Sent[]): ReturnType<typeof JSON.parse> {
  return JSON.parse(stringifyJson(applyFhirPathPatch(definitions, patient(), parameters(...sent))));
}

function refused(parameter: ResourceTree, tree = patient()): FhirError {
  try {
    applyFhirPathPatch(definitions, tree, parameter);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('add', () => {
  it('sets an element, appends to a list, and chooses the property of a choice', () => {
    const after = patched(
      { type: 'add', path: 'Patient', name: 'gender', value: { valueCode: 'female' } },
      { type: 'add', path: 'Patient', name: 'name', value: { valueHumanName: { family: 'C' } } },
      { type: 'add', path: 'Patient.name[0]', name: 'given', value: { valueString: 'z' } },
      { type: 'add', path: 'Patient', name: 'multipleBirth', value: { valueInteger: 2 } },
    );
    expect([after.gender, after.name[2].family, after.name[0].given, after.multipleBirthInteger]).toEqual([
      'female',
      'C',
      ['x', 'y', 'z'],
      2,
    ]);
    expect(after.name[0]._given).toEqual([null, { id: 'g' }, null]);
  });

  it('takes value[x] and the name of the property for a choice', () => {
    const text = { valueString: 'many' };
    const value = { valueDateTime: '2020' };
    const base = { type: 'replace', path: 'Patient.deceased', value };
    expect(patched(base).deceasedDateTime).toBe('2020');
    for (const name of ['multipleBirth[x]', 'multipleBirthInteger']) {
      expect(
        patched({ type: 'add', path: 'Patient', name, value: { valueInteger: 1 } }).multipleBirthInteger,
      ).toBe(1);
    }
    expect(
      refused(parameters({ type: 'add', path: 'Patient', name: 'multipleBirth', value: text })).message,
    ).toContain('boolean, integer');
    const wrong = { type: 'add', path: 'Patient', name: 'multipleBirthBoolean', value: { valueInteger: 1 } };
    expect(refused(parameters(wrong)).message).toContain('name it "multipleBirth" or "multipleBirthInteger"');
  });

  it('makes elements of parts, resources, and extensions also of primitives', () => {
    const extension = {
      part: [
        { name: 'url', valueUri: 'http://e' },
        { name: 'value', valueDecimal: 3 },
      ],
    };
    const after = patched(
      {
        type: 'add',
        path: 'Patient',
        name: 'contact',
        value: {
          part: [
            { name: 'name', valueHumanName: { text: 'n' } },
            { name: 'telecom', valueContactPoint: { value: '1' } },
          ],
        },
      },
      {
        type: 'add',
        path: 'Patient',
        name: 'contained',
        value: { resource: { resourceType: 'Practitioner', id: 'p' } },
      },
      { type: 'add', path: 'Patient', name: 'extension', value: extension },
      { type: 'add', path: 'Patient.active', name: 'extension', value: extension },
      { type: 'add', path: 'Patient.birthDate', name: 'extension', value: extension },
      { type: 'add', path: 'Patient.name[0].given[0]', name: 'extension', value: extension },
    );
    const made = { url: 'http://e', valueDecimal: 3 };
    expect(after.contact).toEqual([{ name: { text: 'n' }, telecom: [{ value: '1' }] }]);
    expect(after.contained[1]).toEqual({ resourceType: 'Practitioner', id: 'p' });
    expect([after.extension, after._active.extension, after._birthDate.extension[1]]).toEqual([
      [made],
      [made],
      made,
    ]);
    expect(after.name[0]._given).toEqual([{ extension: [made] }, { id: 'g' }]);
  });

  it('keeps the id and extensions of a primitive that is sent', () => {
    const value = { valueDate: '1999', _valueDate: { extension: [{ url: 'x', valueString: 'y' }] } };
    const after = patched(
      { type: 'delete', path: 'Patient.birthDate' },
      { type: 'add', path: 'Patient', name: 'birthDate', value },
    );
    expect([after.birthDate, after._birthDate.extension[0].url]).toEqual(['1999', 'x']);
  });
});

describe('insert and move', () => {
  it('put an item at its index, in a new list too', () => {
    const after = patched(
      { type: 'insert', path: 'Patient.name', index: 0, value: { valueHumanName: { family: 'Z' } } },
      { type: 'insert', path: 'Patient.identifier', index: 0, value: { valueIdentifier: { value: '7' } } },
      {
        type: 'insert',
        path: "Patient.name.where(family = 'A').given",
        index: 1,
        value: { valueString: 'w' },
      },
    );
    expect([after.name[0].family, after.identifier[0].value, after.name[1].given]).toEqual([
      'Z',
      '7',
      ['x', 'w', 'y'],
    ]);
    expect(after.name[1]._given).toEqual([null, null, { id: 'g' }]);
  });

  it('move items of primitives with what stands beside them', () => {
    const after = patched({ type: 'move', path: 'Patient.name[0].given', source: 1, destination: 0 });
    expect([after.name[0].given, after.name[0]._given]).toEqual([
      ['y', 'x'],
      [{ id: 'g' }, null],
    ]);
  });

  it.each([
    [
      { type: 'insert', path: 'Patient.name', index: 3, value: { valueHumanName: { family: 'Z' } } },
      'at most 2',
    ],
    [
      { type: 'move', path: 'Patient.name', source: 2, destination: 0 },
      'source is 2, beyond the list: at most 1',
    ],
    [{ type: 'move', path: 'Patient.name', source: 0, destination: 2 }, 'destination is 2'],
    [{ type: 'move', path: 'Patient.photo', source: 0, destination: 0 }, 'the list is empty'],
    [{ type: 'insert', path: 'Patient.birthDate', index: 0, value: { valueDate: '2000' } }, 'not a list'],
    [
      { type: 'insert', path: 'Patient.name[0]', index: 0, value: { valueHumanName: {} } },
      'must end with the name of a list',
    ],
    [
      { type: 'insert', path: 'Patient.name.given', index: 0, value: { valueString: 'a' } },
      'selects 2 elements',
    ],
  ])('%j is refused', (sent, words) => {
    expect(refused(parameters(sent)).message).toContain(words);
  });
});

describe('replace and delete', () => {
  it('replace one element, in place, and keep decimals and order elsewhere', () => {
    const next = applyFhirPathPatch(
      definitions,
      patient(),
      parameters(
        { type: 'replace', path: 'Patient.name[1].family', value: { valueString: 'D' } },
        { type: 'replace', path: 'Patient.deceased', value: { valueDateTime: '2020-01-01' } },
        {
          type: 'replace',
          path: 'Patient.contained.ofType(Observation).value',
          value: { valueString: 'much' },
        },
      ),
    );
    expect(Object.keys(next)).toEqual(
      Object.keys(patient()).map((name) => (name === 'deceasedBoolean' ? 'deceasedDateTime' : name)),
    );
    const text = stringifyJson(next);
    expect(text).toContain('"valueDecimal":1.50');
    expect(text).toContain('"code":{"text":"c"},"valueString":"much"');
  });

  it('delete an element with its extensions, an extension alone, and what becomes empty', () => {
    expect(Object.keys(patched({ type: 'delete', path: 'Patient.birthDate' }))).not.toContain('_birthDate');
    expect(patched({ type: 'delete', path: "Patient.birthDate.extension('b')" })).toMatchObject({
      birthDate: '2000-01-01',
    });
    expect(patched({ type: 'delete', path: "Patient.birthDate.extension('b')" })).not.toHaveProperty(
      '_birthDate',
    );
    expect(patched({ type: 'delete', path: 'Patient.name[1].family' }).name).toHaveLength(1);
    const name = patched({ type: 'delete', path: 'Patient.name[0].given[1].id' }).name[0];
    expect([name.given, '_given' in name]).toEqual([['x', 'y'], false]);
    expect(patched({ type: 'delete', path: 'Patient.name[0].given[0]' }).name[0]).toEqual({
      family: 'A',
      given: ['y'],
      _given: [{ id: 'g' }],
    });
  });

  it('delete does nothing where there is nothing', () => {
    expect(patched({ type: 'delete', path: 'Patient.gender' })).toEqual(JSON.parse(PATIENT));
  });

  it.each([
    [
      { type: 'delete', path: 'Patient.name' },
      'Operation 0 (delete Patient.name): the path selects 2 elements',
    ],
    [{ type: 'delete', path: 'Patient' }, 'whole resource'],
    [{ type: 'replace', path: 'Patient', value: { resource: { resourceType: 'Person' } } }, 'whole resource'],
    [
      { type: 'replace', path: 'Patient.gender', value: { valueCode: 'male' } },
      'selects nothing in this Patient',
    ],
    [
      { type: 'replace', path: 'Patient.name[0]', value: { valueAddress: { city: 'x' } } },
      'a Address was sent for Patient.name, which is: HumanName',
    ],
    [
      { type: 'replace', path: 'Patient.active', value: { valueString: 'true' } },
      'a string was sent for Patient.active',
    ],
    [{ type: 'add', path: 'Patient', name: 'birthDate', value: { valueDate: '1999' } }, 'is there already'],
    [
      { type: 'add', path: 'Patient', name: 'deceased', value: { valueDateTime: '1999' } },
      '"deceasedBoolean" is there already',
    ],
    [{ type: 'add', path: 'Patient', name: 'gendre', value: { valueCode: 'male' } }, 'Did you mean gender?'],
    [
      { type: 'add', path: 'Patient', name: 'contact', value: { valueHumanName: { family: 'x' } } },
      'made of parts',
    ],
    [{ type: 'add', path: 'Patient', name: 'gender', value: {} }, 'the value is missing'],
    [
      { type: 'add', path: 'Patient', name: 'gender', value: { valueCode: 'male', valueString: 'x' } },
      'not one value',
    ],
    [
      { type: 'add', path: 'Patient', name: 'resourceType', value: { valueString: 'Person' } },
      'no element "resourceType"',
    ],
    [{ type: 'add', path: 'Patient', name: '__proto__', value: { valueString: 'x' } }, 'no element'],
    [{ type: 'add', path: 'Patient' }, 'the part "name" is missing'],
    [{ type: 'jump', path: 'Patient' }, 'none of add, insert'],
    [{ type: 'replace', path: '((', value: { valueString: 'x' } }, 'is not a FHIRPath expression'],
    [{ type: 'delete', path: 'Patient.name.count()' }, 'makes a value'],
    [{ type: 'delete', path: 'Patient.descendants()' }, 'descendants(), which is not allowed'],
    [{ type: 'delete', path: 'Patient.name.where(%resource.active)' }, 'uses "%"'],
    [
      { type: 'delete', path: "Patient.name.where('/*' = '' /* ' */.`repeat`($this) /* ' */)" },
      'not allowed',
    ],
  ])('%j is refused', (sent, words) => {
    const { message, status, issues } = refused(parameters(sent));
    expect(message).toContain(words);
    expect([status, issues[0]!.expression]).toEqual([400, ['Parameters.parameter[0]']]);
  });

  it('refuses a path without bound', () => {
    const path = `Patient.name${'.first()'.repeat(200)}`;
    expect(refused(parameters({ type: 'delete', path })).message).toContain('longer than 1000');
  });

  it('names the operation that fails, and leaves the resource as it was', () => {
    const tree = patient();
    const sent = parameters(
      { type: 'delete', path: 'Patient.birthDate' },
      { type: 'replace', path: 'Patient.nope.x', value: { valueString: 'x' } },
    );
    expect(refused(sent, tree).message).toContain('Operation 1 (replace Patient.nope.x)');
    expect(stringifyJson(tree)).toBe(PATIENT);
  });

  it('refuses documents of another shape', () => {
    const odd = [
      { name: 'other', part: [] },
      { name: 'operation' },
      7,
      { name: 'operation', part: [{ name: 'pith', valueString: 'x' }] },
    ];
    for (const one of odd)
      expect(refused({ resourceType: 'Parameters', parameter: [one as JsonObject] }).status).toBe(400);
    expect(refused({ resourceType: 'Patient' }).status).toBe(400);
    expect(
      refused({ resourceType: 'Parameters', parameter: Array<JsonObject>(1001).fill({}) }).message,
    ).toContain('at most 1000');
  });

  it('bounds the work on large resources', () => {
    const name = Array.from({ length: 3000 }, (_, i) => ({ family: `F${i}`, given: ['a'] }));
    const tree: ResourceTree = { resourceType: 'Patient', name };
    const sent = Array<Sent>(1000).fill({ type: 'delete', path: 'Patient.gender' });
    expect(refused(parameters(...sent), tree).message).toMatch(
      /the resource is large: send at most \d+ at a time/,
    );
    expect(() => applyFhirPathPatch(definitions, tree, parameters(...sent.slice(0, 10)))).not.toThrow();
  });

  it('shares nothing with the patch', () => {
    const sent = parameters(
      { type: 'add', path: 'Patient', name: 'name', value: { valueHumanName: { given: ['q'] } } },
      { type: 'add', path: 'Patient.name[2]', name: 'given', value: { valueString: 'r' } },
    );
    const before = stringifyJson(sent);
    applyFhirPathPatch(definitions, patient(), sent);
    expect(stringifyJson(sent)).toBe(before);
  });
});
