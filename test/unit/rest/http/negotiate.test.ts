// Which format an answer has. https://hl7.org/fhir/R4/http.html#mime-type

import { describe, expect, it } from '@jest/globals';
import { negotiate } from '../../../../src/rest/http/negotiate.ts';

const FHIR_JSON = 'application/fhir+json; charset=utf-8';
const FHIR_XML = 'application/fhir+xml; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const XML_TYPE = 'application/xml; charset=utf-8';

describe('negotiate', () => {
  it.each([
    [undefined, FHIR_JSON],
    ['*/*', FHIR_JSON],
    ['application/*', FHIR_JSON],
    ['application/fhir+json', FHIR_JSON],
    ['application/fhir+json; fhirVersion=4.0', FHIR_JSON],
    ['application/fhir+json, */*; q=0.1', FHIR_JSON],
    ['application/fhir+xml', FHIR_XML],
    ['APPLICATION/FHIR+XML', FHIR_XML],
    ['application/fhir+xml;q=0.9, application/fhir+json;q=0.8', FHIR_XML],
    ['application/fhir+json;q=0.8, application/fhir+xml;q=0.9', FHIR_XML],
    ['application/json', JSON_TYPE],
    ['text/json', FHIR_JSON],
    ['application/xml', XML_TYPE],
    ['text/xml', FHIR_XML],
    ['text/html, */*;q=0.1', FHIR_JSON],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', XML_TYPE],
    ['text/turtle, application/xml', XML_TYPE],
    ['application/xml;q=x, application/json', JSON_TYPE],
  ])('Accept: %s gives %s', (accept, contentType) => {
    expect(negotiate(accept, []).contentType).toBe(contentType);
  });

  it.each([
    ['json', FHIR_JSON],
    ['xml', FHIR_XML],
    ['XML', FHIR_XML],
    ['application/fhir+xml', FHIR_XML],
    ['application/fhir xml', FHIR_XML],
    ['application/json', JSON_TYPE],
    ['application/xml; charset=utf-8', XML_TYPE],
    ['text/xml', FHIR_XML],
  ])('_format=%s gives %s, whatever Accept says', (format, contentType) => {
    expect(negotiate('text/turtle', [['_format', format]]).contentType).toBe(contentType);
  });

  it('takes the last _format', () => {
    const query = [
      ['_format', 'turtle'],
      ['_format', 'xml'],
    ] as const;
    expect(negotiate(undefined, query).kind).toBe('xml');
  });

  it.each([
    'text/html',
    'text/turtle',
    '',
    ',',
    'application/fhir+json;q=0',
    '*/*;q=0',
    'application/fhir+yaml',
    'application/fhir+jsonx',
  ])('Accept: %j is 406 and says what would do', (accept) => {
    expect(() => negotiate(accept, [])).toThrow(/application\/fhir\+json or application\/fhir\+xml/);
    expect(() => negotiate(accept, [])).toThrow(expect.objectContaining({ status: 406 }));
  });

  it.each(['', 'html', 'turtle', 'constructor', 'toString', '__proto__', 'x'.repeat(5000)])(
    '_format=%s is 406',
    (format) => {
      expect(() => negotiate(undefined, [['_format', format]])).toThrow(
        expect.objectContaining({ status: 406 }),
      );
    },
  );

  it('is pretty on demand, and only for true', () => {
    expect(negotiate(undefined, [['_pretty', 'true']])).toMatchObject({ pretty: true, kind: 'json' });
    expect(negotiate(undefined, [['_pretty', 'false']]).pretty).toBe(false);
    expect(negotiate(undefined, []).pretty).toBe(false);
  });
});
