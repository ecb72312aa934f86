// Binary in its native form. https://hl7.org/fhir/R4/binary.html#rest

import { describe, expect, it } from '@jest/globals';
import { binaryOf, contentOf, sendsContent, wantsContent } from '../../../../src/rest/http/binary.ts';
import type { FhirResponse } from '../../../../src/rest/request.ts';

describe('wantsContent', () => {
  it.each([
    ['GET', 'Binary/1', undefined, true],
    ['HEAD', 'Binary/1', undefined, true],
    ['GET', 'Binary/1', '*/*', true],
    ['GET', 'Binary/1', 'image/png', true],
    ['GET', 'Binary/1/_history/2', 'image/png', true],
    ['GET', 'Binary/1', 'application/fhir+json', false],
    ['GET', 'Binary/1', 'application/xml;q=0.5, */*;q=0.1', false],
    ['PUT', 'Binary/1', undefined, false],
    ['GET', 'Binary', undefined, false],
    ['GET', 'Binary/_history', undefined, false],
    ['GET', 'Binary/1/_history', undefined, false],
    ['GET', 'Patient/1', undefined, false],
  ])('%s %s with Accept %s: %s', (method, path, accept, expected) => {
    expect(wantsContent(method, path.split('/'), accept, [])).toBe(expected);
  });

  it('gives way to _format', () => {
    expect(wantsContent('GET', ['Binary', '1'], 'image/png', [['_format', 'json']])).toBe(false);
  });
});

describe('sendsContent', () => {
  it.each([
    ['POST', 'Binary', 'image/png', true],
    ['PUT', 'Binary/1', 'text/plain', true],
    ['POST', 'Binary', 'application/fhir+json', false],
    ['POST', 'Binary', 'application/fhir+xml', false],
    ['PUT', 'Binary/1', '', false],
    ['PATCH', 'Binary/1', 'application/json-patch+json', false],
    ['POST', 'Binary/_search', 'application/x-www-form-urlencoded', false],
    ['POST', 'Patient', 'image/png', false],
  ])('%s %s as %s: %s', (method, path, type, expected) => {
    expect(sendsContent(method, path.split('/'), type)).toBe(expected);
  });

  it('becomes a resource with all that was said', () => {
    expect(binaryOf(['Binary', '1'], 'text/plain; x=y', 'Patient/1', Buffer.from('hi'))).toEqual({
      resourceType: 'Binary',
      id: '1',
      contentType: 'text/plain; x=y',
      securityContext: { reference: 'Patient/1' },
      data: 'aGk=',
    });
    expect(binaryOf(['Binary'], 'text/plain', undefined, Buffer.from('hi'))).not.toHaveProperty('id');
  });
});

describe('contentOf', () => {
  const answer = (resource: object): FhirResponse => ({
    status: 200,
    headers: { etag: 'W/"1"' },
    body: { kind: 'bytes', bytes: Buffer.from(JSON.stringify({ resourceType: 'Binary', ...resource })) },
  });

  it('has the bytes, their type and the headers of the version, and is never run as a page', () => {
    const content = contentOf(answer({ contentType: 'text/html', data: 'PGI+' }));
    expect(content?.body).toEqual({ kind: 'bytes', bytes: Buffer.from('<b>') });
    expect(content?.headers).toMatchObject({
      etag: 'W/"1"',
      'content-type': 'text/html',
      'content-disposition': 'attachment',
      'content-security-policy': expect.stringContaining('sandbox'),
    });
  });

  it.each(['text/€', 'a\r\nset-cookie: x=y', '', 7])(
    'has no type that a header cannot hold: %j',
    (contentType) => {
      expect(contentOf(answer({ contentType, data: 'PGI+' }))?.headers['content-type']).toBe(
        'application/octet-stream',
      );
    },
  );

  it('is nothing where there is no content', () => {
    expect(contentOf(answer({ contentType: 'text/plain' }))).toBeUndefined();
    expect(contentOf({ status: 200, headers: {} })).toBeUndefined();
  });
});
