/** No search parameter that is left to a caller tells anything of what is hidden: held against every kind of resource of the demo. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { looksAt, viewOf } from '../../../../src/access/policy/view.ts';
import { elementsAt } from '../../../../src/access/policy/element-path.ts';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { demoRecords } from '../../../../src/demo/records.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { indexValues } from '../../../../src/fhir/search/extract.ts';
import { CONTENT_PARAMETER } from '../../../../src/fhir/search/full-text.ts';
import { PSEUDO } from '../../../../src/fhir/search/index-value.ts';

/** Elements of which not even the first step can be hidden. */
const OURS = new Set(['resourceType', 'id', 'meta', 'implicitRules', 'contained', 'modifierExtension']);

describe('a view', () => {
  let definitions: Definitions;
  let samples: Map<string, ResourceTree[]>;
  beforeAll(async () => {
    const core = await loadDefinitions({});
    definitions = withConformance(core, [CONTENT_PARAMETER]);
    samples = new Map();
    for (const bundle of demoRecords({ patients: 2, seed: 5 })) {
      for (const { resource } of bundle.entry!) {
        const tree = resource as unknown as ResourceTree;
        const known = samples.get(tree.resourceType) ?? [];
        if (known.length < 6) samples.set(tree.resourceType, [...known, tree]);
      }
    }
  });

  /** Index values but the pseudo parameters and the mark that a masked resource bears. */
  const found = (by: Definitions, tree: ResourceTree): string[] =>
    indexValues(by, tree)
      .filter(({ param }) => !PSEUDO.has(param) && !param.startsWith('_tag'))
      .map((value) => JSON.stringify(value))
      .sort();

  it('leaves no parameter that finds something else where an element is hidden', () => {
    let checked = 0;
    for (const [type, trees] of samples) {
      const names = new Set(trees.flatMap((tree) => Object.keys(tree)));
      for (const jsonName of names) {
        const element = definitions.property(type, jsonName.replace(/^_/, ''))?.element.name;
        if (element === undefined || OURS.has(element)) continue;
        const view = viewOf(definitions, [`${type}.${element}`])!;
        const by = view.definitions(definitions);
        for (const tree of trees) {
          const [whole, part] = [found(by, tree), found(by, view.tree(tree))];
          expect({ hidden: `${type}.${element}`, found: whole }).toEqual({
            hidden: `${type}.${element}`,
            found: part,
          });
          expect(Object.keys(view.tree(tree))).not.toContain(jsonName);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(500);
  });

  it('leaves the parameters that look at other elements', () => {
    const view = viewOf(definitions, ['Patient.telecom'])!;
    const left = view.definitions(definitions);
    for (const code of [
      'name',
      'family',
      'birthdate',
      'identifier',
      'address',
      '_tag',
      '_id',
      '_lastUpdated',
    ])
      expect({ code, there: left.searchParameters('Patient').has(code) }).toEqual({ code, there: true });
    for (const code of ['telecom', 'phone', 'email', '_text', '_content'])
      expect({ code, there: left.searchParameters('Patient').has(code) }).toEqual({ code, there: false });
    // Another type may contain a Patient, whose words are among its own.
    expect(left.searchParameters('Observation').has('_content')).toBe(false);
    expect(left.searchParameters('Observation').has('_text')).toBe(true);
    expect(definitions.searchParameters('Observation').has('_content')).toBe(true);
  });

  it('takes the parameters that do not name what they look at for those that may', () => {
    const parameter = {
      url: 'urn:x',
      code: 'x',
      type: 'string',
      base: ['Patient'],
      target: [],
      component: [],
    } as const;
    const paths = [elementsAt(definitions, 'Patient.telecom')!];
    const looks = (expression: string): boolean =>
      looksAt(definitions, { ...parameter, expression }, 'Patient', paths);
    for (const expression of [
      'Patient.descendants()',
      'children().value',
      'Patient.repeat(contact)',
      '%resource.x',
      'Patient.contact.telecom',
      'telecom | Observation.code',
    ])
      expect({ expression, looks: looks(expression) }).toEqual({ expression, looks: true });
    for (const expression of ['Patient.name', 'Person.telecom | Patient.name.given'])
      expect({ expression, looks: looks(expression) }).toEqual({ expression, looks: false });
  });

  it('is the same registry for the same elements, and never that of another', () => {
    const [one, same, other] = [['Patient.telecom'], ['Patient.telecom'], ['Patient.name']].map((paths) =>
      viewOf(definitions, paths)!.definitions(definitions),
    );
    expect(one).toBe(same);
    expect(one).not.toBe(other);
    expect(new Set([one!.generation, other!.generation, definitions.generation]).size).toBe(3);
  });

  it('gives texts that have nothing to hide as they are', () => {
    const view = viewOf(definitions, ['Patient.telecom'])!;
    const body = Buffer.from('{"resourceType":"Observation","status":"final"}');
    expect(view.text('Observation', body)).toBe(body);
    expect(viewOf(definitions, [])).toBeUndefined();
  });
});
