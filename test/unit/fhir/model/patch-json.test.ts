/** JSON Patch on resources and on the cases of the standard. https://www.rfc-editor.org/rfc/rfc6902 */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { applyJsonPatch, patchValue } from '../../../../src/fhir/model/patch-json.ts';
import type { JsonValue, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { needs, sharedData } from '../../../needs.ts';

const PATIENT =
  '{"resourceType":"Patient","id":"1","name":[{"family":"A","given":["x","y"]}],"extension":[{"url":"u","valueDecimal":1.50}]}';
const patient = (): ResourceTree => parseJson(PATIENT) as ResourceTree;

const patched = (operations: string): string =>
  stringifyJson(applyJsonPatch(patient(), parseJson(operations)));

function refusal(work: () => unknown): FhirError {
  try {
    work();
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const refused = (operations: string): string => refusal(() => patched(operations)).message;

describe('operations', () => {
  it('adds, replaces, removes, moves, copies and tests', () => {
    const text = patched(`[
      {"op":"test","path":"/name/0/family","value":"A"},
      {"op":"add","path":"/name/0/given/1","value":"w"},
      {"op":"add","path":"/name/0/given/-","value":"z"},
      {"op":"replace","path":"/name/0/family","value":"B"},
      {"op":"copy","from":"/name/0","path":"/name/-"},
      {"op":"remove","path":"/name/1/given"},
      {"op":"move","from":"/name/1/family","path":"/name/1/text"}]`);
    expect(JSON.parse(text).name).toEqual([{ family: 'B', given: ['x', 'w', 'y', 'z'] }, { text: 'B' }]);
  });

  it('leaves the tree and the patch as they were, and shares nothing with them', () => {
    const before = patient();
    const operations = parseJson('[{"op":"add","path":"/photo","value":[{"title":"t"}]}]') as JsonValue[];
    const after = applyJsonPatch(before, operations);
    (after['photo'] as { title: string }[])[0]!.title = 'changed';
    (after['name'] as { family: string }[])[0]!.family = 'changed';
    expect(stringifyJson(before)).toBe(PATIENT);
    expect(stringifyJson(operations)).toContain('"title":"t"');
  });

  it('keeps the text of decimals, moved, copied and sent', () => {
    const text = patched(`[{"op":"copy","from":"/extension/0","path":"/extension/-"},
      {"op":"add","path":"/extension/-","value":{"url":"v","valueDecimal":2.00}}]`);
    expect(text.match(/valueDecimal":[\d.]+/g)).toEqual([
      'valueDecimal":1.50',
      'valueDecimal":1.50',
      'valueDecimal":2.00',
    ]);
  });

  it.each([
    ['1.5', '1.50', true],
    ['15e-1', '1.50', true],
    ['0', '-0.00', true],
    ['100', '1e2', true],
    ['1', '1.00000000000000000000000001', false],
    ['-1.5', '1.5', false],
    ['"1.5"', '1.5', false],
    ['{"a":1,"b":2}', '{"b":2.0,"a":1}', true],
    ['{"a":1}', '{"a":1,"b":null}', false],
    ['[1,2]', '[2,1]', false],
  ])('test compares %s with %s: %p', (a, b, equal) => {
    const run = (): JsonValue =>
      patchValue(parseJson(`{"v":${a}}`), parseJson(`[{"op":"test","path":"/v","value":${b}}]`));
    if (equal) expect(run).not.toThrow();
    else expect(refusal(run).status).toBe(422);
  });

  it('leaves nothing empty behind, as FHIR has no empty arrays', () => {
    expect(patched('[{"op":"remove","path":"/extension/0"}]')).not.toContain('extension');
    expect(
      JSON.parse(patched('[{"op":"remove","path":"/name/0/family"},{"op":"remove","path":"/name/0/given"}]'))
        .name,
    ).toBeUndefined();
    expect(
      patched(
        '[{"op":"remove","path":"/extension/0"},{"op":"add","path":"/extension/-","value":{"url":"z"}}]',
      ),
    ).toContain('"url":"z"');
  });
});

describe('refusals', () => {
  it.each([
    ['{}', 'array of operations'],
    ['[7]', 'Operation 0'],
    ['[{"op":"jump","path":"/x"}]', 'add, remove, replace'],
    ['[{"op":"toString","path":"/x"}]', 'add, remove, replace'],
    ['[{"op":"add","value":1}]', '"path" is missing'],
    ['[{"op":"add","path":"/x"}]', '"value" is missing'],
    ['[{"op":"move","path":"/x"}]', '"from" is missing'],
    ['[{"op":"add","path":"x","value":1}]', 'begins with "/"'],
    ['[{"op":"add","path":"/a~2","value":1}]', '~0'],
    [
      '[{"op":"add","path":"/active","value":true},{"op":"remove","path":"/nope"}]',
      'Operation 1 of the JSON Patch (remove /nope): there is no "nope"',
    ],
    ['[{"op":"replace","path":"/gender","value":"male"}]', 'there is no "gender"'],
    ['[{"op":"add","path":"/contact/0","value":{}}]', 'there is nothing at "/contact"'],
    ['[{"op":"add","path":"/id/x","value":1}]', 'there is a string at "/id"'],
    ['[{"op":"add","path":"/name/3","value":{}}]', 'an array of 1 item: use 0 to 1'],
    ['[{"op":"add","path":"/name/00","value":{}}]', 'no place'],
    ['[{"op":"add","path":"/name/-1","value":{}}]', 'no place'],
    ['[{"op":"remove","path":"/name/1"}]', 'array of 1 item'],
    ['[{"op":"remove","path":"/name/-"}]', 'there is no "-"'],
    ['[{"op":"remove","path":""}]', 'use delete'],
    ['[{"op":"move","from":"/name","path":"/name/0/text"}]', 'into itself'],
    ['[{"op":"test","path":"/name/0/family","value":"B"}]', 'expected a string, found a string that differs'],
    ['[{"op":"test","path":"/birthDate","value":"1"}]', 'found nothing'],
    ['[{"op":"replace","path":"","value":{"resourceType":"Person"}}]', 'resourceType'],
    ['[{"op":"remove","path":"/resourceType"}]', 'resourceType'],
    ['[{"op":"replace","path":"","value":[]}]', 'resourceType'],
  ])('%s', (operations, words) => {
    expect(refused(operations)).toContain(words);
  });

  it('never reaches prototypes', () => {
    for (const path of ['/__proto__/x', '/constructor/prototype/x', '/name/__proto__/x', '/toString/x']) {
      expect(refusal(() => patched(`[{"op":"add","path":"${path}","value":1}]`)).status).toBe(400);
    }
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('bounds growth by copies, and nesting', () => {
    const twice = '{"op":"copy","from":"/name","path":"/name/-"}';
    expect(refused(`[${Array(60).fill(twice).join()}]`)).toMatch(
      /more than this server allows|deeper than 100/,
    );
    const wide = '{"op":"copy","from":"/a","path":"/a/-"}';
    const text = 'x'.repeat(100_000);
    const document = parseJson(`{"a":["${text}"]}`);
    expect(
      refusal(() => patchValue(document, parseJson(`[${Array(40).fill(wide).join()}]`))).message,
    ).toContain('allows');
    const down = Array.from(
      { length: 120 },
      (_, i) => `{"op":"add","path":"${'/a'.repeat(i + 1)}","value":{}}`,
    );
    expect(refused(`[${down.join()}]`)).toContain('deeper than 100');
    expect(refused(`[${Array(10_001).fill('{}').join()}]`)).toContain('at most 10000');
  });
});

const FOLDER = 'fhir-test-cases-r4/patch/json-patch-tests.json';

needs(`shared-data/${FOLDER}`, 'JSON Patch cases')('cases of the FHIR test suite', () => {
  interface Case {
    readonly comment: string;
    readonly doc: JsonValue;
    readonly patch: JsonValue;
    readonly expected?: JsonValue;
  }
  const cases = parseJson(readFileSync(sharedData(FOLDER), 'utf8')) as unknown as Case[];
  it.each(cases.map((one) => [one.comment, one] as const))('%s', (_name, { doc, patch, expected }) => {
    if (expected === undefined)
      expect(refusal(() => patchValue(doc, patch)).status).toBeGreaterThanOrEqual(400);
    else expect(patchValue(doc, patch)).toEqual(expected);
  });
});
