/** Queries: what is understood, refused, ignored and bounded. What is found is told by the cases of test/conformance/search. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseSearch, renderQuery, type ParsedSearch } from '../../../../src/fhir/search/parse.ts';
import { parseDateRange } from '../../../../src/fhir/search/date.ts';

const definitions = await loadDefinitions();

type Pairs = (readonly [string, string])[];

function parse(
  types: string | string[],
  parameters: Pairs,
  handling: 'strict' | 'lenient' = 'strict',
): ParsedSearch {
  const baseUrl = 'http://me/fhir';
  return parseSearch(definitions, { types: [types].flat(), parameters, handling, baseUrl });
}

const texts = ({ issues }: ParsedSearch): string[] => issues.map(({ diagnostics }) => diagnostics);
const where = (type: string, ...parameters: Pairs): unknown => {
  const found = parse(type, parameters);
  expect(found.issues).toEqual([]);
  return found.branches[0]!.where;
};

describe('Expressions', () => {
  it('are as small as the question', () => {
    expect(where('Patient')).toEqual({ op: 'all' });
    expect(where('Observation', ['patient', '1'], ['code', 's|c'])).toEqual({
      op: 'and',
      of: [
        { op: 'key', param: 'patient', keys: ['Patient/1'] },
        { op: 'key', param: 'code', keys: ['s\tc'] },
      ],
    });
    expect(where('Observation', ['status', 'final,http://hl7.org/fhir/observation-status|amended'])).toEqual({
      op: 'key',
      param: 'status',
      keys: ['*\tfinal', '*\tamended'],
    });
    expect(where('Patient', ['_id', 'a,b,a'])).toEqual({ op: 'id', ids: ['a', 'b'] });
  });

  it('look for an id among the types that the element refers to', () => {
    expect(where('Observation', ['encounter', '1'])).toEqual({
      op: 'key',
      param: 'encounter',
      keys: ['Encounter/1'],
    });
    const { keys } = where('Observation', ['subject', '1']) as { keys: string[] };
    expect([...keys].sort()).toEqual(['Device/1', 'Group/1', 'Location/1', 'Patient/1']);
  });

  it('never find a bound code of another system', () => {
    expect(where('Patient', ['gender', 'http://other|male'])).toEqual({ op: 'none' });
  });

  it('of `_lastUpdated` compare one instant', () => {
    const day = Date.UTC(2024, 0, 2);
    expect(where('Patient', ['_lastUpdated', 'ge2024-01-02'])).toEqual({
      op: 'updated',
      bounds: [{ end: 'low', is: '>=', value: day }],
    });
    expect(where('Patient', ['_lastUpdated', '2024-01-02'])).toEqual({
      op: 'updated',
      bounds: [
        { end: 'low', is: '>=', value: day },
        { end: 'high', is: '<=', value: day + 86_399_999 },
      ],
    });
  });

  it('hold inside a compartment', () => {
    const found = parseSearch(definitions, {
      types: ['Observation'],
      compartment: { type: 'Patient', id: '1' },
      parameters: [],
      handling: 'strict',
      baseUrl: '',
    });
    expect(found.branches).toEqual([
      { type: 'Observation', where: { op: 'key', param: '_compartment', keys: ['Patient/1'] } },
    ]);
  });
});

describe('types', () => {
  it('are all of them when none is named', () => {
    expect(parse([], []).branches.map(({ type }) => type)).toEqual(definitions.resourceTypes);
  });

  it('are narrowed by _type', () => {
    expect(parse([], [['_type', 'Patient,Group']]).branches.map(({ type }) => type)).toEqual([
      'Group',
      'Patient',
    ]);
    expect(parse(['Patient', 'Group'], [['_type', 'Group,Device']]).branches.map(({ type }) => type)).toEqual(
      ['Group'],
    );
  });

  it('must all have a parameter', () => {
    expect(texts(parse([], [['gender', 'male']]))[0]).toMatch(/one of the 146 types searched/);
  });
});

describe('controls', () => {
  it('are read', () => {
    const found = parse('Patient', [
      ['_count', '5000'],
      ['_total', 'accurate'],
      ['_summary', 'count'],
      ['_sort', '-birthdate,_lastUpdated,-_id,gender,name'],
    ]);
    expect(found).toMatchObject({ count: 1000, total: 'accurate', summary: 'count', issues: [] });
    expect(found.sort).toEqual([
      { by: 'param', param: 'birthdate', kind: 'range', prefix: undefined, descending: true },
      { by: 'updated', descending: false },
      { by: 'id', descending: true },
      { by: 'param', param: 'gender', kind: 'key', prefix: '*\t', descending: false },
      { by: 'param', param: 'name', kind: 'text', prefix: undefined, descending: false },
    ]);
  });

  it('of elements', () => {
    expect(parse('Patient', [['_elements', 'name,Patient.birthDate']]).elements).toEqual({
      kind: 'elements',
      names: ['name', 'birthDate'],
    });
    expect(parse('Patient', [['_summary', 'true']]).elements).toEqual({ kind: 'summary', of: 'true' });
    expect(parse('Patient', [['_summary', 'false']]).elements).toBeUndefined();
  });
});

describe('faults', () => {
  it('are told together', () => {
    const found = parse('Observation', [
      ['date', 'abc'],
      ['value-quantity', 'x,5|a,7'],
      ['code:nope', '1'],
      ['cod', '1'],
      ['_count', 'many'],
      ['_sort', 'x,date,y'],
      ['_summary', 'some'],
    ]);
    expect(found.issues.map(({ expression }) => expression?.[0])).toEqual([
      'date',
      'value-quantity',
      'value-quantity',
      'code:nope',
      'cod',
      '_count',
      '_sort',
      '_sort',
      '_summary',
    ]);
    expect(found.branches).toEqual([]);
  });

  it('name what is right', () => {
    const message = (name: string, value: string): string => texts(parse('Patient', [[name, value]])).join();
    expect(message('birthdate', '12/31/1999')).toMatch(/is not a date: write 2024, 2024-05/);
    expect(message('birthdate', 'af2010')).toMatch(/"af", which is not one of the prefixes eq, ne, gt/);
    expect(message('nmae', 'x')).toMatch(/not a search parameter of Patient\. Did you mean name/);
    expect(message('_cuont', '1')).toMatch(/Did you mean _count/);
    expect(message('name:exat', 'x')).toMatch(
      /possible are :exact, :contains, :missing\. Did you mean exact/,
    );
    expect(message('general-practitioner', 'a/b/c')).toMatch(/write an id, .*\/id or an absolute URL/);
  });
});

describe('lenient handling', () => {
  it('ignores what is unknown, not supported or empty, and warns', () => {
    const found = parse(
      'Patient',
      [
        ['nope', '1'],
        ['_has:Observation:patient:nope', 'x'],
        ['organization.nope', 'x'],
        ['_include', 'Patient:nope'],
        ['name', ''],
        ['gender', 'male'],
      ],
      'lenient',
    );
    expect(found.issues.map(({ severity }) => severity)).toEqual([
      'warning',
      'warning',
      'warning',
      'warning',
      'warning',
    ]);
    expect(texts(found).every((text) => text.endsWith('It was ignored.'))).toBe(true);
    expect(found.used).toEqual([['gender', 'male']]);
    expect(found.branches).toEqual([
      { type: 'Patient', where: { op: 'key', param: 'gender', keys: ['*\tmale'] } },
    ]);
  });

  it('ignores no modifier and no broken value', () => {
    const found = parse(
      'Patient',
      [
        ['gender:nope', 'male'],
        ['birthdate', 'x'],
      ],
      'lenient',
    );
    expect(found.issues.map(({ severity }) => severity)).toEqual(['error', 'error']);
  });
});

describe('bounds', () => {
  it.each<[string, Pairs]>([
    ['parameters', Array.from({ length: 201 }, () => ['gender', 'male'] as const)],
    ['alternatives', [['gender', 'a,'.repeat(1000) + 'a']]],
    ['characters', [['name', 'x'.repeat(2001)]]],
    ['characters', [['name', 'x'.repeat(200_000)]]],
    ['NUL', [['name', 'a\u0000b']]],
    ['surrogate', [['name', 'a\ud800']]],
    ['not a number', [['value-quantity', '1'.repeat(500)]]],
    ['not a number', [['value-quantity', '1e99999']]],
  ])('on %s', (what, pairs) => {
    const found = parse(what === 'not a number' ? 'Observation' : 'Patient', pairs);
    expect(texts(found).join()).toContain(what);
    expect(found.branches).toEqual([]);
  });

  it('let a thousand alternatives and two hundred parameters pass', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => 'x'.repeat(60) + String(i));
    expect(parse('Patient', [['_id', ids.join()]]).issues).toEqual([]);
    expect(
      parse(
        'Patient',
        Array.from({ length: 200 }, () => ['gender', 'male'] as const),
      ).issues,
    ).toEqual([]);
  });

  it('hold names that are made to hurt', () => {
    for (const name of [
      '',
      ':',
      '__proto__',
      'constructor',
      'a'.repeat(100_000),
      'gender:'.repeat(1000),
      '\ud800',
      'toString',
    ]) {
      const found = parse('Patient', [[name, 'x']]);
      expect(found.issues).toHaveLength(1);
      expect(found.issues[0]!.diagnostics.length).toBeLessThan(400);
    }
  });
});

describe('renderQuery', () => {
  it('comes back as it went', () => {
    const used: Pairs = [
      ['code', 'http://loinc.org|8302-2,x\\,y'],
      ['name:contains', 'a&b=c d+é%'],
      ['_count', '5'],
    ];
    const query = renderQuery(used);
    expect(query).toContain('code=http://loinc.org|8302-2,x%5C,y');
    expect([...new URLSearchParams(query)]).toEqual(used);
  });
});

describe('parseDateRange', () => {
  it('gives both ends in ms', () => {
    expect(parseDateRange('2024-02', '_since')).toEqual({
      low: Date.UTC(2024, 1, 1),
      high: Date.UTC(2024, 2, 1) - 1,
    });
    expect(() => parseDateRange('2024-2', '_since')).toThrow(/_since is not a date/);
  });
});
