// The body as a resource: its format, its type, and what is said when either is wrong.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { JsonValue, ResourceTree } from '../../../src/fhir/model/tree.ts';
import { asResource, sentResource, sentResourceOf } from '../../../src/rest/body.ts';
import type { RequestBody } from '../../../src/rest/request.ts';
import { contextOf } from './context.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const sent = (body: RequestBody | undefined): ResourceTree => sentResource(contextOf(definitions, { body }));
const text = (mediaType: string, body: string): RequestBody => ({ kind: 'text', mediaType, text: body });
const JSON_TEXT = '{"resourceType":"Patient","active":true}';
const XML_TEXT = '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>';

describe('sentResource', () => {
  it.each([
    ['application/fhir+json', JSON_TEXT],
    ['application/json', JSON_TEXT],
    ['text/json', JSON_TEXT],
    ['application/fhir+xml', XML_TEXT],
    ['application/xml', XML_TEXT],
    ['text/xml', XML_TEXT],
  ])('reads %s', (type, body) => {
    expect(sent(text(type, body))).toEqual({ resourceType: 'Patient', active: true });
  });

  it('takes a tree as it is', () => {
    const tree = { resourceType: 'Patient' };
    expect(sent({ kind: 'tree', tree })).toBe(tree);
  });

  it.each<[string, RequestBody | undefined, number, RegExp]>([
    ['no body', undefined, 400, /no body/],
    ['no media type', text('', JSON_TEXT), 415, /missing.*application\/fhir\+json/],
    ['another media type', text('text/plain', JSON_TEXT), 415, /text\/plain.*application\/fhir\+json/],
    ['JSON that is called XML', text('application/fhir+xml', JSON_TEXT), 400, /./],
    ['XML that is called JSON', text('application/fhir+json', XML_TEXT), 400, /./],
    ['an array', text('application/json', '[]'), 400, /object/],
    ['a string', text('application/json', '"x"'), 400, /object/],
    ['null', text('application/json', 'null'), 400, /object/],
    ['no resourceType', text('application/json', '{}'), 400, /resourceType is missing/],
    ['a resourceType that is no text', text('application/json', '{"resourceType":1}'), 400, /resourceType/],
    ['a near resourceType', text('application/json', '{"resourceType":"Patiens"}'), 400, /Patient/],
    [
      'an abstract resourceType',
      text('application/json', '{"resourceType":"DomainResource"}'),
      400,
      /not a resource type/,
    ],
  ])('refuses %s', (_name, body, status, message) => {
    expect(() => sent(body)).toThrow(expect.objectContaining({ status }));
    expect(() => sent(body)).toThrow(message);
  });
});

describe('asResource', () => {
  it.each<JsonValue | undefined>([undefined, null, 'x', [], {}, { resourceType: 'constructor' }])(
    'refuses %j',
    (tree) => {
      const refused = (): unknown => asResource(contextOf(definitions), tree, 'Bundle.entry[1].resource.');
      expect(refused).toThrow(
        expect.objectContaining({
          issues: [expect.objectContaining({ expression: ['Bundle.entry[1].resource.resourceType'] })],
        }),
      );
    },
  );
});

describe('sentResourceOf', () => {
  it('is of the type of the URL, or refused with both named', () => {
    const context = contextOf(definitions, { body: text('application/json', JSON_TEXT) });
    expect(sentResourceOf(context, 'Patient').resourceType).toBe('Patient');
    expect(() => sentResourceOf(context, 'Observation')).toThrow(/is a Patient.*names Observation/);
  });
});
