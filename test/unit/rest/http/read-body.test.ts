// Bodies are read whole, within bounds, and as UTF-8 only.

import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { mediaType, readBody, readBytes } from '../../../../src/rest/http/read-body.ts';

const MOST = 1000;

/** What of a request the reading looks at. */
function request(pieces: readonly Uint8Array[], headers: Record<string, string> = {}): IncomingMessage {
  return Object.assign(Readable.from(pieces, { objectMode: false }), {
    headers,
  }) as unknown as IncomingMessage;
}
const read = (body: string | Uint8Array, headers?: Record<string, string>): Promise<string> =>
  readBody(request([Buffer.from(body)], headers), MOST);

describe('mediaType', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['application/fhir+json', 'application/fhir+json'],
    ['Application/FHIR+JSON; charset=UTF-8', 'application/fhir+json'],
    [' text/xml ;x', 'text/xml'],
    [';', ''],
  ])('of %s is %s', (header, type) => {
    expect(mediaType(header)).toBe(type);
  });
});

describe('readBody', () => {
  it('joins the pieces, also where a letter is cut in two', async () => {
    const bytes = Buffer.from('aäö😀z');
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await readBody(request([bytes.subarray(0, cut), bytes.subarray(cut)]), MOST)).toBe('aäö😀z');
    }
  });

  it('drops a byte order mark', async () => {
    expect(await read('\ufeff{}')).toBe('{}');
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
    ['identity', (text: string) => Buffer.from(text)],
    ['', (text: string) => Buffer.from(text)],
  ])('unpacks %s', async (encoding, pack) => {
    expect(await read(pack('{"a":"ä"}'), { 'content-encoding': encoding })).toBe('{"a":"ä"}');
  });

  it.each(['utf-8', 'UTF8', '"utf-8"', 'us-ascii'])('takes the charset %s', async (charset) => {
    expect(await read('{}', { 'content-type': `application/json; charset=${charset}` })).toBe('{}');
  });

  it.each([
    [
      'a charset that is not UTF-8',
      415,
      () => read('{}', { 'content-type': 'application/json; charset=latin1' }),
    ],
    ['an unknown encoding', 415, () => read('{}', { 'content-encoding': 'zip' })],
    ['an encoding named like a property', 415, () => read('{}', { 'content-encoding': 'constructor' })],
    ['two encodings', 415, () => read('{}', { 'content-encoding': 'gzip, br' })],
    ['bytes that are no UTF-8', 400, () => read(Buffer.from([0x22, 0xff, 0x22]))],
    ['half a letter', 400, () => read(Buffer.from('ä').subarray(0, 1))],
    ['a surrogate as bytes', 400, () => read(Buffer.from([0xed, 0xa0, 0x80]))],
    ['what is not packed as it says', 400, () => read('{}', { 'content-encoding': 'gzip' })],
    [
      'half of what was packed',
      400,
      () => read(gzipSync('x'.repeat(50)).subarray(0, 15), { 'content-encoding': 'gzip' }),
    ],
    ['too many bytes', 413, () => read('x'.repeat(MOST + 1))],
    ['a length that is too large', 413, () => read('x', { 'content-length': String(MOST + 1) })],
    [
      'too many bytes once unpacked',
      413,
      () => read(gzipSync('x'.repeat(MOST + 1)), { 'content-encoding': 'gzip' }),
    ],
  ])('refuses %s with %d', async (_name, status, work) => {
    await expect(work()).rejects.toMatchObject({ name: 'FhirError', status });
  });

  it('takes exactly as much as is allowed', async () => {
    expect(await read('x'.repeat(MOST), { 'content-length': String(MOST) })).toHaveLength(MOST);
    expect(await read(gzipSync('x'.repeat(MOST)), { 'content-encoding': 'gzip' })).toHaveLength(MOST);
  });

  it('unpacks no more of a bomb than it must', async () => {
    const bomb = gzipSync(Buffer.alloc(500_000_000));
    const started = performance.now();
    await expect(read(bomb, { 'content-encoding': 'gzip' })).rejects.toMatchObject({ status: 413 });
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('refuses a body whose sender went away', async () => {
    const broken = new Readable({ read: () => undefined });
    const reading = readBody(Object.assign(broken, { headers: {} }) as unknown as IncomingMessage, MOST);
    broken.push('{"resourceType":');
    broken.destroy(new Error('gone'));
    await expect(reading).rejects.toMatchObject({ status: 400 });
  });
});

describe('readBytes', () => {
  it('gives bytes of any kind', async () => {
    const bytes = Buffer.from([0, 0xff, 0xfe]);
    expect(await readBytes(request([bytes], { 'content-type': 'image/png; charset=latin1' }), MOST)).toEqual(
      bytes,
    );
  });
});
