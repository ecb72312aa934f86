/**
 * A FhirResponse as bytes on the wire: stored JSON goes out as it is; XML and pretty JSON are made on demand; compressed when the client asks.
 */
import { isAscii } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { parseJson, prettyJson, stringifyJson } from '../../fhir/model/json.ts';
import type { ResourceTree } from '../../fhir/model/tree.ts';
import { renderXml } from '../../fhir/model/xml.ts';
import type { FhirResponse, ResponseBody } from '../request.ts';
import type { Format } from './negotiate.ts';

/** What an answer depends on. */
export const VARY = 'Accept, Accept-Encoding, Authorization, Origin';
/** Bodies below this many bytes are not worth compressing. */
const WORTH_COMPRESSING = 1400;
/** Bytes of an answer up to which that is worth a copy. */
const ONE_WRITE = 65_536;
const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** The body in the format that was asked for, as pieces to be written one after the other. */
export function renderBody(
  definitions: Definitions,
  body: ResponseBody,
  format: Format,
): readonly Uint8Array[] {
  if (format.kind === 'xml')
    return [Buffer.from(renderXml(definitions, treeOf(body), { pretty: format.pretty }))];
  if (format.pretty) return [Buffer.from(prettyJson(textOf(body)))];
  if (body.kind === 'pieces') return body.pieces;
  return [body.kind === 'bytes' ? body.bytes : Buffer.from(stringifyJson(body.tree))];
}

function textOf(body: ResponseBody): string {
  if (body.kind === 'tree') return stringifyJson(body.tree);
  return (body.kind === 'bytes' ? Buffer.from(body.bytes) : Buffer.concat(body.pieces)).toString('utf8');
}

function treeOf(body: ResponseBody): ResourceTree {
  return (body.kind === 'tree' ? body.tree : parseJson(textOf(body), { depth: 200 })) as ResourceTree;
}

/** Sends head and body. Never rejects: a client that went away is no error. */
export async function send(
  response: ServerResponse,
  answer: Pick<FhirResponse, 'status' | 'headers'>,
  pieces: readonly Uint8Array[],
  acceptEncoding: string | undefined,
  isHead: boolean,
): Promise<void> {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const headers: Record<string, string | number> = { ...answer.headers };
  const encoding =
    length >= WORTH_COMPRESSING && acceptEncoding !== undefined ? encodingFor(acceptEncoding) : undefined;
  let out = pieces;
  if (encoding) {
    out = [await compress(encoding, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length))];
    headers['content-encoding'] = encoding;
    headers['vary'] = VARY;
    length = out[0]!.length;
  }
  if (answer.status !== 304 && answer.status !== 204) headers['content-length'] = length;
  response.writeHead(answer.status, headers);
  if (isHead || length === 0) response.end();
  else endWith(response, out.length === 1 ? out[0]! : joined(out, length));
}

const scratch = Buffer.allocUnsafeSlow(ONE_WRITE);

/** One after the other. A small answer is put together in a place that is used again, since it is copied into a string at once. */
function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (length > ONE_WRITE) return Buffer.concat(pieces, length);
  let at = 0;
  for (const piece of pieces) {
    scratch.set(piece, at);
    at += piece.length;
  }
  const whole = scratch.subarray(0, length);
  return isAscii(whole) ? whole : Buffer.from(whole);
}

/** ASCII goes out as a one-byte string: Node then sends head and body in one write, which costs a third less. */
function endWith(response: ServerResponse, bytes: Uint8Array): void {
  if (bytes.length > ONE_WRITE || !isAscii(bytes)) {
    response.end(bytes);
    return;
  }
  response.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'latin1');
}

function encodingFor(accept: string): 'br' | 'gzip' | undefined {
  const weights = new Map(
    accept.split(',').map((one) => {
      const [name = '', q] = one
        .trim()
        .toLowerCase()
        .split(/\s*;\s*q=/);
      return [name, q === undefined ? 1 : Number(q)] as const;
    }),
  );
  const [br, gz] = [weights.get('br') ?? 0, weights.get('gzip') ?? weights.get('*') ?? 0];
  if (br > 0 && br >= gz) return 'br';
  return gz > 0 ? 'gzip' : undefined;
}

async function compress(encoding: 'br' | 'gzip', bytes: Uint8Array): Promise<Uint8Array> {
  if (encoding === 'gzip') return compressGzip(bytes, { level: 4 });
  return compressBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}
