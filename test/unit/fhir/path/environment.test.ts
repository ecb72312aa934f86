/** What an expression asks of the world around it, places of results, and checks against the definitions. https://hl7.org/fhir/R4/fhirpath.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { JsonObject } from '../../../../src/fhir/model/tree.ts';
import { compileExpression, compileWatched, type Environment } from '../../../../src/fhir/path/engine.ts';
import { NotCheckable } from '../../../../src/fhir/path/environment.ts';
import { keysOf, pathOf, resourceNode, type PathNode } from '../../../../src/fhir/path/node.ts';
import { unparse } from '../../../../src/fhir/path/unparse.ts';
import { startWatch } from '../../../../src/fhir/path/watch.ts';

const definitions = await loadDefinitions();
const TREE = {
  resourceType: 'Observation',
  subject: { reference: 'Patient/1' },
  code: { coding: [{ code: 'a' }] },
  valueQuantity: { value: 1, unit: 'g' },
  component: [{ code: { text: 'x' }, _valueString: { extension: [{ url: 'u', valueString: 'why' }] } }],
  contained: [
    {
      resourceType: 'Patient',
      id: 'p',
      birthDate: '2000',
      _birthDate: { id: 'i' },
      link: [{ other: { reference: '#' } }],
    },
  ],
  text: { status: 'empty', div: '<div/>' },
};
const ROOT = resourceNode(TREE);

const evaluate = (
  expression: string,
  environment: Environment = {},
  node: PathNode = ROOT,
): readonly PathNode[] => compileExpression(definitions, expression).evaluate(node, environment);
const values = (...given: Parameters<typeof evaluate>): unknown[] =>
  evaluate(...given).map(({ value }) => value);

describe('what is asked of outside', () => {
  it.each([
    "code.memberOf('http://vs')",
    "conformsTo('http://profile')",
    'code.coding.first().subsumes(code.coding.first())',
    'text.div.htmlChecks()',
    'now() > @2000',
    'subject.resolve().name',
    'code.elementDefinition()',
    "%resource.slice('url', 'name')",
  ])('%s is not checkable when it is not given', (expression) => {
    expect(() => evaluate(expression)).toThrow(NotCheckable);
    try {
      evaluate(expression);
    } catch (error) {
      expect((error as NotCheckable).issues[0]).toMatchObject({ severity: 'warning', code: 'not-supported' });
    }
  });

  it('is asked where it is given, and its "not known" stays that', () => {
    const asked: string[] = [];
    const memberOf = ({ type }: PathNode, valueSet: string): boolean | undefined => {
      asked.push(`${type} ${valueSet}`);
      return valueSet === 'http://vs' ? true : undefined;
    };
    expect(values("code.memberOf('http://vs')", { memberOf })).toEqual([true]);
    expect(() => evaluate("code.memberOf('http://other')", { memberOf })).toThrow(NotCheckable);
    expect(asked).toEqual(['CodeableConcept http://vs', 'CodeableConcept http://other']);
    expect(values("conformsTo('http://p')", { conformsTo: () => false })).toEqual([false]);
    expect(values('text.div.htmlChecks()', { htmlChecks: ({ value }) => value === '<div/>' })).toEqual([
      true,
    ]);
    const subsumes = (a: PathNode): boolean => a.type === 'Coding';
    expect(values('code.coding.subsumedBy(code.coding)', { subsumes })).toEqual([true]);
  });

  it('resolves by the environment, and knows the type of what it cannot get', () => {
    const patient = resourceNode({ resourceType: 'Patient', name: [{ family: 'F' }] });
    const resolve = (reference: string): PathNode | undefined =>
      reference === 'Patient/1' ? patient : undefined;
    expect(values('subject.resolve().name.family', { resolve })).toEqual(['F']);
    expect(values('subject.resolve() is Patient')).toEqual([true]);
    expect(values('subject.where(resolve() is Practitioner).exists()')).toEqual([false]);
  });

  it('hands over traces and takes variables', () => {
    const traced: string[] = [];
    const trace = (name: string, nodes: readonly PathNode[]): void => {
      traced.push(`${name}: ${nodes.map(({ value }) => String(value)).join()}`);
    };
    expect(values("code.coding.code.trace('codes', $this & '!').count()", { trace })).toEqual([1]);
    expect(traced).toEqual(['codes: a!']);
    expect(values('%mine.code.coding.code', { variables: { mine: [ROOT] } })).toEqual(['a']);
  });

  it('knows the resource around a contained one', () => {
    const contained = evaluate('contained')[0]!;
    expect(values('%resource.id', {}, contained)).toEqual(['p']);
    expect(values('%rootResource.code.coding.code', {}, contained)).toEqual(['a']);
    expect(values('link.other.resolve().code.coding.code', {}, contained)).toEqual(['a']);
    expect(values('%context.id', { context: contained }, ROOT)).toEqual(['p']);
  });
});

describe('places', () => {
  it.each<[string, string, (string | number)[]]>([
    ['code.coding.code', 'Observation.code.coding[0].code', ['code', 'coding', 0, 'code']],
    ['value', 'Observation.value.ofType(Quantity)', ['valueQuantity']],
    [
      'component.value.extension.value',
      'Observation.component[0].value.ofType(string).extension[0].value.ofType(string)',
      ['component', 0, '_valueString', 'extension', 0, 'valueString'],
    ],
    ['contained.birthDate.id', 'Observation.contained[0].birthDate.id', ['contained', 0, '_birthDate', 'id']],
    ['%resource', 'Observation', []],
    [
      "descendants().where($this = 'x')",
      'Observation.component[0].code.text',
      ['component', 0, 'code', 'text'],
    ],
  ])('of %s', (expression, path, keys) => {
    const [node] = evaluate(expression);
    expect([pathOf(node!), keysOf(node!)]).toEqual([path, keys]);
  });

  it('are none for what an expression makes', () => {
    const [node] = evaluate('1 + 1');
    expect([pathOf(node!), keysOf(node!)]).toEqual([undefined, undefined]);
  });
});

describe('test', () => {
  const test = (expression: string, node: JsonObject = TREE): boolean | undefined =>
    compileExpression(definitions, expression).test(resourceNode(node as { resourceType: string }));

  it('gives the truth of single values and nothing of nothing', () => {
    expect([test('code.exists()'), test('code'), test('status'), test('code.empty()')]).toEqual([
      true,
      true,
      undefined,
      false,
    ]);
    expect(() => test('code | subject')).toThrow(/single value/);
  });
});

describe('strict', () => {
  const check = (expression: string, type = 'Observation'): unknown => {
    try {
      return compileExpression(definitions, expression, { type, strict: true }) && [];
    } catch (error) {
      return (error as NotCheckable).issues.map(({ diagnostics }) => diagnostics.replace(/^".*?": /, ''));
    }
  };

  it.each<[string, string[]]>([
    ['Observation.cod', ['Observation has no element "cod". Did you mean code?']],
    ['valueQuantity.unit', ['Observation has no element "valueQuantity": write value.ofType(Quantity)']],
    ['Patient.name', ['it begins with Patient, but is run on Observation']],
    ['(value as Period).unit', ['Period has no element "unit".']],
    ['children().first()', ['first() needs an order, and children() and descendants() have none']],
    ["code.startsWith('a')", ['startsWith() takes a string, not CodeableConcept']],
    ["iif('a', 1, 2)", ['iif() takes a truth first, not System.String']],
    [
      'component.where(vlue > 1).cde',
      [
        'Observation.component has no element "vlue". Did you mean value?',
        'Observation.component has no element "cde". Did you mean code?',
      ],
    ],
    ['subject.resolve().anything', []],
    ['contained.name.family', []],
    ['component.value.ofType(Quantity).unit', []],
    ['%resource.anything.at.all', []],
    ["code.coding.select(system & code).first().startsWith('x')", []],
  ])('%s', (expression, issues) => {
    expect(check(expression)).toEqual(issues);
  });

  it('takes one item of the very type with "as"', () => {
    const run = (expression: string): unknown =>
      compileExpression(definitions, expression, { type: 'Observation', strict: true }).evaluate(ROOT);
    expect(() => run('(component.code | code) as CodeableConcept')).toThrow(/single value/);
    expect(run('code.coding.code.as(string)')).toEqual([]);
    expect(evaluate('code.coding.code.as(string)')).toHaveLength(1);
  });
});

describe('watching', () => {
  it('tells each part with what it found, and where it was refused', () => {
    const watch = startWatch();
    const expression = compileWatched(
      definitions,
      "code.coding.where(code = 'a').exists() and code.text.foo()".replace('.foo()', '.single()'),
      {},
      watch,
    );
    expect(expression.test(ROOT)).toBeUndefined();
    expect(watch.parts.map(({ path, depth }) => `${depth} ${unparse(path)}`)).toEqual([
      "0 code.coding.where(code = 'a').exists() and code.text.single()",
      "1 code.coding.where(code = 'a').exists()",
      "2 code.coding.where(code = 'a')",
      '3 code.coding',
      '4 code',
      "3 code = 'a'",
      '4 code',
      '1 code.text.single()',
      '2 code.text',
      '3 code',
    ]);
    const refused = startWatch();
    expect(() =>
      compileWatched(definitions, '1 + status.length()', {}, refused).evaluate(ROOT),
    ).not.toThrow();
    expect(() => compileWatched(definitions, "1 + 'a'", {}, refused).evaluate(ROOT)).toThrow(/no meaning/);
    expect(refused.parts.at(-1)!.result).toBeUndefined();
  });
});
