/** JSON that keeps what was sent, and refuses what other parsers guess at. https://hl7.org/fhir/R4/json.html, https://www.rfc-editor.org/rfc/rfc8259 */
import { describe, expect, it } from '@jest/globals';
import { parseJson, prettyJson, stringifyJson, toPlain } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { Decimal, type JsonObject, type JsonValue } from '../../../../src/fhir/model/tree.ts';

function refused(text: string, depth?: number): string {
  try {
    parseJson(text, depth === undefined ? {} : { depth });
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    expect([error.status, error.issues[0]!.code]).toEqual([400, 'structure']);
    return error.message;
  }
  throw new Error(`${text.slice(0, 50)} was not refused`);
}

describe('what is kept', () => {
  it.each([
    '1.50',
    '1e2',
    '1E5',
    '0.0',
    '-0',
    '100000000000000000000',
    '0.1000000000000000055511151231257827',
    '1e-7',
    '2.0e-9',
  ])('the text of %s', (text) => {
    const tree = parseJson(`{"value":${text}}`) as JsonObject;
    expect(stringifyJson(tree)).toBe(`{"value":${text}}`);
    expect(Number(tree['value'])).toBe(Number(text));
  });

  it('plain numbers stay numbers, others are Decimals', () => {
    expect(parseJson('[1,-2,0.5,1e21,1.0]')).toEqual([1, -2, 0.5, new Decimal('1e21'), new Decimal('1.0')]);
    expect(parseJson(' 7 ')).toBe(7);
  });

  it('the order of properties, names of Object.prototype among them', () => {
    const text = '{"b":1,"a":2,"constructor":3,"toString":[],"hasOwnProperty":null}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it('strings, whatever their escapes', () => {
    expect(parseJson('"\\u00e9\\n\\t\\"\\\\\\/\\ud83d\\ude00"')).toBe('é\n\t"\\/😀');
    expect(parseJson('"a\\\\"')).toBe('a\\');
    expect(parseJson('["","\\"",{"a\\"b":"\\\\\\""}]')).toEqual(['', '"', { 'a"b': '\\"' }]);
  });

  it('a byte order mark is passed over', () => expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 }));

  it('nesting up to the limit', () => {
    expect(() => parseJson(`${'['.repeat(100)}${']'.repeat(100)}`)).not.toThrow();
    expect(refused('[[[]]]', 2)).toContain('deeper than 2 levels');
  });
});

describe('what is refused', () => {
  it.each([
    ['', 'found the end of the text'],
    ['   ', 'found the end of the text'],
    ['{"a":1', 'line 1, column 7, in a: expected "," or "}", found the end of the text'],
    ['{"a":"x', 'the string that begins here does not end'],
    ['{"a":"x\\"', 'the string that begins here does not end'],
    [
      '{\n "a": 1,\n}',
      'line 3, column 1: expected a property name in double quotes, found "}" (no comma may stand before it)',
    ],
    ['[1,]', 'found "]" (no comma may stand before it)'],
    ['{"a":1 /* x */}', 'JSON has no comments'],
    ['// x\n{}', 'JSON has no comments'],
    ["{'a':1}", 'strings have double quotes'],
    ['{a:1}', 'expected a property name in double quotes, found "a"'],
    ['{"a" 1}', 'expected ":" after "a"'],
    ['{"a":1 "b":2}', 'expected "," or "}", found "\\""'],
    ['[1 2]', 'expected "," or "]"'],
    ['[1}', 'expected "," or "]", found "}"'],
    ['{} {}', 'stands after the end'],
    ['truex', 'stands after the end'],
    ['nul', 'expected a JSON value'],
    ['undefined', 'expected a JSON value'],
    ['NaN', 'expected a JSON value'],
    ['01', 'stands after the end'],
    ['+1', 'expected a JSON value'],
    ['.5', 'expected a JSON value'],
    ['1.', 'stands after the end'],
    ['-', 'expected a JSON value'],
    ['\u00a0{}', 'expected a JSON value'],
    ['"a\nb"', 'control character'],
    ['"\\x"', 'an escape that JSON does not have'],
    ['"\\u12"', 'an escape that JSON does not have'],
    ['{"a":"\\u0000"}', 'NUL (U+0000)'],
    ['{"\\u0000":1}', 'NUL (U+0000)'],
    ['"\u0000"', 'control character'],
    ['"\\ud800"', 'lone surrogate'],
    ['"\ud800x"', 'lone surrogate'],
    ['"\\udc00\\ud800"', 'lone surrogate'],
    ['{"\ud800":1}', 'lone surrogate'],
    ['{"__proto__":{"x":1}}', '"__proto__" is not allowed'],
    ['{"\\u005f_proto__":{"x":1}}', '"__proto__" is not allowed'],
    ['1e999999', 'beyond reason'],
    ['1e400', 'beyond reason'],
    ['-1e-99999', 'beyond reason'],
    ['1'.repeat(1001), 'beyond reason'],
  ])('%j', (text, words) => {
    expect(refused(text)).toContain(words);
  });

  it('keys that stand twice, with their place', () => {
    const message = refused('{"entry":[{},{"resource":{"name":[{"given":["x"],"given":["y"]}]}}]}');
    expect(message).toBe(
      'Not well-formed JSON, line 1, column 50, in entry[1].resource.name[0]: the property "given" stands twice in one object: send it once',
    );
    expect(refused('{"a":1,"\\u0061":2}')).toContain('"a" stands twice');
    expect(refused('{"toString":1,"toString":2}')).toContain('"toString" stands twice');
    expect(refused('{"a":null,"a":null}')).toContain('"a" stands twice');
  });

  it('depth without bound, before the stack is used up', () => {
    for (const open of ['[', '{"a":', '[{"a":'])
      expect(refused(open.repeat(100_000))).toContain('deeper than 100 levels');
  });

  it('long strings of quotes and slashes in linear time', () => {
    const start = performance.now();
    refused(`"${'\\"'.repeat(300_000)}`);
    refused(`["${'\\\\'.repeat(300_000)}`);
    expect(parseJson(`"${'\\"'.repeat(300_000)}"`)).toHaveLength(300_000);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('nothing pollutes a prototype', () => {
    const tree = parseJson('{"constructor":{"prototype":{"x":1}}}') as JsonObject;
    expect([Object.getPrototypeOf(tree), ({} as { x?: number }).x]).toEqual([Object.prototype, undefined]);
  });
});

describe('writing', () => {
  it('toPlain gives numbers, and the same object where there are none to change', () => {
    const plain = parseJson('{"a":[1,{"b":"x"}]}');
    expect(toPlain(plain)).toBe(plain);
    expect(toPlain(parseJson('{"a":[1.50,{"b":1e2}],"c":null}'))).toEqual({ a: [1.5, { b: 100 }], c: null });
  });

  it('JSON.stringify keeps decimals as well', () => {
    const value: JsonValue = parseJson('{"a":[1.50]}');
    expect(JSON.stringify({ value })).toBe('{"value":{"a":[1.50]}}');
  });

  it('prettyJson indents and keeps decimals', () => {
    expect(prettyJson('{"a":[1.50,"x y"],"b":{}}')).toBe(
      '{\n  "a": [\n    1.50,\n    "x y"\n  ],\n  "b": {}\n}',
    );
  });
});
