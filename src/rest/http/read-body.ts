/**
 * Reads a request body as text: bounded before and after decompression, and strictly UTF-8 (a broken byte is never stored as U+FFFD).
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { fault } from '../../fhir/model/outcome.ts';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The media type in lower case without parameters; '' when none was sent. */
export function mediaType(header: string | undefined): string {
  return header === undefined ? '' : header.split(';', 1)[0]!.trim().toLowerCase();
}

/** Throws FhirError 413 above `most` bytes, 415 for an unknown encoding. */
export async function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  return collected(request, decoded(request), most);
}

/** Throws FhirError as `readBytes` does, 415 for an unknown charset, 400 for bytes that are not UTF-8. */
export async function readBody(request: IncomingMessage, most: number): Promise<string> {
  refuseCharset(request.headers['content-type']);
  const bytes = await readBytes(request, most);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw fault('syntax', 'The body is not valid UTF-8: send it as UTF-8');
  }
}

/** What was refused is not decompressed any further: a small body can hold a very large one. */
async function collected(request: IncomingMessage, stream: Readable, most: number): Promise<Buffer> {
  try {
    return await collect(stream, most);
  } catch (error) {
    if (stream !== request) {
      request.unpipe();
      stream.destroy();
    }
    throw error;
  }
}

function refuseCharset(header: string | undefined): void {
  const charset = header && /charset\s*=\s*"?([^";\s]+)/i.exec(header)?.[1];
  if (charset && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw fault('media-type', `charset is "${charset.slice(0, 40)}": FHIR is exchanged in UTF-8 only`);
  }
}

function tooLarge(most: number): Error {
  return fault('too-large', `The body is larger than ${most} bytes: send it in several requests`);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return request;
  const make = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (!make)
    throw fault(
      'media-type',
      `Content-Encoding is "${encoding.slice(0, 40)}": use gzip, deflate, br or none`,
    );
  const decoder = make();
  request.on('error', (error) => (decoder as unknown as Readable).destroy(error));
  return request.pipe(decoder) as unknown as Readable;
}

function collect(stream: Readable, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(tooLarge(most));
    });
    stream.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    stream.on('aborted', () => reject(fault('syntax', 'The request ended before its body was complete')));
    stream.on('error', () =>
      reject(
        fault(
          'syntax',
          'The body could not be read: it ended early or its Content-Encoding is not what it says',
        ),
      ),
    );
  });
}
