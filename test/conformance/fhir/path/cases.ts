// The official FHIRPath suite for R4 as cases, and how one is run. https://github.com/FHIR/fhir-test-cases/tree/master/r4/fhirpath

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { parseXml } from '../../../../src/fhir/model/xml.ts';
import { compileExpression, type Environment } from '../../../../src/fhir/path/engine.ts';
import { resourceNode, type PathNode } from '../../../../src/fhir/path/node.ts';

export interface Case {
  readonly group: string;
  readonly name: string;
  readonly input: string | undefined;
  readonly expression: string;
  /** the expression must be refused: `syntax`, `semantic`, `execution` */
  readonly invalid: string | undefined;
  /** only the truth of the result counts */
  readonly predicate: boolean;
  readonly ordered: boolean;
  readonly outputs: readonly { readonly type: string | undefined; readonly text: string }[];
}

export function readCases(text: string): Case[] {
  const cases: Case[] = [];
  const parser = new SaxesParser();
  let group = '';
  let [words, test, outputs]: [string, Record<string, string>, { type: string | undefined; text: string }[]] =
    ['', {}, []];
  let [expression, invalid, type]: (string | undefined)[] = [];
  parser.on('opentag', ({ name, attributes }) => {
    words = '';
    const own = attributes as Record<string, string>;
    if (name === 'group') group = own['name'] ?? '';
    else if (name === 'test') [test, outputs, expression, invalid] = [own, [], undefined, undefined];
    else if (name === 'expression') invalid = own['invalid'];
    else if (name === 'output') type = own['type'];
  });
  parser.on('text', (part) => (words += part));
  parser.on('closetag', ({ name }) => {
    if (name === 'expression') expression = words;
    else if (name === 'output') outputs.push({ type, text: words });
    else if (name === 'test' && expression !== undefined)
      cases.push({
        group,
        name: test['name'] ?? '',
        input: test['inputfile'],
        expression,
        invalid,
        predicate: test['predicate'] === 'true',
        ordered: test['ordered'] !== 'false',
        outputs,
      });
  });
  parser.write(text).close();
  return cases;
}

/** Inputs of the suite that stand under another name among the examples of R4. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'questionnaire-example.xml': 'Questionnaire-3141.json',
  'valueset-example-expansion.xml': 'ValueSet-example-expansion.json',
  'explanationofbenefit-example.json': 'ExplanationOfBenefit-EB3500.json',
  'appointment-examplereq.json': 'Appointment-examplereq.json',
};

/** The input of a case; undefined where it is not at hand. Cases without one get a Patient that they do not look at. */
export function readInput(
  definitions: Definitions,
  folders: { readonly suite: string; readonly examples: string },
  name: string | undefined,
): ResourceTree | undefined {
  if (name === undefined) return { resourceType: 'Patient' };
  const known = EXAMPLES[name];
  const path = [
    join(folders.suite, name),
    ...(known === undefined ? [] : [join(folders.examples, known)]),
  ].find(existsSync);
  if (path === undefined) return undefined;
  const text = readFileSync(path, 'utf8');
  return path.endsWith('.xml') ? parseXml(definitions, text) : (parseJson(text) as ResourceTree);
}

const environment = (definitions: Definitions): Environment => ({
  now: '2026-01-02T03:04:05.678Z',
  conformsTo: (node, profile) => {
    if (definitions.conformance('StructureDefinition', profile) === undefined) return undefined;
    return profile === `http://hl7.org/fhir/StructureDefinition/${node.type}`;
  },
});

const bare = (text: string): string => text.replace(/^@T?/, '').replace(/T$/, '');

function sameValue(expected: string, value: JsonValue): boolean {
  if (isObject(value)) return expected === `${String(value['value'])} '${String(value['code'])}'`;
  const text = String(value);
  if (text === expected || bare(expected) === text) return true;
  return typeof value !== 'string' && /^-?[\d.]+$/.test(expected) && Number(expected) === Number(text);
}

const TYPES: Readonly<Record<string, string>> = { id: 'string' };

function sameType(expected: string | undefined, { type }: PathNode): boolean {
  if (expected === undefined) return true;
  const name = type.replace('System.', '');
  const lower = name === 'Quantity' ? name : name.charAt(0).toLowerCase() + name.slice(1);
  return lower === expected || TYPES[expected] === lower;
}

/** What is wrong with the answer to a case; undefined when it is right. */
export function judge(definitions: Definitions, one: Case, input: ResourceTree): string | undefined {
  let nodes: readonly PathNode[];
  try {
    const expression = compileExpression(definitions, one.expression, {
      type: input.resourceType,
      strict: true,
    });
    nodes = expression.evaluate(resourceNode(input), environment(definitions));
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return one.invalid === undefined ? `refused: ${error.message}` : undefined;
  }
  const shown = nodes.map(({ type, value }) => `${type} ${JSON.stringify(value)?.slice(0, 60)}`).join(', ');
  if (one.invalid !== undefined) return `not refused (${one.invalid}): ${shown}`;
  if (one.predicate) {
    const truth = nodes.length === 1 && nodes[0]!.value !== false;
    return one.outputs[0]?.text === String(truth) ? undefined : `found ${shown}`;
  }
  const rest = [...nodes];
  const right = one.outputs.every((output, i) => {
    const at = one.ordered ? i : rest.findIndex((node) => sameValue(output.text, node.value));
    const node = rest[at];
    if (!one.ordered && at >= 0) rest.splice(at, 1);
    return node !== undefined && sameValue(output.text, node.value) && sameType(output.type, node);
  });
  return right && nodes.length === one.outputs.length ? undefined : `found ${shown}`;
}
