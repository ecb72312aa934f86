// The compiled file: what is written is read, and what is no such file is refused.

import { describe, expect, it } from '@jest/globals';
import { deflateRawSync } from 'node:zlib';
import { MAGIC, readTables, type Header } from '../../../../src/fhir/definitions/file.ts';

function fileOf(header: object, ...bodies: Buffer[]): Buffer {
  const head = deflateRawSync(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.write(MAGIC, 'latin1');
  start.writeUInt32BE(head.length, 4);
  return Buffer.concat([start, head, ...bodies]);
}

const element = {
  name: 'item',
  path: 'T.item',
  min: 0,
  max: Infinity,
  choice: false,
  types: ['T'],
  targets: [],
};
const bodies = ['{"a":1}', '{"b":"é"}'].map((text) => deflateRawSync(text));
const header: Omit<Header, 'types'> & { types: unknown[] } = {
  fhirVersion: '4.0.1',
  types: [{ name: 'T', kind: 'resource', abstract: false, elements: [element] }],
  searchParameters: [],
  compartments: [],
  conformance: [
    ['ValueSet', 'http://e/a', '1', 0, bodies[0]!.length],
    ['ValueSet', 'http://e/b', '', bodies[0]!.length, bodies[1]!.length],
  ],
};

describe('readTables', () => {
  it('finds tables and resources, also in the midst of other bytes', () => {
    const file = fileOf(header, ...bodies);
    const shifted = Buffer.concat([Buffer.from('xxx'), file]).subarray(3);
    for (const bytes of [file, shifted]) {
      const tables = readTables(bytes);
      expect(tables.types[0]!.elements[0]!.max).toBe(Infinity);
      expect(tables.conformance.map(({ text }) => text())).toEqual(['{"a":1}', '{"b":"é"}']);
      expect(tables.conformance[0]).toMatchObject({ url: 'http://e/a', version: '1' });
    }
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['of another kind', Buffer.from('{"resourceType":"Bundle"}')],
    ['cut off', fileOf(header, ...bodies).subarray(0, 40)],
  ])('refuses a file that is %s', (_name, bytes) => {
    expect(() => readTables(bytes)).toThrow();
  });
});
