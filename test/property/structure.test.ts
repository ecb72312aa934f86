/**
 * Broken resources never make the validation or XML throw anything but a refusal, and what the validation accepts can be said in XML and comes back the same.
 * https://hl7.org/fhir/R4/validation.html, https://hl7.org/fhir/R4/xml.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../../src/fhir/model/json.ts';
import { FhirError } from '../../src/fhir/model/outcome.ts';
import {
  Decimal,
  isObject,
  type JsonObject,
  type JsonValue,
  type ResourceTree,
} from '../../src/fhir/model/tree.ts';
import { parseXml, renderXml } from '../../src/fhir/model/xml.ts';
import { validateStructure } from '../../src/fhir/validation/structure.ts';
import { exampleNames, exampleText } from '../conformance/examples.ts';

let definitions: Definitions;
let texts: string[] = [];
beforeAll(async () => {
  definitions = await loadDefinitions();
  const names = exampleNames((name) =>
    /^(Patient|Observation|Bundle|Claim|Questionnaire|Parameters|Medication)/.test(name),
  );
  texts = names.map(exampleText).filter((text) => text.length < 20_000);
});

const JUNK: readonly JsonValue[] = [
  null,
  true,
  0,
  -1.5,
  new Decimal('1.0'),
  '',
  ' ',
  'x',
  '2024-02-30',
  '\u0001',
  [],
  [null],
  [[]],
  {},
  { id: 'x' },
  { resourceType: 'Patient' },
  { extension: [{ url: 'u', valueCode: 'x' }] },
];
const NAMES = [
  'constructor',
  '_id',
  'id',
  'value',
  'extension',
  '_status',
  'contained',
  'resourceType',
  'name',
  '__defineGetter__',
];

/** How to break a resource: where (walking down by these numbers), and what is put there, under its own or another name. */
const breakage = fc.record({
  walk: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
  junk: fc.constantFrom(...JUNK),
  name: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
  remove: fc.boolean(),
});

function breakTree(
  tree: ResourceTree,
  { walk, junk, name, remove }: typeof breakage extends fc.Arbitrary<infer T> ? T : never,
): void {
  let at: JsonValue = tree;
  for (const [depth, number] of walk.entries()) {
    const keys: (string | number)[] = Array.isArray(at) ? [...at.keys()] : Object.keys(at);
    const key = keys.filter((one) => one !== 'resourceType' || at !== tree)[
      number % Math.max(1, keys.length)
    ];
    if (key === undefined) return;
    const next: JsonValue = (at as JsonObject)[key]!;
    const isLast = depth === walk.length - 1 || !(Array.isArray(next) || isObject(next));
    if (!isLast) at = next;
    else {
      if (at === tree && name === 'resourceType') return;
      if (remove) Reflect.deleteProperty(at, key);
      else (at as JsonObject)[Array.isArray(at) ? key : (name ?? key)] = structuredCloneOf(junk);
      return;
    }
  }
}

const structuredCloneOf = (value: JsonValue): JsonValue =>
  value instanceof Decimal ? value : structuredClone(value);

/** The error that a call threw; undefined for a refusal or none. Anything else than a FhirError is a defect. */
function unexpected(body: () => unknown): unknown {
  try {
    body();
    return undefined;
  } catch (error) {
    return error instanceof FhirError ? undefined : error;
  }
}

const sorted = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name]!)]));
};

describe('broken resources', () => {
  it('are refused in an orderly way, or are right in both formats', () => {
    let accepted = 0;
    const property = fc.property(
      fc.nat(),
      fc.array(breakage, { minLength: 1, maxLength: 3 }),
      (pick, breakages) => {
        const tree = parseJson(texts[pick % texts.length]!) as ResourceTree;
        for (const one of breakages) breakTree(tree, one);
        const issues = validateStructure(definitions, tree);
        expect(issues.every(({ expression }) => expression?.[0]?.startsWith(tree.resourceType))).toBe(true);
        expect(unexpected(() => renderXml(definitions, tree))).toBeUndefined();
        if (issues.length > 0) return;
        accepted++;
        const back = parseXml(definitions, renderXml(definitions, tree));
        expect(stringifyJson(sorted(back))).toBe(stringifyJson(sorted(tree)));
      },
    );
    fc.assert(property, { numRuns: 1500 });
    expect(accepted).toBeGreaterThan(50);
  }, 60_000);

  it('in XML are refused in an orderly way', () => {
    const bits = fc.constantFrom(
      '<',
      '>',
      '/',
      '"',
      '&',
      ' ',
      'x',
      '<a>',
      '</',
      '&#0;',
      '<!--',
      ']]>',
      'xmlns="',
      '<?',
      '<!DOCTYPE a>',
      '\u0000',
      '\ud800',
    );
    const property = fc.property(fc.nat(), fc.nat(), fc.nat(40), bits, (pick, at, length, bit) => {
      const xml = renderXml(definitions, parseJson(texts[pick % texts.length]!) as ResourceTree);
      const place = at % xml.length;
      const broken = xml.slice(0, place) + bit + xml.slice(place + length);
      expect(unexpected(() => parseXml(definitions, broken))).toBeUndefined();
    });
    fc.assert(property, { numRuns: 1500 });
  }, 60_000);
});
