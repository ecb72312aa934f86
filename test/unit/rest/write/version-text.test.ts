// The text of a version: the client's order and decimals, our id, version and instant.

import { describe, expect, it } from '@jest/globals';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { versionBytes, versionText } from '../../../../src/rest/write/version-text.ts';

const INSTANT = Date.UTC(2024, 0, 31, 1, 2, 3, 4);
const META = '"versionId":"3","lastUpdated":"2024-01-31T01:02:03.004Z"';
const written = (sent: string, instant?: number): string => {
  const { body } = versionBytes(versionText(parseJson(sent) as ResourceTree, 'our-id'), 3, instant);
  return Buffer.from(body).toString('utf8');
};

describe('version text', () => {
  it.each([
    [
      'id and meta where none were',
      '{"resourceType":"Basic"}',
      `{"resourceType":"Basic","id":"our-id","meta":{${META}}}`,
    ],
    [
      'behind resourceType, wherever that is',
      '{"a":1.50,"resourceType":"Basic","b":2}',
      `{"a":1.50,"resourceType":"Basic","id":"our-id","meta":{${META}},"b":2}`,
    ],
    [
      'in their own places where there were some',
      '{"meta":{"tag":[]},"a":1,"id":"theirs","resourceType":"Basic","z":1e2}',
      `{"meta":{${META},"tag":[]},"a":1,"id":"our-id","resourceType":"Basic","z":1e2}`,
    ],
    [
      'meta behind id',
      '{"resourceType":"Basic","a":1,"id":"theirs","b":2}',
      `{"resourceType":"Basic","a":1,"id":"our-id","meta":{${META}},"b":2}`,
    ],
    [
      'version and instant instead of theirs, first in meta',
      '{"resourceType":"Basic","id":"x","meta":{"tag":[{"code":"a"}],"versionId":"9","lastUpdated":"1999","source":"#s"}}',
      `{"resourceType":"Basic","id":"our-id","meta":{${META},"tag":[{"code":"a"}],"source":"#s"}}`,
    ],
    [
      'meta that is no object',
      '{"resourceType":"Basic","id":"x","meta":"y"}',
      `{"resourceType":"Basic","id":"our-id","meta":{${META}}}`,
    ],
  ])('has %s', (_name, sent, expected) => {
    expect(written(sent, INSTANT)).toBe(expected);
  });

  it('leaves the tree as it was', () => {
    const tree = parseJson('{"resourceType":"Basic","meta":{"versionId":"9"}}') as ResourceTree;
    versionText(tree, 'our-id');
    expect(tree).toEqual({ resourceType: 'Basic', meta: { versionId: '9' } });
  });

  it.each(['{"resourceType":"Basic"}', '{"x":"äö😀","resourceType":"Basic","y":"ß"}'])(
    'has a place for the instant at the byte that it names: %s',
    (sent) => {
      const text = versionText(parseJson(sent) as ResourceTree, 'our-id');
      const { body, stampAt } = versionBytes(text, 3);
      body.set(Buffer.from(new Date(INSTANT).toISOString()), stampAt);
      expect(Buffer.from(body).toString('utf8')).toBe(written(sent, INSTANT));
    },
  );

  it('owns its bytes, so that they can be moved to another thread', () => {
    const { body } = versionBytes(versionText({ resourceType: 'Basic' }, 'x'), 1);
    expect(body.byteLength).toBe(body.buffer.byteLength);
  });
});
