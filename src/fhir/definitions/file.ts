/**
 * The compiled definitions as one file: a small header of tables, and behind it each conformance resource packed on its own, so that only what is
 * asked for is unpacked. Layout: 4 bytes magic `EGD1`, 4 bytes header length (big endian), header (deflated JSON), packed resources.
 */
import { inflateRawSync } from 'node:zlib';
import type { Tables } from './load.ts';

export const MAGIC = 'EGD1';

export interface Header extends Omit<Tables, 'conformance'> {
  readonly conformance: readonly (readonly [
    type: string,
    url: string,
    version: string,
    offset: number,
    length: number,
  ])[];
}

/** Reads the tables out of the bytes of the file. Throws an Error when they are not such a file. */
export function readTables(bytes: Uint8Array): Tables {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', 0, 4) !== MAGIC) throw new Error('not a definitions file of this version');
  const start = 8 + buffer.readUInt32BE(4);
  const header = JSON.parse(inflateRawSync(buffer.subarray(8, start)).toString('utf8')) as Header;
  // JSON has no Infinity: the writer left null for `*`.
  for (const type of header.types)
    for (const element of type.elements)
      if (element.max === null) (element as { max: number }).max = Infinity;
  const conformance = header.conformance.map(([resourceType, url, version, offset, length]) => ({
    resourceType,
    url,
    version,
    text: () => inflateRawSync(buffer.subarray(start + offset, start + offset + length)).toString('utf8'),
  }));
  return { ...header, conformance };
}
