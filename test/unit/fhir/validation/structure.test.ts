/** What breaks the structure of R4, and where it is said to. https://hl7.org/fhir/R4/validation.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validateStructure } from '../../../../src/fhir/validation/structure.ts';
import { BROKEN, WHOLE } from './structure-cases.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const validate = (text: string) => validateStructure(definitions, parseJson(text) as ResourceTree);

describe('validateStructure', () => {
  it.each(BROKEN)('$name', ({ json, issues }) => {
    const found = validate(json).map(({ code, expression, diagnostics }) => ({
      code,
      expression: expression?.join(),
      diagnostics,
    }));
    expect(found.map(({ code, expression }) => [code, expression])).toEqual(
      issues.map(([code, expression]) => [code, expression]),
    );
    for (const [i, [, , words]] of issues.entries()) expect(found[i]!.diagnostics).toContain(words);
  });

  it.each(WHOLE)('accepts $name', ({ json }) => {
    expect(validate(json)).toEqual([]);
  });

  it('refuses a type that is not known', () => {
    expect(validate('{"resourceType":"Patiemt"}')).toEqual([
      {
        severity: 'error',
        code: 'structure',
        diagnostics: '"Patiemt" is not a resource type of FHIR R4. Did you mean Patient?',
        expression: ['resourceType'],
      },
    ]);
  });

  it('tells a hundred issues, and that there are more', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `{"use":"usual","x${i}":1}`);
    const issues = validate(`{"resourceType":"Patient","name":[${names.join()}]}`);
    expect(issues).toHaveLength(101);
    expect(issues.at(-1)).toMatchObject({ severity: 'information' });
  });

  it('leaves the tree as it was', () => {
    const tree = parseJson('{"resourceType":"Patient","nme":[{}],"active":1}') as ResourceTree;
    const before = structuredClone(tree);
    validateStructure(definitions, tree);
    expect(tree).toEqual(before);
  });

  it('gives the same answer twice', () => {
    const json = '{"resourceType":"Patient","extension":[{"url":"a","extension":[{"url":"b"}]},{"url":"c"}]}';
    expect(validate(json)).toEqual(validate(json));
    expect(validate(json).map(({ expression }) => expression)).toEqual([
      ['Patient.extension[0].extension[0]'],
      ['Patient.extension[1]'],
    ]);
  });
});
