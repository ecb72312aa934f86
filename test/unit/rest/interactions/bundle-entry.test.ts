// Entries of a Bundle as requests of their own. https://hl7.org/fhir/R4/bundle.html#bundle-request

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import type { JsonObject, JsonValue } from '../../../../src/fhir/model/tree.ts';
import { entryRequests, type EntryRequest } from '../../../../src/rest/interactions/bundle-entry.ts';
import { contextOf } from '../context.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const all = (bundle: JsonObject, headers: Record<string, string> = {}): (EntryRequest | FhirError)[] =>
  entryRequests(contextOf(definitions, { headers }), bundle);
function one(request: JsonValue, more: JsonObject = {}): EntryRequest {
  const [entry] = all({ entry: [{ request, ...more }] });
  if (entry instanceof FhirError) throw entry;
  return entry!;
}
const get = (url: string): EntryRequest => one({ method: 'GET', url });

describe('entryRequests', () => {
  it.each([
    ['Patient/1', ['Patient', '1'], []],
    ['/Patient/1', ['Patient', '1'], []],
    ['http://localhost:8080/fhir/Patient/1', ['Patient', '1'], []],
    ['Patient//1/', ['Patient', '1'], []],
    ['', [], []],
    ['/', [], []],
    ['metadata', ['metadata'], []],
    [
      'Patient?name=a&name=b%26c',
      ['Patient'],
      [
        ['name', 'a'],
        ['name', 'b&c'],
      ],
    ],
    ['?_type=Patient', [], [['_type', 'Patient']]],
    ['Patient/a%2Fb', ['Patient', 'a/b'], []],
    ['Patient?identifier=http://x?y|1', ['Patient'], [['identifier', 'http://x?y|1']]],
  ])('the URL %s', (url, path, query) => {
    const { path: gotPath, query: gotQuery } = get(url);
    expect([gotPath, gotQuery]).toEqual([path, query]);
  });

  it.each([
    ['http://other.example/fhir/Patient/1', /not below/],
    ['http://localhost:8080/fhirx/Patient/1', /not below/],
    ['urn:uuid:1', /not below/],
    ['mailto:x', /not below/],
    ['Patient/%ff', /UTF-8/],
    ['Patient?name=%', /UTF-8/],
  ])('refuses the URL %s', (url, message) => {
    expect(() => get(url)).toThrow(message);
  });

  it.each<[JsonValue, string[]]>([
    [{ method: 'GET' }, ['Bundle.entry[0].request.url']],
    [{ url: 'Patient' }, ['Bundle.entry[0].request.method']],
    [{ method: 'get', url: 'Patient' }, ['Bundle.entry[0].request.method']],
    [{ method: 'OPTIONS', url: 1 }, ['Bundle.entry[0].request.method', 'Bundle.entry[0].request.url']],
    ['GET Patient', ['Bundle.entry[0].request.method', 'Bundle.entry[0].request.url']],
    [null, ['Bundle.entry[0].request.method', 'Bundle.entry[0].request.url']],
  ])('refuses the request %j, every fault with its place', (request, places) => {
    const [entry] = all({ entry: [{ request }] });
    expect((entry as FhirError).issues.flatMap(({ expression }) => expression)).toEqual(places);
  });

  it('carries headers, resource, fullUrl and place', () => {
    const resource = { resourceType: 'Patient' };
    const conditions = { ifMatch: 'W/"1"', ifNoneMatch: '*', ifModifiedSince: 'x', ifNoneExist: 'a=b' };
    const entry = one(
      { method: 'PUT', url: 'Patient/1', ...conditions },
      { fullUrl: 'urn:uuid:1', resource },
    );
    expect(entry).toMatchObject({ method: 'PUT', place: 'Bundle.entry[0]', fullUrl: 'urn:uuid:1' });
    expect(entry.body).toEqual({ kind: 'tree', tree: resource });
    expect(entry.headers).toEqual({
      prefer: undefined,
      'if-match': 'W/"1"',
      'if-none-match': '*',
      'if-modified-since': 'x',
      'if-none-exist': 'a=b',
    });
  });

  it('has of the headers of the whole only Prefer', () => {
    const headers = { prefer: 'return=minimal', 'if-match': 'W/"9"', 'if-none-exist': 'x=y' };
    const [entry] = all({ entry: [{ request: { method: 'GET', url: 'Patient' } }] }, headers);
    expect((entry as EntryRequest).headers).toEqual({ prefer: 'return=minimal' });
  });

  it.each<[string, JsonObject]>([
    ['a resource that is a text', { resource: 'x' }],
    ['a fullUrl that is a number', { fullUrl: 1 }],
    ['conditions that are no texts', {}],
  ])('leaves out %s', (_name, more) => {
    const entry = one({ method: 'PUT', url: 'Patient/1', ifMatch: 1, ifNoneExist: [] }, more);
    expect([entry.body, entry.fullUrl, entry.headers]).toEqual([undefined, undefined, { prefer: undefined }]);
  });

  it('spoils only the entry that is malformed', () => {
    const good = { request: { method: 'GET', url: 'Patient' } };
    const entries = all({ entry: [good, null, good] });
    expect(entries.map((entry) => entry instanceof FhirError)).toEqual([false, true, false]);
    expect((entries[2] as EntryRequest).place).toBe('Bundle.entry[2]');
  });

  it('takes no entries, and no more than it may', () => {
    const good = { request: { method: 'GET', url: 'Patient' } };
    expect(all({})).toEqual([]);
    expect(all({ entry: [good, good, good] })).toHaveLength(3);
    expect(() => all({ entry: [good, good, good, good] })).toThrow(expect.objectContaining({ status: 413 }));
    expect(() => all({ entry: { 0: good } })).toThrow(/array/);
  });
});
