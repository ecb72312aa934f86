/**
 * XML over literal cases, all examples of R4, and pairs of the same resource in both formats.
 * https://hl7.org/fhir/R4/xml.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../../../src/fhir/model/json.ts';
import { FhirError } from '../../../src/fhir/model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../../../src/fhir/model/tree.ts';
import { parseXml, renderXml } from '../../../src/fhir/model/xml.ts';
import { needs, sharedData } from '../../needs.ts';
import { exampleNames, exampleText } from '../examples.ts';

interface Refused {
  readonly name: string;
  readonly xml: string;
  readonly says: readonly string[];
  readonly expression?: string;
}

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

describe('what is refused', () => {
  const cases = parse(readFileSync(join(import.meta.dirname, 'refused.yaml'), 'utf8')) as Refused[];
  it.each(cases)('$name', ({ xml, says, expression }) => {
    let error: unknown;
    try {
      parseXml(definitions, xml);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof FhirError))
      throw new Error('it was not refused with a FhirError', { cause: error });
    expect(error.status).toBe(400);
    expect(error.issues).toHaveLength(1);
    for (const words of says) expect(error.issues[0]!.diagnostics).toContain(words);
    expect(error.issues[0]!.expression).toEqual(expression === undefined ? undefined : [expression]);
  });
});

/** JSON text with properties in the order of their names. XML has no order of its own and only one end of line inside markup. */
function sorted(value: JsonValue, divOf: (div: string) => string): string {
  const sort = (one: JsonValue, name = ''): JsonValue => {
    if (Array.isArray(one)) return one.map((item) => sort(item));
    if (name === 'div' && typeof one === 'string') return divOf(one);
    if (!isObject(one)) return one;
    return Object.fromEntries(
      Object.keys(one)
        .sort()
        .map((key) => [key, sort(one[key]!, key)]),
    );
  };
  return stringifyJson(sort(value));
}

const withLineFeeds = (div: string): string => div.replace(/\r\n?/g, '\n');

/**
 * Definitions make up nine tenths of the examples and look alike: one in ten of them is enough here, and so are the examples below a megabyte (all
 * of them take half a minute and are the same, too).
 */
const isDefinition = (name: string): boolean =>
  /^(SearchParameter|ValueSet|CodeSystem|StructureDefinition|ConceptMap)-/.test(name);
const isAsked = (name: string): boolean =>
  !isDefinition(name) || Buffer.from(name).reduce((sum, byte) => sum + byte) % 10 === 0;
const LARGEST = 1_000_000;

describe('the examples of R4', () => {
  it('come back the same from XML', () => {
    const names = exampleNames(isAsked);
    const different: string[] = [];
    for (const name of names) {
      const text = exampleText(name);
      if (text.length > LARGEST) continue;
      const tree = parseJson(text) as ResourceTree;
      const back = parseXml(definitions, renderXml(definitions, tree));
      if (sorted(back, withLineFeeds) !== sorted(tree, withLineFeeds)) different.push(name);
    }
    expect(names.length).toBeGreaterThan(1000);
    expect(different).toEqual([]);
  }, 120_000);
});

/** Where the two files of a pair say different things, and so cannot give the same tree. */
const UNLIKE_PAIRS = ['observation-decimal', 'observation-example'];

needs('shared-data/fhir-test-cases-r4/examples', 'XML')('pairs of XML and JSON', () => {
  const folder = sharedData('fhir-test-cases-r4', 'examples');
  const files = readdirSync(folder);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const names = files.filter((file) => file.endsWith('.xml')).map((file) => file.slice(0, -'.xml'.length));
  const pairs = names.filter((name) => files.includes(`${name}.json`) && !UNLIKE_PAIRS.includes(name));
  const withSingleSpaces = (div: string): string => div.replace(/\s+/g, ' ');

  it.each(pairs)('%s says the same in both', (name) => {
    const tree = parseXml(definitions, read(`${name}.xml`));
    const wanted = parseJson(read(`${name}.json`));
    expect(sorted(tree, withSingleSpaces)).toBe(sorted(wanted, withSingleSpaces));
  });

  it.each(names)('%s comes back the same from JSON', (name) => {
    const tree = parseXml(definitions, read(`${name}.xml`));
    const back = parseXml(
      definitions,
      renderXml(definitions, parseJson(stringifyJson(tree)) as ResourceTree),
    );
    expect(stringifyJson(back)).toBe(stringifyJson(tree));
  });
});
