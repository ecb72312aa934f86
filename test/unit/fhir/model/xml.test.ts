/** FHIR XML both ways, and what is refused on the way. https://hl7.org/fhir/R4/xml.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { parseXml, renderXml } from '../../../../src/fhir/model/xml.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const patient = (content: string): string => `<Patient xmlns="http://hl7.org/fhir">${content}</Patient>`;
const tree = (json: string): ResourceTree => parseJson(json) as ResourceTree;
const toXml = (json: string): string => renderXml(definitions, tree(json)).slice(HEAD.length);
const toJson = (xml: string): string => stringifyJson(parseXml(definitions, xml));

function refusal(body: () => unknown): FhirError {
  try {
    body();
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** JSON and XML that say the same, in both directions. */
const PAIRS: readonly (readonly [name: string, json: string, xml: string])[] = [
  [
    'the order of the standard, values as attributes',
    '{"resourceType":"Patient","id":"a","active":true,"gender":"male","birthDate":"1990-02"}',
    patient('<id value="a"/><active value="true"/><gender value="male"/><birthDate value="1990-02"/>'),
  ],
  [
    'arrays by repetition, also of one',
    '{"resourceType":"Patient","name":[{"family":"A","given":["b","c"]}],"telecom":[{"value":"1"},{"value":"2"}]}',
    patient(
      '<name><family value="A"/><given value="b"/><given value="c"/></name><telecom><value value="1"/></telecom><telecom><value value="2"/></telecom>',
    ),
  ],
  [
    'id and extensions beside a value and in place of one',
    '{"resourceType":"Patient","gender":"male","_gender":{"id":"g"},"_birthDate":{"extension":[{"url":"u","valueCode":"x"}]}}',
    patient(
      '<gender value="male" id="g"/><birthDate><extension url="u"><valueCode value="x"/></extension></birthDate>',
    ),
  ],
  [
    'arrays padded with null',
    '{"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"extension":[{"url":"u","valueCode":"x"}]},{"id":"i"}]}]}',
    patient(
      '<name><given value="a"/><given><extension url="u"><valueCode value="x"/></extension></given><given value="c" id="i"/></name>',
    ),
  ],
  [
    'an array of which no item has a value',
    '{"resourceType":"Patient","name":[{"_given":[{"extension":[{"url":"u","valueCode":"x"}]}]}]}',
    patient('<name><given><extension url="u"><valueCode value="x"/></extension></given></name>'),
  ],
  [
    'ids of elements as attributes, nested extensions',
    '{"resourceType":"Patient","extension":[{"id":"e","url":"u","extension":[{"url":"v","valueInteger":3}]}],"name":[{"id":"n","text":"x"}]}',
    patient(
      '<extension id="e" url="u"><extension url="v"><valueInteger value="3"/></extension></extension><name id="n"><text value="x"/></name>',
    ),
  ],
  [
    'resources inside resources',
    '{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"a","name":"x"},{"resourceType":"Patient"}]}',
    patient(
      '<contained><Organization><id value="a"/><name value="x"/></Organization></contained><contained><Patient/></contained>',
    ),
  ],
  [
    'an entry of a bundle',
    '{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","active":false}}]}',
    '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><fullUrl value="urn:uuid:1"/><resource><Patient><active value="false"/></Patient></resource></entry></Bundle>',
  ],
  [
    'an element named resourceType',
    '{"resourceType":"ExampleScenario","instance":[{"resourceId":"a","resourceType":"Patient"}]}',
    '<ExampleScenario xmlns="http://hl7.org/fhir"><instance><resourceId value="a"/><resourceType value="Patient"/></instance></ExampleScenario>',
  ],
  [
    'decimals with their text',
    '{"resourceType":"Observation","valueQuantity":{"value":1.50},"component":[{"valueQuantity":{"value":1E+2}},{"valueQuantity":{"value":-0.0000001}},{"valueQuantity":{"value":12345678901234567890.10}}]}',
    '<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="1.50"/></valueQuantity><component><valueQuantity><value value="1E+2"/></valueQuantity></component><component><valueQuantity><value value="-0.0000001"/></valueQuantity></component><component><valueQuantity><value value="12345678901234567890.10"/></valueQuantity></component></Observation>',
  ],
  [
    'white space and markup in values',
    '{"resourceType":"Patient","name":[{"text":" a\\tb\\r\\nc <&> \\"d\\" \'e\' \u{1f600} "}]}',
    patient('<name><text value=" a&#x9;b&#xD;&#xA;c &lt;&amp;&gt; &quot;d&quot; \'e\' \u{1f600} "/></name>'),
  ],
  [
    'the narrative as it stands',
    '{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">\\n <p class=\'x\'>a &lt; b &#160;<br/><br></br><!-- c --></p></div>"}}',
    patient(
      '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">\n <p class=\'x\'>a &lt; b &#160;<br/><br></br><!-- c --></p></div></text>',
    ),
  ],
];

describe('both ways', () => {
  it.each(PAIRS)('%s', (_name, json, xml) => {
    expect(toXml(json)).toBe(xml);
    expect(toJson(xml)).toBe(json);
  });
});

describe('renderXml', () => {
  it('puts elements into the order of the standard', () => {
    const json =
      '{"birthDate":"1990","_gender":{"id":"g"},"resourceType":"Patient","gender":"male","id":"a"}';
    expect(toXml(json)).toBe(
      patient('<id value="a"/><gender value="male" id="g"/><birthDate value="1990"/>'),
    );
  });

  it('indents, but not inside the narrative', () => {
    const json =
      '{"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>x</p></div>"},"contained":[{"resourceType":"Patient","active":true}],"active":true}';
    expect(renderXml(definitions, tree(json), { pretty: true })).toBe(`${HEAD}
<Patient xmlns="http://hl7.org/fhir">
  <text>
    <status value="empty"/>
    <div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>
  </text>
  <contained>
    <Patient>
      <active value="true"/>
    </Patient>
  </contained>
  <active value="true"/>
</Patient>
`);
  });

  it('gives a narrative without a namespace that of XHTML', () => {
    expect(toXml('{"resourceType":"Patient","text":{"div":"<div title=\\"a>b\\">x</div>"}}')).toBe(
      patient('<text><div xmlns="http://www.w3.org/1999/xhtml" title="a>b">x</div></text>'),
    );
  });

  it('can always say an outcome', () => {
    const issue = { severity: 'error', code: 'value', diagnostics: 'a\u0001b\uffff<c' };
    expect(toXml(JSON.stringify({ resourceType: 'OperationOutcome', issue: [issue] }))).toBe(
      '<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/><code value="value"/><diagnostics value="a\ufffdb\ufffd&lt;c"/></issue></OperationOutcome>',
    );
  });

  const UNSAYABLE: readonly (readonly [json: string, expression: string, words: string])[] = [
    ['{"resourceType":"Patient","name":[{"text":"a\\u0001"}]}', 'Patient.name[0].text', 'U+0001'],
    ['{"resourceType":"Patient","name":[{"text":"a\\uffff"}]}', 'Patient.name[0].text', 'U+FFFF'],
    ['{"resourceType":"Patient","nme":"x"}', 'Patient', 'no element "nme"'],
    ['{"resourceType":"Patient","_name":[{"id":"x"}]}', 'Patient', 'no element "_name"'],
    ['{"resourceType":"Patient","constructor":"x"}', 'Patient', 'no element "constructor"'],
    ['{"resourceType":"Patient","gender":{"a":1}}', 'Patient.gender', 'a single value is needed'],
    ['{"resourceType":"Patient","name":["x"]}', 'Patient.name[0]', 'an object is needed'],
    ['{"resourceType":"Patient","contained":[{}]}', 'Patient.contained[0]', 'not a resource type'],
    ['{"resourceType":"Patient","text":{"div":"<div>"}}', 'Patient.text.div', 'not closed'],
    ['{"resourceType":"Patient","text":{"div":"<div xmlns=\\"x\\"/>"}}', 'Patient.text.div', 'namespace "x"'],
  ];
  it.each(UNSAYABLE)('answers 406 for %s', (json, expression, words) => {
    const error = refusal(() => toXml(json));
    expect(error.status).toBe(406);
    expect(error.issues[0]!.expression).toEqual([expression]);
    expect(error.issues[0]!.diagnostics).toContain(words);
  });
});

describe('parseXml', () => {
  it('ignores comments, processing instructions, white space and xsi attributes', () => {
    const xml = `\ufeff${HEAD}<!-- a -->\n<?x y?><Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
      xsi:schemaLocation="http://hl7.org/fhir fhir.xsd">\r\n <!-- b --> <active value="true"/><?z?> </Patient>\n<!-- c -->`;
    expect(toJson(xml)).toBe('{"resourceType":"Patient","active":true}');
  });

  it('knows the namespace, not the prefix', () => {
    const xml =
      '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text><f:status value="empty"/><h:div><h:p title="a&quot;b">x &amp; y</h:p><h:br/></h:div></f:text><f:active value="true"/></f:Patient>';
    expect(toJson(xml)).toBe(
      '{"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p title=\\"a&#34;b\\">x &amp; y</p><br/></div>"},"active":true}',
    );
  });

  it('trims what XML Schema trims, and keeps the space of strings', () => {
    const xml = patient(
      '<active value=" true "/><name><text value=" x "/></name><gender value="\n male"/><birthDate value=" 1990 "/>',
    );
    expect(toJson(xml)).toBe(
      '{"resourceType":"Patient","active":true,"name":[{"text":" x "}],"gender":"male","birthDate":"1990"}',
    );
  });

  it('refuses deep nesting, in a narrative too', () => {
    const deep = [
      patient(`<extension url="u">${'<extension url="u">'.repeat(500)}`),
      patient(`<text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">${'<p>'.repeat(500)}`),
    ];
    for (const xml of deep) {
      expect(refusal(() => parseXml(definitions, xml)).issues[0]!.diagnostics).toContain('deeper than 100');
    }
  });

  it('refuses absurd numbers', () => {
    const number = (text: string) =>
      `<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="${text}"/></valueQuantity></Observation>`;
    for (const text of ['1'.repeat(2000), '1e99999999999']) {
      expect(refusal(() => parseXml(definitions, number(text))).status).toBe(400);
    }
  });
});
