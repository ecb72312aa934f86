// Bundles put together from texts are JSON, with the texts in them byte for byte.

import { describe, expect, it } from '@jest/globals';
import { bundlePieces, type BundleEntry, type BundleLink } from '../../../src/rest/bundle-text.ts';

const HEAD = { type: 'searchset', id: 'x', instant: Date.UTC(2024, 0, 31, 1, 2, 3, 4) };
const textOf = (
  head: Parameters<typeof bundlePieces>[0],
  links: readonly BundleLink[],
  entries: readonly BundleEntry[],
): string => Buffer.concat(bundlePieces(head, links, entries)).toString('utf8');
const resource = (text: string): Uint8Array => Buffer.from(text);

describe('bundlePieces', () => {
  it('has neither empty arrays nor absent properties', () => {
    expect(textOf(HEAD, [], [])).toBe(
      '{"resourceType":"Bundle","id":"x","meta":{"lastUpdated":"2024-01-31T01:02:03.004Z"},"type":"searchset"}',
    );
  });

  it('tells a total of zero, and links', () => {
    const links: BundleLink[] = [{ relation: 'self', url: 'http://x/fhir/Patient?name="' }];
    expect(JSON.parse(textOf({ ...HEAD, total: 0 }, links, []))).toMatchObject({ total: 0, link: links });
  });

  it.each<[string, BundleEntry, object]>([
    ['a resource alone', { resource: resource('{"a":1}'), rest: {} }, { resource: { a: 1 } }],
    [
      'fullUrl, resource and the rest',
      { fullUrl: 'http://x/"', resource: resource('{"a":1}'), rest: { search: { mode: 'match' } } },
      { fullUrl: 'http://x/"', resource: { a: 1 }, search: { mode: 'match' } },
    ],
    [
      'no resource',
      { fullUrl: 'u', rest: { response: { status: '204' } } },
      { fullUrl: 'u', response: { status: '204' } },
    ],
    ['the rest alone', { rest: { response: { status: '200 OK' } } }, { response: { status: '200 OK' } }],
    ['fullUrl alone', { fullUrl: 'u', rest: {} }, { fullUrl: 'u' }],
    [
      'undefined in the rest',
      { rest: { response: undefined, search: { mode: 'match' } } },
      { search: { mode: 'match' } },
    ],
    ['nothing', { rest: {} }, {}],
  ])('an entry with %s', (_name, entry, expected) => {
    const bundle = JSON.parse(textOf(HEAD, [], [entry, entry])) as { entry: object[] };
    expect(bundle.entry).toEqual([expected, expected]);
  });

  it('keeps the text of a resource as it is', () => {
    const text = '{"resourceType":"Observation","b":1.50,"a":"\\u00e4ö😀"}';
    expect(textOf(HEAD, [], [{ resource: resource(text), rest: {} }])).toContain(`"resource":${text}}`);
  });
});
