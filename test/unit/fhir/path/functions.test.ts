/** The functions and operators of FHIRPath, group by group, with the results that the specification gives or implies. https://hl7.org/fhirpath/N1/ */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { compileExpression } from '../../../../src/fhir/path/engine.ts';
import { resourceNode } from '../../../../src/fhir/path/node.ts';

const definitions = await loadDefinitions();

const OBSERVATION = resourceNode(
  parseJson(`{
    "resourceType": "Observation", "id": "o", "status": "final",
    "code": {"coding": [{"system": "s1", "code": "a"}, {"system": "s2", "code": "b", "userSelected": true}], "text": "A  b"},
    "subject": {"reference": "#p"},
    "contained": [{"resourceType": "Patient", "id": "p", "name": [{"family": "N", "given": ["G", "H"]}]}],
    "effectiveDateTime": "2020-02", "issued": "2020-02-03T10:00:00.000+02:00",
    "valueQuantity": {"value": 1.50, "unit": "gram", "system": "http://unitsofmeasure.org", "code": "g"},
    "component": [
      {"code": {"text": "x"}, "valueInteger": 3}, {"code": {"text": "y"}, "valueString": "z"},
      {"code": {"text": "z"}, "_valueString": {"extension": [{"url": "absent", "valueCode": "unknown"}]}}
    ],
    "referenceRange": [{"low": {"value": 1}, "high": {"value": 2.0}}]
  }`) as ResourceTree,
);

/** Values as JSON text, joined; made dates and times as they are written. */
function evaluate(expression: string): string {
  const nodes = compileExpression(definitions, expression).evaluate(OBSERVATION, {
    now: '2024-05-31T14:15:16.789Z',
  });
  return nodes.map(({ value }) => stringifyJson(value)).join(' ');
}

/** Rows of `expression => result`; nothing behind the arrow is an empty result, `!` a refusal. */
function group(name: string, rows: string): void {
  const cases = rows
    .trim()
    .split('\n')
    .map((row) => row.split('=>').map((part) => part.trim()) as [string, string]);
  describe(name, () => {
    it.each(cases)('%s => %s', (expression, expected) => {
      if (expected === '!') expect(() => evaluate(expression)).toThrow(/./);
      else expect(evaluate(expression)).toBe(expected);
    });
  });
}

group(
  'existence',
  `
  {}.empty() => true
  component.empty() => false
  component.exists(value is integer) => true
  component.value.count() => 3
  component.value.exists() => true
  component.all(code.exists()) => true
  component.all(value.hasValue()) => false
  {}.all(false) => true
  (true | false).allTrue() => false
  (true | false).anyTrue() => true
  (true | false).anyFalse() => true
  {}.allFalse() => true
  code.coding.code.subsetOf('a' | 'b' | 'c') => true
  ('a' | 'b' | 'c').supersetOf(code.coding.code) => true
  {}.subsetOf('a') => true
  code.coding.system.isDistinct() => true
  ('a' | 'b').combine('a').distinct() => "a" "b"
  (1 | 2).not() => !
`,
);

group(
  'filtering and projection',
  `
  component.where(value = 3).code.text => "x"
  component.where($index = 1).code.text => "y"
  component.select(code.text & '!') => "x!" "y!" "z!"
  component.value.ofType(integer) => 3
  component.value.ofType(string) => "z" null
  component.value.ofType(string).hasValue() => false
  contained.repeat(name.given) => "G" "H"
  (1 | 2).combine(1).repeat(iif($this < 4, $this + 2, {})) => 3 4 5
  (1 | 2).combine(1).repeatAll(iif($this < 3, $this + 2, {})) => 3 4 3
  descendants().where($this is HumanName).family => "N"
  children().where($this is BackboneElement).count() => 4
`,
);

group(
  'subsetting and combining',
  `
  code.coding[1].code => "b"
  code.coding[2].code => 
  code.coding.first().code | code.coding.last().code => "a" "b"
  code.coding.tail().code => "b"
  (1 | 2 | 3).skip(1) => 2 3
  (1 | 2 | 3).skip(-1) => 1 2 3
  (1 | 2 | 3).take(2) => 1 2
  code.coding.single() => !
  {}.single() => 
  (1 | 2 | 3).intersect(3 | 1) => 1 3
  (1 | 2 | 3).exclude(2) => 1 3
  (1 | 1.0 | 2) => 1 2
  1.combine(1) => 1 1
  1 | 2 | 1 => 1 2
`,
);

group(
  'conversion',
  `
  iif(false, 1) => 
  'true'.toBoolean() => true
  'Y'.toBoolean() => true
  'x'.toBoolean() => 
  '007'.toInteger() => 7
  '1.5'.toInteger() => 
  '2147483648'.toInteger() => 
  '1.50'.toDecimal() => 1.50
  1.toDecimal().type().name => "Decimal"
  '2020-02-30'.toDate() => 
  '2020-02-29T10:00'.toDate() => "2020-02-29"
  '25:00'.toTime() => 
  '1.50 days'.toQuantity().unit => "day"
  '4 \\'mg\\''.toQuantity() = 4 'mg' => true
  1.50.toString() => "1.50"
  4.50 'mg'.toString() => "4.50 'mg'"
  value.toString() => "1.50 'g'"
  code.toString() => 
  true.toInteger() => 1
  code.convertsToString() => false
  (1 | 2).toString() => !
`,
);

group(
  'strings',
  `
  'abcabc'.indexOf('c') => 2
  'abcabc'.lastIndexOf('c') => 5
  'abc'.substring(1, 1) => "b"
  'abc'.substring(3) => 
  'abc'.substring(1, 0) => ""
  'abc'.upper() => "ABC"
  'a.c'.replace('.', '$&') => "a$&c"
  'abc'.matches('b') => true
  'abc'.matchesFull('b') => false
  'abc'.matchesFull('a|abc') => true
  'a1b22'.replaceMatches('\\\\d+', '<$0>') => "a<$0>b<$0>"
  '11/30/1972'.replaceMatches('(?<m>\\\\d\\\\d)/(?<d>\\\\d\\\\d)/(?<y>\\\\d{4})', '$2-$1-$3') => "30-11-1972"
  'abc'.toChars() => "a" "b" "c"
  ('a' | 'b').join('-') => "a-b"
  'a,b'.split(',') => "a" "b"
  ' a '.trim() => "a"
  'é'.encode('hex') => "c3a9"
  'a<b'.escape('html').unescape('html') => "a<b"
  code.startsWith('x') => !
  code.coding.code.upper() => !
  'a' & {} => "a"
  'a' + {} => 
`,
);

group(
  'numbers',
  `
  1.2 + 1.80 => 3.00
  0.1 + 0.2 = 0.3 => true
  1 / 3 * 3 ~ 1 => true
  7 div 2 => 3
  -7 div 2 => -3
  -7 mod 3 => -1
  5.5 mod 0.7 => 0.6
  1 / 0 => 
  2147483647 + 1 => 
  99999999999999999999.5 + 0.5 => 100000000000000000000.0
  (-5.5).abs() => 5.5
  (-1.5).ceiling() => -1
  (-1.5).floor() => -2
  (-1.5).truncate() => -1
  2.5.round() => 3
  3.14159.round(3) => 3.142
  2.power(10) => 1024
  2.power(-1) => 0.5
  (-1).power(0.5) => 
  2.sqrt().round(10) => 1.4142135624
  0.0081.sqrt() => 0.09
  100.log(10) => 2
  0.ln() => 
  1.exp().round(4) => 2.7183
  10.power(100000) => 
  (1 | 2.5 | 3).sum() => 6.5
  (1 | 2 | 3).avg() => 2
  (3 | 1 | 2).min() => 1
  'a' * 2 => !
  -'a' => !
`,
);

group(
  'dates and times',
  `
  @2020-02-28 + 2 days => "2020-03-01"
  @2020-01-31 + 1 month => "2020-02-29"
  @2020-02-29 + 1 year => "2021-02-28"
  @2020 + 13 months => "2021"
  @2020-03 + 40 days => "2020-04"
  @2020-01-01 - 1 'd' => "2019-12-31"
  @9999-12-31 + 1 day => 
  @T23:30 + 45 minutes => "00:15"
  @2020-01-01T00:00:00Z + 1500 milliseconds => "2020-01-01T00:00:01.500Z"
  @2020-01-01 + 1 => !
  @2020-01-01 + 1 'kg' => !
  effective < @2020-03 => true
  effective < @2020-02-15 => 
  effective = @2020-02-15 => 
  effective ~ @2020-02-15 => false
  issued = @2020-02-03T08:00:00Z => true
  issued ~ @2020-02-03T08:00:00.000Z => true
  @2020-01-01T10:00 < @2020-01-03T10:00Z => true
  @2020-01-01T10:00 < @2020-01-01T11:00Z => 
  @T10:00 < @T10:00:01 => 
  @T10:00:00 = @T10:00:00.000 => true
  now() => "2024-05-31T14:15:16.789Z"
  today() => "2024-05-31"
  timeOfDay() => "14:15:16.789"
  effective.lowBoundary() => "2020-02-01T00:00:00.000+14:00"
  effective.highBoundary(8) => "2020-02-29"
  issued.lowBoundary() => "2020-02-03T10:00:00.000+02:00"
  @T10.highBoundary() => "10:59:59.999"
  @2020-02.precision() => 6
  issued.yearOf() => 2020
  issued.timeOf() => "10:00:00.000"
  issued.timezoneOffsetOf() => 2
`,
);

group(
  'quantities',
  `
  value = 1500 'mg' => true
  value = 1.5 'g' => true
  value > 1499 'mg' => true
  value = 1.5 'm' => 
  value ~ 1.5 'm' => false
  value > 1 'm' => 
  value + 500 'mg' => {"value":2000,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}
  value * 2 = 3 'g' => true
  value / 0.5 'g' => {"value":3,"unit":"1","system":"http://unitsofmeasure.org","code":"1"}
  1 'm' * 1 's' = 1 'm.s' => true
  37 'Cel' = 98.6 '[degF]' => true
  1 '[iU]' = 1 '1' => 
  2 '[iU]/mL' = 2000 '[iU]/L' => true
  1 year = 12 months => true
  1 year = 1 'a' => 
  1 year ~ 1 'a' => true
  1 week = 7 'd' => true
  1 = 1 '1' => true
  value.comparable(1 'kg') => true
  value.comparable(1 's') => false
  referenceRange.low < referenceRange.high => true
  value.lowBoundary(3).value => 1.495
  -(1 'g') = -1 'g' => true
  1 'g' + 1 'm' => 
`,
);

group(
  'logic',
  `
  true and {} => 
  {} and false => false
  {} or true => true
  false or {} => 
  {} implies true => true
  {} implies {} => 
  true xor {} => 
  1 and true => true
  (1 | 2) and true => !
  {} = {} => 
  {} ~ {} => true
  1 in {} => false
  {} in (1 | 2) => 
  (1 | 2) contains 2 => true
  1 = 'a' => false
  1 < 'a' => !
  'A  b' ~ code.text => true
  (1 | 2) ~ (2 | 1) => true
  code.coding[0] = code.coding[1] => false
  'a' < 'b' => true
`,
);

group(
  'FHIR',
  `
  component.value.extension('absent').value => "unknown"
  component[2].value.hasValue() => false
  component[2].value.exists() => true
  component[2].value.getValue() => 
  subject.resolve().name.given => "G" "H"
  subject.resolve() is Patient => true
  %resource.id => "o"
  contained.select(%resource.id) => "o"
  %context.id => "o"
  %ucum => "http://unitsofmeasure.org"
  %\`vs-x\` => "http://hl7.org/fhir/ValueSet/x"
  %'ext-y' => "http://hl7.org/fhir/StructureDefinition/y"
  %vs-administrative-gender => "http://hl7.org/fhir/ValueSet/administrative-gender"
  %unknown => !
  status.type().namespace & '.' & status.type().name => "FHIR.code"
  1.type() => {"namespace":"System","name":"Integer"}
  status is System.String => false
  status is code => true
  status is string => true
  value.as(Quantity).unit => "gram"
  value is Observation => false
  value is nonsense => !
  defineVariable('n', contained.name).select(%n.family) => "N"
  component.select(defineVariable('t', code.text).select(%t)) => "x" "y" "z"
  defineVariable('n', 1).defineVariable('n', 2) => !
  (defineVariable('n', 1).select(%n) | defineVariable('n', 2).select(%n)) => 1 2
  defineVariable('resource', 1) => !
  (1 | 2 | 3).aggregate($total + $this, 0) => 6
  (3 | 1 | 2).sort() => 1 2 3
  component.sort(-code.text).code.text => "z" "y" "x"
  coalesce({}, 'b', 'c') => "b"
  nothing() => !
  where() => !
`,
);
