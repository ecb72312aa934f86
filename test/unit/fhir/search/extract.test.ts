/** Index values by type of parameter and data type. https://hl7.org/fhir/R4/search.html#table */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import { Decimal, type JsonObject, type ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { indexValues } from '../../../../src/fhir/search/extract.ts';
import { BEGINNING, COMPARTMENT, FOREVER, REFERENCE } from '../../../../src/fhir/search/index-value.ts';

const definitions = await loadDefinitions();

/** The values of one parameter: keys as they are, ranges as [key, low, high], texts as [text, exact]. */
function values(resource: JsonObject, param: string, baseUrl?: string, registry = definitions): unknown[] {
  return indexValues(registry, resource as ResourceTree, { baseUrl })
    .filter((value) => value.param === param)
    .map((value) => {
      if (value.kind === 'key') return value.key;
      return value.kind === 'range' ? [value.key, value.low, value.high] : [value.text, value.exact];
    });
}

const observation = (more: JsonObject): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  ...more,
});
const patient = (more: JsonObject): JsonObject => ({ resourceType: 'Patient', ...more });

describe('token', () => {
  it('of a Coding: with its system, without, and the system alone', () => {
    const code: JsonObject = {
      coding: [{ system: 's', code: 'c', display: 'Dee' }, { code: 'n' }],
      text: 'Tee',
    };
    expect(values(observation({ code }), 'code')).toEqual(['s\tc', '*\tc', 's\t', '\tn', '*\tn']);
    expect(values(observation({ code }), 'code:text')).toEqual([
      ['dee', 'Dee'],
      ['tee', 'Tee'],
    ]);
  });

  it('stands once, however often it is there', () => {
    const coding = Array.from({ length: 40 }, (_, i) => ({ system: 's', code: `c${i % 20}` }));
    const found = values(observation({ code: { coding } }), 'code');
    expect(found).toHaveLength(41);
    expect(new Set(found).size).toBe(41);
  });

  it('of a primitive is one key', () => {
    expect(values(observation({}), 'status')).toEqual(['*\tfinal']);
    expect(values(patient({ active: false }), 'active')).toEqual(['*\tfalse']);
    expect(values(patient({ deceasedDateTime: '2020' }), 'deceased')).toEqual(['*\ttrue']);
  });

  it('of Identifier and ContactPoint', () => {
    const found = patient({
      identifier: [{ system: 's', value: 'v', type: { text: 'MR' } }],
      telecom: [{ system: 'phone', value: '5' }],
    });
    expect(values(found, 'identifier')).toEqual(['s\tv', '*\tv', 's\t']);
    expect(values(found, 'identifier:text')).toEqual([['mr', 'MR']]);
    expect(values(found, 'phone')).toEqual(['\t5', '*\t5']);
    expect(values(found, 'email')).toEqual([]);
  });

  it('leaves an empty key where there is an element but no code', () => {
    expect(values(observation({ code: { text: 'only text' } }), 'code')).toEqual(['']);
    expect(values(observation({}), 'code')).toEqual([]);
  });
});

describe('reference', () => {
  it.each<[string, string[]]>([
    ['Patient/1', ['Patient/1']],
    ['Patient/1/_history/2', ['Patient/1']],
    ['http://other.org/fhir/Patient/1', ['http://other.org/fhir/Patient/1']],
    ['http://me/fhir/Patient/1', ['Patient/1']],
    ['urn:uuid:04121321-4af5-424c-a0e1-ed3aab1c349d', ['']],
    ['#contained', ['']],
    ['Nonsense/1', ['']],
  ])('%s', (reference, expected) => {
    expect(values(observation({ subject: { reference } }), 'subject', 'http://me/fhir')).toEqual(expected);
  });

  it('by identifier', () => {
    const subject = { identifier: { system: 's', value: 'v' } };
    expect(values(observation({ subject }), 'subject:identifier')).toEqual(['s\tv', '*\tv', 's\t']);
    expect(values(observation({ subject }), 'subject')).toEqual(['']);
  });

  it('of a canonical: with and without its version', () => {
    const response = { resourceType: 'QuestionnaireResponse', questionnaire: 'http://q|2' };
    expect(values(response, 'questionnaire')).toEqual(['http://q|2', 'http://q']);
  });

  it('is restricted to a type by the expression', () => {
    const group = observation({ subject: { reference: 'Group/1' } });
    expect([values(group, 'subject'), values(group, 'patient')]).toEqual([['Group/1'], []]);
  });
});

describe('string and uri', () => {
  it('of a name: each part, folded and as written', () => {
    const name = [{ family: 'Ångström', given: ['Åsa', ' Ida  Bo '], prefix: ['Dr'], text: 'Dr Åsa' }];
    expect(values(patient({ name }), 'name')).toEqual([
      ['dr asa', 'Dr Åsa'],
      ['angstrom', 'Ångström'],
      ['asa', 'Åsa'],
      ['ida bo', ' Ida  Bo '],
      ['dr', 'Dr'],
    ]);
    expect(values(patient({ name }), 'family')).toEqual([['angstrom', 'Ångström']]);
  });

  it('of a uri: as it is', () => {
    expect(values({ resourceType: 'ValueSet', url: 'http://A/B' }, 'url')).toEqual([
      ['http://A/B', 'http://A/B'],
    ]);
    expect(values(patient({ meta: { profile: ['http://p|1'] } }), '_profile')).toEqual([
      ['http://p|1', 'http://p|1'],
      ['http://p', 'http://p'],
    ]);
  });
});

describe('date', () => {
  const at = (text: string): number => Date.parse(text);
  it.each<[JsonObject, unknown]>([
    [{ effectiveDateTime: '2013' }, [at('2013-01-01'), at('2013-12-31T23:59:59.999Z')]],
    [{ effectiveDateTime: '2012-02' }, [at('2012-02-01'), at('2012-02-29T23:59:59.999Z')]],
    [
      { effectiveDateTime: '2013-01-31T10:00:00+02:00' },
      [at('2013-01-31T08:00:00Z'), at('2013-01-31T08:00:00.999Z')],
    ],
    [
      { effectiveInstant: '2013-01-31T10:00:00.12Z' },
      [at('2013-01-31T10:00:00.120Z'), at('2013-01-31T10:00:00.129Z')],
    ],
    [
      { effectiveInstant: '2013-01-31T10:00:00.123456Z' },
      [at('2013-01-31T10:00:00.123Z'), at('2013-01-31T10:00:00.123Z')],
    ],
    [{ effectiveDateTime: '0050' }, [at('0050-01-01'), at('0050-12-31T23:59:59.999Z')]],
    [{ effectivePeriod: { start: '2013' } }, [at('2013-01-01'), FOREVER]],
    [{ effectivePeriod: { end: '2013' } }, [BEGINNING, at('2013-12-31T23:59:59.999Z')]],
    [
      { effectiveTiming: { event: ['2014', '2013-02'], repeat: { boundsPeriod: { end: '2013-03' } } } },
      [BEGINNING, at('2014-12-31T23:59:59.999Z')],
    ],
  ])('%j', (effective, range) => {
    expect(values(observation(effective), 'date')).toEqual([['', ...(range as number[])]]);
  });

  it.each<JsonObject>([
    { effectivePeriod: {} },
    { effectiveTiming: { repeat: { frequency: 2 } } },
    { effectiveDateTime: '2013-02-30' },
    { effectiveDateTime: 'yesterday' },
    { effectiveDateTime: '2013-1-1' },
  ])('%j is no date', (effective) => {
    expect(values(observation(effective), 'date')).toEqual([]);
  });
});

describe('number and quantity', () => {
  const quantity = (valueQuantity: JsonObject): unknown[] =>
    values(observation({ valueQuantity }), 'value-quantity');
  const MAX = Number.MAX_VALUE;

  it('by no unit, unit, code, and system with code', () => {
    expect(quantity({ value: new Decimal('5.40'), unit: 'milligram', system: 'u', code: 'mg' })).toEqual([
      ['', 5.4, 5.4],
      ['\tmg', 5.4, 5.4],
      ['\tmilligram', 5.4, 5.4],
      ['u\tmg', 5.4, 5.4],
    ]);
    expect(quantity({ unit: 'mg' })).toEqual([]);
    const ucum = { system: 'http://unitsofmeasure.org', code: 'mg' };
    expect(quantity({ value: 5.4, ...ucum })).toEqual([
      ['', 5.4, 5.4],
      ['\tmg', 5.4, 5.4],
      ['=M1', 0.0054, 0.0054],
    ]);
  });

  it('is open where a comparator says so', () => {
    expect(quantity({ value: 5, comparator: '<=' })).toEqual([['~', -MAX, 5]]);
    expect(quantity({ value: 5, comparator: '>=' })).toEqual([['~', 5, MAX]]);
    const [[, low, high]] = quantity({ value: 5, comparator: '<' }) as [[string, number, number]];
    expect([low, high < 5, 5 - high < 1e-14]).toEqual([-MAX, true, true]);
    const [[, above]] = quantity({ value: -5, comparator: '>' }) as [[string, number]];
    expect([above > -5, above + 5 < 1e-14]).toEqual([true, true]);
    expect((quantity({ value: 0, comparator: '<' }) as [[string, number, number]])[0][2]).toBeLessThan(0);
  });

  it('of Money and Range', () => {
    const invoice = { resourceType: 'Invoice', totalNet: { value: 2, currency: 'EUR' } };
    expect(values(invoice, 'totalnet')).toEqual([
      ['', 2, 2],
      ['\tEUR', 2, 2],
      ['urn:iso:std:iso:4217\tEUR', 2, 2],
    ]);
    const condition = { resourceType: 'Condition', onsetRange: { low: { value: 3, code: 'a' } } };
    expect(values(condition, 'onset-age')).toEqual([
      ['~', 3, MAX],
      ['~\ta', 3, MAX],
    ]);
  });

  it('of a number beyond a double is not kept', () => {
    expect(quantity({ value: new Decimal('1e999') })).toEqual([]);
  });
});

describe('pseudo parameters', () => {
  it('names the compartments, its own included', () => {
    const found = observation({
      id: 'o',
      subject: { reference: 'Patient/1' },
      performer: [{ reference: 'Practitioner/2' }, { reference: 'Patient/3' }],
    });
    expect(values(found, COMPARTMENT).sort()).toEqual(['Patient/1', 'Patient/3', 'Practitioner/2']);
    expect(values(patient({ id: 'p' }), COMPARTMENT)).toEqual(['Patient/p']);
    expect(values(patient({}), COMPARTMENT)).toEqual([]);
  });

  it('names every local reference once', () => {
    const found = observation({
      subject: { reference: 'Patient/1' },
      focus: [{ reference: 'Patient/1/_history/4' }, { reference: 'http://other/Patient/9' }],
      extension: [{ url: 'u', valueReference: { reference: 'Device/7' } }],
      contained: [
        { resourceType: 'Patient', id: 'c', generalPractitioner: [{ reference: 'Practitioner/8' }] },
      ],
    });
    expect(values(found, REFERENCE).sort()).toEqual(['Device/7', 'Patient/1', 'Practitioner/8']);
  });
});

describe('a registry with more parameters', () => {
  const parameter = (code: string, type: string, expression: string): JsonObject => ({
    resourceType: 'SearchParameter',
    url: `http://acme.org/${code}`,
    code,
    type,
    expression,
    base: ['Patient'],
    status: 'active',
    name: code,
    description: code,
  });
  const more = withConformance(definitions, [
    parameter('birth-time', 'date', "Patient.birthDate.extension('http://bt').value"),
    parameter('given-count', 'number', 'Patient.name.given.count()'),
    parameter('broken', 'token', 'Patient.name.('),
    parameter('unfit', 'token', 'Patient.name.given.single()'),
  ]);
  const resource = patient({
    name: [{ given: ['a', 'b'] }],
    birthDate: '2000-01-01',
    _birthDate: { extension: [{ url: 'http://bt', valueDateTime: '2000-01-01T01:00:00Z' }] },
  });

  it('serves them by either engine', () => {
    expect(values(resource, 'birth-time', undefined, more)).toEqual([['', 946688400000, 946688400999]]);
    expect(values(resource, 'given-count', undefined, more)).toEqual([['', 2, 2]]);
    expect(values(resource, 'birth-time')).toEqual([]);
  });

  it('is not stopped by one that is broken or does not fit', () => {
    expect(values(resource, 'broken', undefined, more)).toEqual([]);
    expect(values(resource, 'unfit', undefined, more)).toEqual([]);
    expect(values(resource, 'given', undefined, more)).toHaveLength(2);
  });
});
