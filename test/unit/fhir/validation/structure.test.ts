/** How structural issues are told. What is an issue stands in test/conformance/structure. https://hl7.org/fhir/R4/operationoutcome.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { Issue } from '../../../../src/fhir/model/outcome.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validateStructure } from '../../../../src/fhir/validation/structure.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const validate = (text: string): Issue[] => validateStructure(definitions, parseJson(text) as ResourceTree);

describe('validateStructure', () => {
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

  it('bounds its words when names and values are long', () => {
    const long = 'x'.repeat(100_000);
    const issues = validate(`{"resourceType":"Patient","${long}":1,"gender":"${long} "}`);
    for (const { diagnostics, expression } of issues) {
      expect(diagnostics.length).toBeLessThan(500);
      expect(expression![0]!.length).toBeLessThan(100);
    }
    expect(issues).toHaveLength(2);
  });

  it('refuses a string of more than a megabyte', () => {
    const issues = validate(`{"resourceType":"Patient","name":[{"text":"${'x'.repeat(1024 * 1024 + 1)}"}]}`);
    expect(issues).toMatchObject([{ code: 'value', expression: ['Patient.name[0].text'] }]);
  });

  it('takes no exponential time on base64 full of spaces', () => {
    const start = performance.now();
    const issues = validate(
      `{"resourceType":"Binary","contentType":"a/b","data":"${'AAAA  '.repeat(50_000)}!"}`,
    );
    expect(issues).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('leaves the tree as it was', () => {
    const tree = parseJson('{"resourceType":"Patient","nme":[{}],"active":1}') as ResourceTree;
    const before = structuredClone(tree);
    validateStructure(definitions, tree);
    expect(tree).toEqual(before);
  });

  it('gives the same answer twice', () => {
    const json = '{"resourceType":"Patient","extension":[{"url":"a","extension":[{"url":"b"}]},{"url":"c"}]}';
    const first = validate(json);
    expect(validate(json)).toEqual(first);
    expect(first.map(({ expression }) => expression)).toEqual([
      ['Patient.extension[0].extension[0]'],
      ['Patient.extension[1]'],
    ]);
  });
});
