// The terminology service on an imported release: the same answers as by walking every concept, implicit value sets, ECL, and what cannot be read.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Parameters, ParametersParameter, ValueSet } from '@medplum/fhirtypes';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFrom } from '../../../../src/cli/releases/import.ts';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import type { Concept } from '../../../../src/fhir/terminology/code-system.ts';
import type { IndexedGraph } from '../../../../src/fhir/terminology/concept-index.ts';
import { idsOf } from '../../../../src/fhir/terminology/concept-set.ts';
import { eclSet } from '../../../../src/fhir/terminology/ecl/evaluate.ts';
import { expand } from '../../../../src/fhir/terminology/expand.ts';
import { TxRefusal } from '../../../../src/fhir/terminology/issue.ts';
import { lookup } from '../../../../src/fhir/terminology/lookup.ts';
import { questionOf, type Question } from '../../../../src/fhir/terminology/question.ts';
import { subsumes } from '../../../../src/fhir/terminology/subsumes.ts';
import { validateCode } from '../../../../src/fhir/terminology/validate-code.ts';
import { worldOf, type World } from '../../../../src/fhir/terminology/world.ts';
import { releaseFolder, type ReleaseFolder } from '../../../../src/store/sqlite/releases/folder.ts';
import * as rf2 from '../../../support/rf2-release.ts';

const SNOMED = 'http://snomed.info/sct';
const SIZE = 3000;

const root = mkdtempSync(join(tmpdir(), 'embergate-imported-'));
let folder: ReleaseFolder;
let world: World;
let definitions: Definitions;
let graph: IndexedGraph;
let all: readonly Concept[];

beforeAll(async () => {
  rf2.writeRf2(join(root, 'release'), SIZE);
  folder = releaseFolder(join(root, 'data'));
  await importFrom(join(root, 'release'), folder);
  definitions = await loadDefinitions();
  world = worldOf(definitions, folder);
  graph = folder.codeSystems(SNOMED)[0]!;
  all = [...graph.concepts];
});
afterAll(() => {
  folder.close();
  rmSync(root, { recursive: true });
});

const ask = (...parameter: ParametersParameter[]): Question =>
  questionOf({ resourceType: 'Parameters', parameter }, undefined);
const text = (name: string, valueString: string): ParametersParameter => ({ name, valueString });
const number = (name: string, valueInteger: number): ParametersParameter => ({ name, valueInteger });
const valueOf = ({ parameter = [] }: Parameters, name: string): unknown => {
  const found = parameter.find((one) => one.name === name);
  return found && Object.values(found).find((value) => value !== name);
};
const page = (given: ValueSet | undefined, ...parameter: ParametersParameter[]) =>
  expand(world, ask(...parameter), given, { identifier: 'urn:x', timestamp: '2026-01-01T00:00:00Z' })
    .expansion!;
const codes = (ecl: string): string[] =>
  [...idsOf(eclSet(graph.index, ecl))].map((id) => graph.index.concept(id).code);
const isBelow = (concept: Concept, code: string): boolean =>
  concept.code === code || concept.parents.some((parent) => isBelow(parent, code));
const where = (test: (concept: Concept) => boolean): string[] => all.filter(test).map(({ code }) => code);
const has = ({ properties }: Concept, name: string, code: string): boolean =>
  (properties.get(name) ?? []).some((value) => isBelow(graph.find(value)!, code));

describe('an imported code system', () => {
  it('stands in for the name alone that the standard has of it', () => {
    expect(worldOf(definitions).codeSystem(SNOMED)?.content).not.toBe('complete');
    expect(world.codeSystem(SNOMED)?.version).toBe(`${SNOMED}/${rf2.MODULE}/version/${rf2.DATE}`);
    expect(world.codeSystem(SNOMED, `${SNOMED}/${rf2.MODULE}`)).toBe(graph);
    expect(world.codeSystem(SNOMED, `${SNOMED}/1`)).toBeUndefined();
  });

  it('answers $lookup and $subsumes', () => {
    const found = lookup(world, ask(text('system', SNOMED), text('code', rf2.FINDING_SITE)), undefined);
    expect(valueOf(found, 'display')).toBe('Finding site');
    const below = (codeA: string, codeB: string): unknown =>
      valueOf(
        subsumes(world, ask(text('system', SNOMED), text('codeA', codeA), text('codeB', codeB)), undefined),
        'outcome',
      );
    const leaf = rf2.codeOf(2994);
    expect(below(rf2.FINDING, leaf)).toBe('subsumes');
    expect(below(leaf, rf2.FINDING)).toBe('subsumed-by');
    expect(below(leaf, leaf)).toBe('equivalent');
    expect(below(leaf, rf2.SUBSTANCE)).toBe('not-subsumed');
  });

  it('decides whether a code is in an implicit value set', () => {
    const within = (url: string, code: string): unknown =>
      valueOf(
        validateCode(world, ask(text('url', url), text('system', SNOMED), text('code', code)), undefined),
        'result',
      );
    const leaf = rf2.codeOf(2994);
    expect(within(`${SNOMED}?fhir_vs`, leaf)).toBe(true);
    expect(within(`${SNOMED}?fhir_vs`, '1')).toBe(false);
    expect(within(`${SNOMED}?fhir_vs=isa/${rf2.FINDING}`, leaf)).toBe(true);
    expect(within(`${SNOMED}?fhir_vs=isa/${rf2.BODY}`, leaf)).toBe(false);
    expect(within(`${SNOMED}?fhir_vs=refset/${rf2.REFSET}`, rf2.codeOf(14))).toBe(true);
    expect(within(`${SNOMED}?fhir_vs=refset/${rf2.REFSET}`, leaf)).toBe(false);
    expect(within(`${SNOMED}?fhir_vs=ecl/${encodeURIComponent(`< ${rf2.FINDING}`)}`, leaf)).toBe(true);
    expect(within(`${SNOMED}/${rf2.MODULE}?fhir_vs=isa/${rf2.FINDING}`, leaf)).toBe(true);
  });

  it('expands page by page, with text, as by walking all', () => {
    const url = text('url', `${SNOMED}?fhir_vs=isa/${rf2.FINDING}`);
    const wanted = where(
      (one) =>
        isBelow(one, rf2.FINDING) && one.designations.some(({ value }) => /\bacu.*\bheart\b/.test(value)),
    );
    expect(wanted.length).toBeGreaterThan(5);
    const first = page(undefined, url, text('filter', 'heart acu'), number('count', 4));
    expect(first.total).toBe(wanted.length);
    expect(first.contains!.map(({ code }) => code)).toEqual(wanted.slice(0, 4));
    const second = page(undefined, url, text('filter', 'heart acu'), number('count', 4), number('offset', 3));
    expect(second.contains!.map(({ code }) => code)).toEqual(wanted.slice(3, 7));
  });

  it('refuses to list more than a page, and says how to narrow it', () => {
    expect(() => page(undefined, text('url', `${SNOMED}?fhir_vs`))).toThrow(
      /count and offset, or narrow it by filter/,
    );
  });

  it('puts includes and excludes together', () => {
    const filter = (property: string, op: 'is-a' | 'in' | '=', value: string) => ({
      system: SNOMED,
      filter: [{ property, op, value }],
    });
    const composed: ValueSet = {
      resourceType: 'ValueSet',
      status: 'active',
      compose: {
        include: [filter('concept', 'is-a', rf2.BODY), filter('concept', 'in', rf2.REFSET)],
        exclude: [filter('concept', 'is-a', rf2.MORPHOLOGY), filter('sufficientlyDefined', '=', 'true')],
      },
    };
    const members = new Set(codes(`^ ${rf2.REFSET}`));
    const wanted = where(
      (one) =>
        (isBelow(one, rf2.BODY) || members.has(one.code)) &&
        !isBelow(one, rf2.MORPHOLOGY) &&
        !one.properties.get('sufficientlyDefined')!.includes('true'),
    );
    expect(page(composed, number('count', 3)).total).toBe(wanted.length);
  });

  it('cannot be hung by an expression on names', () => {
    const hostile = { property: 'display', op: 'regex' as const, value: '(a+)+$' };
    const composed: ValueSet = {
      resourceType: 'ValueSet',
      status: 'active',
      compose: { include: [{ system: SNOMED, filter: [hostile] }] },
    };
    expect(page(composed, number('count', 3)).total).toBe(0);
  });
});

describe('ECL', () => {
  const leaf = rf2.codeOf(2994);
  it.each<[string, (concept: Concept) => boolean]>([
    [leaf, ({ code }) => code === leaf],
    [`<< ${rf2.FINDING} |a term|`, (one) => isBelow(one, rf2.FINDING)],
    [`< ${rf2.FINDING}`, (one) => one.code !== rf2.FINDING && isBelow(one, rf2.FINDING)],
    [`<! ${rf2.FINDING}`, (one) => one.parents.some(({ code }) => code === rf2.FINDING)],
    [`>> ${leaf}`, (one) => isBelow(graph.find(leaf)!, one.code)],
    [`> ${leaf}`, (one) => one.code !== leaf && isBelow(graph.find(leaf)!, one.code)],
    [`>! ${leaf}`, (one) => graph.find(leaf)!.parents.some(({ code }) => code === one.code)],
    ['*', (one) => !one.isInactive],
    [
      `< ${rf2.BODY} MINUS << ${rf2.MORPHOLOGY}`,
      (one) => one.code !== rf2.BODY && isBelow(one, rf2.BODY) && !isBelow(one, rf2.MORPHOLOGY),
    ],
    [`<< ${rf2.BODY} OR (<< ${rf2.SUBSTANCE} AND ^ ${rf2.REFSET})`, (one) => isBelow(one, rf2.BODY)],
    [`* : ${rf2.FINDING_SITE} = << ${rf2.codeOf(21)}`, (one) => has(one, rf2.FINDING_SITE, rf2.codeOf(21))],
    [
      `< ${rf2.FINDING} : ${rf2.FINDING_SITE} = << ${rf2.codeOf(21)}, ${rf2.ASSOCIATED_MORPHOLOGY} = << ${rf2.MORPHOLOGY}`,
      (one) => has(one, rf2.FINDING_SITE, rf2.codeOf(21)),
    ],
    [
      `< ${rf2.FINDING} : [2..*] ${rf2.FINDING_SITE} = *`,
      (one) => (one.properties.get(rf2.FINDING_SITE)?.length ?? 0) > 1,
    ],
    [
      `< ${rf2.FINDING} : [0..0] ${rf2.FINDING_SITE} = << ${rf2.codeOf(21)}`,
      (one) =>
        one.code !== rf2.FINDING && isBelow(one, rf2.FINDING) && !has(one, rf2.FINDING_SITE, rf2.codeOf(21)),
    ],
    [
      `<< ${rf2.FINDING} {{ term = "acu inf" }}`,
      (one) => isBelow(one, rf2.FINDING) && one.designations.some(({ value }) => /\bacu.*\binf/.test(value)),
    ],
    [
      `<< ${rf2.FINDING} {{ C definitionStatus = defined }}`,
      (one) => isBelow(one, rf2.FINDING) && one.properties.get('sufficientlyDefined')!.includes('true'),
    ],
  ])('%s', (ecl, test) => {
    const wanted = where(test);
    expect(wanted.length).toBeGreaterThan(0);
    expect(codes(ecl)).toEqual(wanted);
  });

  it('compares numbers', () => {
    const some = codes(`* : ${rf2.STRENGTH} >= #400`);
    const rest = codes(`* : ${rf2.STRENGTH} < #400`);
    expect([some.length > 0, rest.length > 0]).toEqual([true, true]);
    expect(some.length + rest.length).toBe(codes(`* : ${rf2.STRENGTH} >= #0`).length);
  });

  it('keeps to one group where braces say so', () => {
    const [site, shape] = [
      graph.index.attribute(graph.index.idOf(rf2.FINDING_SITE)!)!,
      graph.index.attribute(graph.index.idOf(rf2.ASSOCIATED_MORPHOLOGY)!)!,
    ];
    // A concept with two groups: the site of the first and the shape of the second.
    const at = [...Array(site.length / 3).keys()]
      .map((n) => n * 3)
      .findLast(
        (n) => site[n] === site[n + 3] && site[n + 1] !== site[n + 4] && site[n + 2] !== site[n + 5],
      )!;
    const code = (id: number): string => graph.index.concept(id).code;
    const shapeOf = (group: number): string => {
      for (let n = 0; n < shape.length; n += 3)
        if (shape[n] === site[at] && shape[n + 1] === group) return code(shape[n + 2]!);
      throw new Error('none');
    };
    const both = (group: number): string =>
      `${rf2.FINDING_SITE} = ${code(site[at + 2]!)}, ${rf2.ASSOCIATED_MORPHOLOGY} = ${shapeOf(group)}`;
    const source = code(site[at]!);
    expect(codes(`* : { ${both(site[at + 1]!)} }`)).toContain(source);
    expect(codes(`* : ${both(site[at + 4]!)}`)).toContain(source);
    expect(codes(`* : { ${both(site[at + 4]!)} }`)).not.toContain(source);
  });

  it('goes along an attribute both ways', () => {
    const sites = new Set(all.flatMap(({ properties }) => properties.get(rf2.FINDING_SITE) ?? []));
    expect(new Set(codes(`< ${rf2.FINDING} . ${rf2.FINDING_SITE}`))).toEqual(sites);
    expect(new Set(codes(`* : R ${rf2.FINDING_SITE} = < ${rf2.FINDING}`))).toEqual(sites);
  });

  it.each([
    ['<', 'a concept'],
    ['<< 404684003 AND', 'a concept'],
    ['<< 404684003 AND 123037004 OR 49755003', 'the end'],
    ['404684003 : 363698007', 'a comparison'],
    ['404684003 {{ term = wild:"*x*" }}', 'wild is not supported'],
    ['404684003 {{ dialect = en-gb }}', 'a filter that is known'],
    [`${'('.repeat(100)}404684003`, 'nested deeper'],
    [`404684003${' '.repeat(20_001)}`, 'longer than'],
  ])('refuses %s', (ecl, why) => {
    expect(() => eclSet(graph.index, ecl)).toThrow(TxRefusal);
    expect(() => eclSet(graph.index, ecl)).toThrow(why);
  });
});
