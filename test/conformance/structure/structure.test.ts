/**
 * The structural validation over literal cases, all examples of R4, and synthetic records.
 * https://hl7.org/fhir/R4/validation.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../src/fhir/model/json.ts';
import type { Issue } from '../../../src/fhir/model/outcome.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { validateStructure } from '../../../src/fhir/validation/structure.ts';
import { needs, sharedData } from '../../needs.ts';
import { exampleNames, exampleText } from '../examples.ts';

interface Case {
  readonly name: string;
  readonly json: string;
  readonly issues: readonly (readonly [code: string, expression: string, words: string])[];
}

const cases = (name: string): Case[] =>
  parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Case[];

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const validate = (text: string): Issue[] => validateStructure(definitions, parseJson(text) as ResourceTree);

describe('what breaks the structure of R4', () => {
  it.each(cases('broken.yaml'))('$name', ({ json, issues }) => {
    const found = validate(json);
    expect(found.map(({ code, expression }) => [code, expression?.join()])).toEqual(
      issues.map(([code, expression]) => [code, expression]),
    );
    for (const [i, [, , words]] of issues.entries()) expect(found[i]!.diagnostics).toContain(words);
  });

  it.each(cases('whole.yaml'))('not: $name', ({ json }) => {
    expect(validate(json)).toEqual([]);
  });
});

/** Examples of the standard that break its own structure, with what they lack. */
const WRONG_EXAMPLES: Readonly<Record<string, string>> = {
  'ImplementationGuide-fhir.json': 'ImplementationGuide',
  'Questionnaire-qs1.json': 'Questionnaire.item[0].item[0]',
  'SearchParameter-codesystem-extensions-CodeSystem-author.json': 'SearchParameter',
  'SearchParameter-codesystem-extensions-CodeSystem-effective.json': 'SearchParameter',
  'SearchParameter-codesystem-extensions-CodeSystem-end.json': 'SearchParameter',
  'SearchParameter-codesystem-extensions-CodeSystem-keyword.json': 'SearchParameter',
  'SearchParameter-codesystem-extensions-CodeSystem-workflow.json': 'SearchParameter',
  'SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json':
    'SearchParameter.id',
  'SearchParameter-valueset-extensions-ValueSet-author.json': 'SearchParameter',
  'SearchParameter-valueset-extensions-ValueSet-effective.json': 'SearchParameter',
  'SearchParameter-valueset-extensions-ValueSet-end.json': 'SearchParameter',
  'SearchParameter-valueset-extensions-ValueSet-keyword.json': 'SearchParameter',
  'SearchParameter-valueset-extensions-ValueSet-workflow.json': 'SearchParameter',
  'ig-r4.json': 'ImplementationGuide',
};

describe('the examples of R4', () => {
  it('are all right but for the few that are known to be wrong', () => {
    const wrong: Record<string, string | undefined> = {};
    const names = exampleNames();
    for (const name of names) {
      const [issue] = validate(exampleText(name));
      if (issue) wrong[name] = issue.expression?.[0];
    }
    expect(names.length).toBeGreaterThan(5000);
    expect(wrong).toEqual(WRONG_EXAMPLES);
  }, 120_000);
});

needs('shared-data/synthea/small', 'structural validation')('synthetic records', () => {
  const folder = sharedData('synthea', 'small');
  it.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', (name) => {
    expect(validate(readFileSync(resolve(folder, name), 'utf8'))).toEqual([]);
  });
});
