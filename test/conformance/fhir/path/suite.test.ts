/** The official FHIRPath suite for R4: every case is answered as it asks, but for those of `justified.ts`. https://github.com/FHIR/fhir-test-cases */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { needs, sharedData } from '../../../needs.ts';
import { judge, readCases, readInput, type Case } from './cases.ts';
import { JUSTIFIED, OTHER_INPUT } from './justified.ts';

const definitions = await loadDefinitions();
const FILE = 'fhir-test-cases-r4/fhirpath/tests-fhir-r4.xml';
const examples = resolve(import.meta.dirname, '../../../../node_modules/hl7.fhir.r4.examples');

needs(`shared-data/${FILE}`, 'the FHIRPath suite')('the FHIRPath suite for R4', () => {
  const folders = { suite: sharedData('fhir-test-cases-r4/examples'), examples };
  const cases = readCases(readFileSync(sharedData(FILE), 'utf8'));
  const nameOf = ({ group, name }: Case): string => `${group}/${name}`;
  const runs = cases.flatMap((one) => {
    const input = readInput(definitions, folders, one.input);
    return input ? [{ one, input }] : [];
  });
  const groups = Map.groupBy(runs, ({ one }) => one.group);

  it.each([...groups.keys()])('%s', (group) => {
    const wrong = groups.get(group)!.flatMap(({ one, input }) => {
      const name = nameOf(one);
      if (name in JUSTIFIED || name in OTHER_INPUT) return [];
      const fault = judge(definitions, one, input);
      return fault === undefined ? [] : [`${name}: ${one.expression}: ${fault}`];
    });
    expect(wrong).toEqual([]);
  });

  it('runs nearly all of it', () => {
    expect(cases.length).toBeGreaterThan(900);
    expect(cases.length - runs.length).toBeLessThanOrEqual(12);
  });

  it('differs where it says so, and only there', () => {
    const differing = runs.filter(({ one, input }) => judge(definitions, one, input) !== undefined);
    const listed = [...Object.keys(JUSTIFIED), ...Object.keys(OTHER_INPUT)];
    expect(differing.map(({ one }) => nameOf(one)).sort()).toEqual(listed.sort());
  });
});
