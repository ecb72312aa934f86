// Code systems as graphs, value sets as tests of membership: https://hl7.org/fhir/R4/valueset.html

import { describe, expect, it } from '@jest/globals';
import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { graphOf, selfAndDescendants, subsumption } from '../../../../src/fhir/terminology/code-system.ts';
import { filterTest } from '../../../../src/fhir/terminology/filter.ts';
import { terminologyOf } from '../../../../src/fhir/terminology/terminology.ts';
import { compileValueSet, type Shelf } from '../../../../src/fhir/terminology/value-set.ts';

const ANIMALS: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://x/animals',
  version: '1',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  concept: [
    {
      code: 'animal',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [
        { code: 'dog', display: 'Dog', concept: [{ code: 'poodle' }] },
        { code: 'cat', display: 'Cat', property: [{ code: 'legs', valueInteger: 4 }] },
        { code: 'dodo', property: [{ code: 'status', valueCode: 'retired' }] },
      ],
    },
  ],
};
const graph = graphOf(ANIMALS);

function shelf(...sets: ValueSet[]): Shelf {
  const own: Shelf = {
    codeSystem: (url) => (url === ANIMALS.url ? graph : undefined),
    valueSet: (url) => {
      const found = sets.find((one) => one.url === url);
      return found && compileValueSet(own, found);
    },
  };
  return own;
}

const set = (compose: ValueSet['compose'], url = 'http://x/set'): ValueSet => ({
  resourceType: 'ValueSet',
  status: 'active',
  url,
  compose,
});
const codes = (compose: ValueSet['compose'], ...others: ValueSet[]): string[] =>
  [...compileValueSet(shelf(...others), set(compose)).members(100)].map(({ code }) => code);

describe('a code system', () => {
  it('knows what is above and below', () => {
    const [animal, dog, poodle, cat] = ['animal', 'dog', 'poodle', 'cat'].map((code) => graph.find(code)!);
    expect(subsumption(animal!, poodle!)).toBe('subsumes');
    expect(subsumption(poodle!, dog!)).toBe('subsumed-by');
    expect(subsumption(cat!, dog!)).toBe('not-subsumed');
    expect(subsumption(cat!, cat!)).toBe('equivalent');
    expect([...selfAndDescendants(dog!)].map(({ code }) => code)).toEqual(['dog', 'poodle']);
  });

  it('reads abstract, inactive, and a hierarchy that stands in properties', () => {
    expect(graph.find('animal')).toMatchObject({ isAbstract: true, isInactive: false });
    expect(graph.find('dodo')).toMatchObject({ isAbstract: false, isInactive: true });
    const flat = graphOf({
      ...ANIMALS,
      concept: [{ code: 'b', property: [{ code: 'parent', valueCode: 'a' }] }, { code: 'a' }],
    });
    expect(subsumption(flat.find('a')!, flat.find('b')!)).toBe('subsumes');
  });

  it('ends where the graph has a cycle by mistake', () => {
    const cyclic = graphOf({
      ...ANIMALS,
      concept: [
        { code: 'a', property: [{ code: 'parent', valueCode: 'b' }] },
        { code: 'b', property: [{ code: 'parent', valueCode: 'a' }] },
      ],
    });
    expect([...selfAndDescendants(cyclic.find('a')!)]).toHaveLength(2);
  });

  it('folds case where it says that case does not count', () => {
    expect(graph.find('DOG')).toBeUndefined();
    expect(graphOf({ ...ANIMALS, caseSensitive: false }).find('DOG')?.code).toBe('dog');
  });
});

describe('a filter', () => {
  it.each([
    ['concept', 'is-a', 'dog', ['dog', 'poodle']],
    ['concept', 'descendent-of', 'dog', ['poodle']],
    ['concept', 'is-not-a', 'dog', ['animal', 'cat', 'dodo']],
    ['concept', 'generalizes', 'poodle', ['animal', 'dog', 'poodle']],
    ['concept', 'in', 'cat, dodo', ['cat', 'dodo']],
    ['concept', 'not-in', 'cat,dodo', ['animal', 'dog', 'poodle']],
    ['code', 'regex', 'd.*', ['dog', 'dodo']],
    ['legs', '=', '4', ['cat']],
    ['legs', 'exists', 'true', ['cat']],
    ['parent', '=', 'dog', ['poodle']],
    ['concept', 'is-a', 'unicorn', []],
  ] as const)('%s %s %s', (property, op, value, expected) => {
    const test = filterTest(graph, { property, op, value })!;
    expect([...graph.concepts].filter(test).map(({ code }) => code)).toEqual(
      [...graph.concepts]
        .map(({ code }) => code)
        .filter((code) => (expected as readonly string[]).includes(code)),
    );
  });

  it('runs no pattern for ever, and judges none that it cannot read', () => {
    const long = graphOf({ ...ANIMALS, concept: [{ code: `${'a'.repeat(200)}!` }] });
    const test = filterTest(long, { property: 'code', op: 'regex', value: '((a+)+)+' })!;
    const begun = performance.now();
    expect(test(long.find(`${'a'.repeat(200)}!`)!)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(500);
    expect(filterTest(graph, { property: 'code', op: 'regex', value: '(' })).toBeUndefined();
  });
});

describe('a value set', () => {
  const system = ANIMALS.url!;

  it('includes, excludes, and joins value sets', () => {
    expect(codes({ include: [{ system, concept: [{ code: 'cat' }] }] })).toEqual(['cat']);
    expect(
      codes({
        include: [{ system, filter: [{ property: 'concept', op: 'is-a', value: 'dog' }] }],
        exclude: [{ system, concept: [{ code: 'dog' }] }],
      }),
    ).toEqual(['poodle']);
    const dogs = set(
      { include: [{ system, filter: [{ property: 'concept', op: 'is-a', value: 'dog' }] }] },
      'http://x/dogs',
    );
    const few = { system, concept: [{ code: 'cat' }, { code: 'dog' }], valueSet: ['http://x/dogs'] };
    expect(codes({ include: [few] }, dogs)).toEqual(['dog']);
    expect(codes({ include: [{ valueSet: ['http://x/dogs'] }] }, dogs)).toEqual(['dog', 'poodle']);
  });

  it('leaves inactive codes out when it says so', () => {
    expect(codes({ include: [{ system }] })).toContain('dodo');
    expect(codes({ inactive: false, include: [{ system }] })).not.toContain('dodo');
  });

  it('does not know what it has not got', () => {
    const other = compileValueSet(shelf(), set({ include: [{ system: 'http://elsewhere' }, { system }] }));
    expect(other.has('http://elsewhere', 'x')).toBe('unknown');
    expect(other.has(system, 'cat')).toBe('in');
    expect(other.has(system, 'unicorn')).toBe('out');
    expect(other.has(undefined, 'cat')).toBe('in');
    expect(other.has(undefined, 'unicorn')).toBe('unknown');
    expect([...other.missing]).toEqual(['http://elsewhere']);
    const without = compileValueSet(
      shelf(),
      set({
        include: [{ system }],
        exclude: [{ system: 'http://elsewhere' }, { valueSet: ['http://gone'] }],
      }),
    );
    expect(without.has(system, 'cat')).toBe('unknown');
  });

  it('judges a grammar by its form', () => {
    const types = compileValueSet(shelf(), set({ include: [{ system: 'urn:ietf:bcp:13' }] }));
    expect(types.has(undefined, 'text/plain; charset=utf-8')).toBe('in');
    expect(types.has(undefined, 'plain')).toBe('out');
    const languages = compileValueSet(shelf(), set({ include: [{ system: 'urn:ietf:bcp:47' }] }));
    for (const code of ['en', 'de-CH-1996', 'zh-Hant-TW', 'x-pig'])
      expect(languages.has(undefined, code)).toBe('in');
    for (const code of ['', 'e', 'english please', 'en--US'])
      expect(languages.has(undefined, code)).toBe('out');
  });

  it('stops where it is told to', () => {
    const all = compileValueSet(shelf(), set({ include: [{ system }] }));
    expect([...all.members(2)]).toHaveLength(2);
  });
});

describe('the terminology of R4', () => {
  const terminology = loadDefinitions({ packages: undefined }).then(terminologyOf);

  it('decides required bindings', async () => {
    const status = (await terminology).valueSet('http://hl7.org/fhir/ValueSet/observation-status|4.0.1')!;
    expect(status.has(undefined, 'final')).toBe('in');
    expect(status.has(undefined, 'finished')).toBe('out');
    expect([...status.missing]).toEqual([]);
  });

  it('walks v3 code systems', async () => {
    const roles = (await terminology).codeSystem('http://terminology.hl7.org/CodeSystem/v3-RoleCode')!;
    expect(subsumption(roles.find('PRN')!, roles.find('MTH')!)).toBe('subsumes');
  });

  it('ends for value sets that include each other', () => {
    const a = set({ include: [{ valueSet: ['http://x/b'] }] }, 'http://x/a');
    const b = set({ include: [{ valueSet: ['http://x/a'] }] }, 'http://x/b');
    const definitions = {
      conformance: (_: string, url: string) =>
        url === 'http://x/a' ? JSON.stringify(a) : url === 'http://x/b' ? JSON.stringify(b) : undefined,
    };
    const cyclic = terminologyOf(definitions as never).valueSet('http://x/a')!;
    expect(cyclic.has('s', 'c')).toBe('unknown');
  });
});
