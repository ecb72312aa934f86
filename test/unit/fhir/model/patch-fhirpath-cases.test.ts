/** FHIRPath Patch on the cases of the FHIR test suite. https://hl7.org/fhir/R4/fhirpatch.html */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { SaxesParser } from 'saxes';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { stringifyJson } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { applyFhirPathPatch } from '../../../../src/fhir/model/patch-fhirpath.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { parseXml } from '../../../../src/fhir/model/xml.ts';
import { needs, sharedData } from '../../../needs.ts';

const definitions = await loadDefinitions();

/** A quote in a narrative may be written as an entity or as itself. */
const written = (tree: ResourceTree): unknown => JSON.parse(stringifyJson(tree).replaceAll('&quot;', '\\"'));

const FILE = 'fhir-test-cases-r4/patch/fhir-patch-tests.xml';

/** The inner XML of the elements of each case. */
function readCases(text: string): { name: string; parts: Map<string, string> }[] {
  const cases: { name: string; parts: Map<string, string> }[] = [];
  const parser = new SaxesParser();
  const open: { name: string; end: number }[] = [];
  parser.on('opentag', ({ name, attributes }) => {
    open.push({ name, end: parser.position });
    if (name === 'case') cases.push({ name: attributes['name'] as string, parts: new Map() });
  });
  parser.on('closetag', ({ name }) => {
    const { end } = open.pop()!;
    if (open.length === 2)
      cases.at(-1)!.parts.set(
        name,
        text
          .slice(end, parser.position)
          .replace(/<\/\w+>\s*$/, '')
          .trim(),
      );
  });
  parser.write(text).close();
  return cases;
}

needs(`shared-data/${FILE}`, 'FHIRPath Patch cases')('cases of the FHIR test suite', () => {
  const cases = readCases(readFileSync(sharedData(FILE), 'utf8'));
  it.each(cases.map(({ name, parts }) => [name, parts] as const))('%s', (_name, parts) => {
    const of = (part: string): ResourceTree => parseXml(definitions, parts.get(part)!);
    const run = (): ResourceTree => applyFhirPathPatch(definitions, of('input'), of('diff'));
    if (parts.has('error')) expect(run).toThrow(FhirError);
    else expect(written(run())).toEqual(written(of('output')));
  });

  it('are all there', () => expect(cases.length).toBeGreaterThan(25));
});
