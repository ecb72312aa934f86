/** The two FHIRPath engines against each other on all of R4, and against expected results. https://hl7.org/fhir/R4/fhirpath.html */
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseJson, stringifyJson, toPlain } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import type { JsonObject, JsonValue, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { compilePath, type PathNode } from '../../../../src/fhir/path/engine.ts';
import { compileOracle, oracleType, oracleValue } from '../../../support/fhirpath-oracle.ts';

const definitions = await loadDefinitions();
const ROOT = resolve(import.meta.dirname, '../../../..');
const EXAMPLES = resolve(ROOT, 'node_modules/hl7.fhir.r4.examples');

function evaluate(expression: string, resource: JsonObject): (JsonValue | string)[][] {
  const tree = resource as ResourceTree;
  return compilePath(
    definitions,
    expression,
    tree.resourceType,
  )(tree).map(({ type, value }) => [type, value]);
}

const PATIENT: JsonObject = {
  resourceType: 'Patient',
  id: '1',
  active: true,
  name: [
    { use: 'official', family: 'Chalmers', given: ['Peter', 'James'] },
    { use: 'usual', given: ['Peter'], extension: [{ url: 'u', valueCode: 'x' }] },
  ],
  birthDate: '1974-12-25',
  _birthDate: { extension: [{ url: 'http://birth', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
  deceasedBoolean: false,
  telecom: [
    { system: 'phone', value: '555' },
    { system: 'email', value: 'a@b' },
  ],
  contained: [{ resourceType: 'Practitioner', id: 'p' }],
  generalPractitioner: [
    { reference: 'Practitioner/9' },
    { reference: 'Organization/1/_history/3' },
    { reference: '#p' },
    { reference: 'http://other.org/fhir/Practitioner/7' },
    { reference: 'urn:uuid:04121321-4af5-424c-a0e1-ed3aab1c349d', type: 'Practitioner' },
    { display: 'nobody' },
  ],
  multipleBirthInteger: 2,
};

const OBSERVATION: JsonObject = {
  resourceType: 'Observation',
  status: 'final',
  valueQuantity: { value: 5, code: 'mg' },
  component: [
    { valueString: 'a' },
    { valueCodeableConcept: { text: 'b' } },
    { valueCodeableConcept: { text: 'c' } },
  ],
};

describe('compiled FHIRPath', () => {
  it.each<[string, (JsonValue | string)[][]]>([
    [
      'Patient.name.given',
      [
        ['string', 'Peter'],
        ['string', 'James'],
        ['string', 'Peter'],
      ],
    ],
    [
      'name.given',
      [
        ['string', 'Peter'],
        ['string', 'James'],
        ['string', 'Peter'],
      ],
    ],
    [
      'Patient.name.given | Patient.name.family',
      [
        ['string', 'Peter'],
        ['string', 'James'],
        ['string', 'Chalmers'],
      ],
    ],
    ['Patient.name[1].given', [['string', 'Peter']]],
    ['Patient.name.first().family', [['string', 'Chalmers']]],
    ['Patient.name.last().use', [['code', 'usual']]],
    ["Patient.name.where(use = 'official').family", [['string', 'Chalmers']]],
    ["Patient.name.where(use != 'official').use", [['code', 'usual']]],
    [
      "Patient.name.where(use='usual' or family='Chalmers').use",
      [
        ['code', 'official'],
        ['code', 'usual'],
      ],
    ],
    ["Patient.name.where(use='usual' and family='Chalmers').use", []],
    ['Patient.name.where(family.exists()).use', [['code', 'official']]],
    ['Patient.name.where(family.empty()).use', [['code', 'usual']]],
    ["Patient.name.exists(use='usual')", [['System.Boolean', true]]],
    ['Patient.deceased', [['boolean', false]]],
    ['Patient.deceased.exists() and Patient.deceased != false', [['System.Boolean', false]]],
    ['(Patient.deceased as dateTime)', []],
    ['Patient.deceased is boolean', [['System.Boolean', true]]],
    ['Patient.multipleBirth.as(integer)', [['integer', 2]]],
    ['Patient.multipleBirth = 2', [['System.Boolean', true]]],
    ["Patient.birthDate.extension('http://birth').value", [['dateTime', '1974-12-25T14:35:45-05:00']]],
    ["Patient.name.extension('u').value", [['code', 'x']]],
    [
      'Patient.generalPractitioner.where(resolve() is Organization).reference',
      [['string', 'Organization/1/_history/3']],
    ],
    [
      'Patient.generalPractitioner.where(resolve() is Practitioner).reference',
      [
        ['string', 'Practitioner/9'],
        ['string', '#p'],
        ['string', 'http://other.org/fhir/Practitioner/7'],
        ['string', 'urn:uuid:04121321-4af5-424c-a0e1-ed3aab1c349d'],
      ],
    ],
    ['Observation.code', []],
    ['Observation.code.exists()', [['System.Boolean', false]]],
    ['Resource.id', [['string', '1']]],
    ['DomainResource.contained.id', [['string', 'p']]],
    ['Patient.contained.where($this is Practitioner).id', [['string', 'p']]],
    ['Patient.nonsense.more', []],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression, PATIENT)).toEqual(expected);
  });

  it('finds the value of a choice by its type', () => {
    expect(evaluate('Observation.value', OBSERVATION)).toEqual([['Quantity', { value: 5, code: 'mg' }]]);
    expect(evaluate('(Observation.value as Quantity).code', OBSERVATION)).toEqual([['code', 'mg']]);
    expect(evaluate('Observation.value.ofType(string)', OBSERVATION)).toEqual([]);
    expect(evaluate('(Observation.component.value as CodeableConcept).text', OBSERVATION)).toEqual([
      ['string', 'b'],
      ['string', 'c'],
    ]);
    expect(evaluate('Observation.component', OBSERVATION)[0]![0]).toBe('Observation.component');
  });

  it('knows the type of an inline resource', () => {
    const bundle = {
      resourceType: 'Bundle',
      entry: [{ resource: { resourceType: 'Composition', title: 't' } }],
    };
    expect(evaluate('Bundle.entry[0].resource as Composition', bundle)).toEqual([
      ['Composition', bundle.entry[0]!.resource],
    ]);
    expect(evaluate('Bundle.entry[0].resource as Patient', bundle)).toEqual([]);
    expect(evaluate('Bundle.entry.resource.title', bundle)).toEqual([['string', 't']]);
  });

  it('knows of some expressions that they find nothing in a type', () => {
    expect(compilePath(definitions, 'Observation.code | Condition.code', 'Patient').never).toBe(true);
    expect(compilePath(definitions, 'Observation.code | Patient.name', 'Patient').never).toBe(false);
    expect(compilePath(definitions, 'Observation.code.exists()', 'Patient').never).toBe(false);
  });

  it('reads the escapes of strings', () => {
    const patient = { resourceType: 'Patient', name: [{ family: "O'N\n\u00e9\\" }] };
    expect(evaluate("Patient.name.where(family = 'O\\'N\\n\\u00e9\\\\').exists()", patient)).toEqual([
      ['System.Boolean', true],
    ]);
  });
});

describe('beyond what search parameters use', () => {
  it.each<[string, (JsonValue | string)[][]]>([
    [
      "Patient.name.given.select($this + '!')",
      [
        ['System.String', 'Peter!'],
        ['System.String', 'James!'],
        ['System.String', 'Peter!'],
      ],
    ],
    ['Patient.name.given.count()', [['System.Integer', 3]]],
    ['Patient.birthDate > @1970-01-01', [['System.Boolean', true]]],
    ['Patient.name.skip(1)', [['HumanName', (PATIENT['name'] as JsonValue[])[1]!]]],
    ['Patient.birthDate.toString().toDate()', [['System.Date', '1974-12-25']]],
    [
      'Patient.generalPractitioner.select(resolve()).ofType(Organization).exists() and 1 + 1 = 2',
      [['System.Boolean', true]],
    ],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression, PATIENT)).toEqual(expected);
  });

  it('gives the path of a backbone element as its type', () => {
    expect(evaluate('Observation.component.skip(2)', OBSERVATION)[0]![0]).toBe('Observation.component');
  });

  it('leaves the resource as it was', () => {
    const before = structuredClone(PATIENT);
    evaluate('Patient.name.skip(1)', PATIENT);
    expect(PATIENT).toStrictEqual(before);
  });

  it.each(['Patient.name.(', "Patient.name.where(use='", '', 'Patient..name', ')'.repeat(50)])(
    'refuses %j',
    (expression) => {
      expect(() => compilePath(definitions, expression, 'Patient')).toThrow(FhirError);
    },
  );

  it('refuses an expression beyond reason', () => {
    expect(() => compilePath(definitions, 'Patient.name | '.repeat(3000), 'Patient')).toThrow(/longer than/);
  });
});

describe('the search parameters of R4', () => {
  it('are all compiled', () => {
    const compiled = definitions.resourceTypes.flatMap((type) =>
      [...definitions.searchParameters(type).values()].flatMap(({ expression }) =>
        expression === undefined ? [] : [compilePath(definitions, expression, type)],
      ),
    );
    expect(compiled.length).toBeGreaterThan(2000);
  });

  it('find the same by both engines in the examples of R4', () => {
    const tally = { compared: 0, found: 0 };
    const different = definitions.resourceTypes.flatMap((type) =>
      compareType(type, examples(type, 8), tally),
    );
    expect(different).toEqual([]);
    expect(tally.compared).toBeGreaterThan(8_000);
    expect(tally.found).toBeGreaterThan(4_000);
  });
});

function examples(type: string, most: number): ResourceTree[] {
  const names = readdirSync(EXAMPLES).filter((name) => name.startsWith(`${type}-`) && name.endsWith('.json'));
  // The library takes 1e-22 and 1e-245 for equal; this one resource is all about such decimals.
  const compared = names.filter((name) => name !== 'Observation-decimal.json').slice(0, most);
  const trees = compared.map(
    (name) => parseJson(readFileSync(resolve(EXAMPLES, name), 'utf8'), { depth: 200 }) as ResourceTree,
  );
  return trees.filter(({ resourceType }) => resourceType === type);
}

const byLibrary = new Map<string, ReturnType<typeof compileOracle>>();

function compareType(
  type: string,
  trees: readonly ResourceTree[],
  tally: { compared: number; found: number },
): string[] {
  if (trees.length === 0) return [];
  return [...definitions.searchParameters(type).values()].flatMap(({ url, expression }) => {
    if (expression === undefined) return [];
    const ours = compilePath(definitions, expression, type);
    const text = forLibrary(expression, type);
    if (!byLibrary.has(text)) byLibrary.set(text, compileOracle(text));
    return trees.flatMap((tree) => {
      const [a, b] = [render(ours(tree)), renderOracle(byLibrary.get(text)!(tree))];
      tally.compared++;
      tally.found += Number(a.length > 0);
      return a.join('\n') === b.join('\n')
        ? []
        : [
            `${url} in ${type}/${String(tree['id'])}: ${a.join().slice(0, 200)} but ${b.join().slice(0, 200)}`,
          ];
    });
  });
}

/**
 * The expression as the library wants it. Its `as` takes a single item, where search parameters filter a collection with it: `ofType` does that. The
 * alternatives for other types are left out, which only saves time.
 */
function forLibrary(expression: string, type: string): string {
  const own = new RegExp(`^[\\s(]*(?:${type}|Resource|DomainResource)\\b|^\\s*[a-z]`);
  const parts = expression.split('|').filter((part) => own.test(part));
  const filtered = parts.map((part) =>
    part.replace(/\(([^()]+?) as (\w+)\)/g, '$1.ofType($2)').replaceAll('.as(', '.ofType('),
  );
  return expression.includes('|') ? [...filtered, '{}'].join(' | ') : (filtered[0] ?? '{}');
}

/** The library knows a backbone element only by its base, and takes Element.id for a String of FHIRPath. */
function nameOf(type: string): string {
  const name = type.replace('System.', '');
  return name.includes('.') ? 'backboneElement' : name.charAt(0).toLowerCase() + name.slice(1);
}

const render = (nodes: readonly PathNode[]): string[] =>
  nodes.map(({ type, value }) => `${nameOf(type)} ${stringifyJson(toPlain(value))}`);

const renderOracle = (nodes: readonly unknown[]): string[] =>
  nodes.flatMap((node) => {
    const value = oracleValue(node);
    return value === undefined || value === null
      ? []
      : [`${nameOf(oracleType(node))} ${stringifyJson(toPlain(value))}`];
  });
