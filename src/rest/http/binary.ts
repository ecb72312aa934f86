/**
 * Binary in its native form: what was stored comes back as it is unless a FHIR format is asked for, and any content can be sent as it is.
 * https://hl7.org/fhir/R4/binary.html#rest
 */
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';
import { FORM, JSON_PATCH, JSON_TYPES, XML_TYPES } from '../body.ts';
import type { FhirResponse, ResponseBody } from '../request.ts';
import { parseJson } from '../../fhir/model/json.ts';

const FHIR_BODIES = [...JSON_TYPES, ...XML_TYPES, JSON_PATCH, FORM, ''];
const FHIR_FORMAT = /\b(?:application|text)\/(?:fhir\+)?(?:json|xml)\b/;
/** Stored content is somebody else's: it is never run as a page of this origin. */
const SAFE_HEADERS = {
  'content-disposition': 'attachment',
  'content-security-policy': "sandbox; default-src 'none'",
};

/** Whether a read of `Binary/id` is to be answered with the content itself. */
export function wantsContent(
  method: string,
  path: readonly string[],
  accept: string | undefined,
  asked: readonly (readonly [string, string])[],
): boolean {
  const isRead = (method === 'GET' || method === 'HEAD') && path[0] === 'Binary' && isInstance(path);
  return (
    isRead &&
    !asked.some(([name]) => name === '_format') &&
    !(accept !== undefined && FHIR_FORMAT.test(accept))
  );
}

function isInstance(path: readonly string[]): boolean {
  return (path.length === 2 && !path[1]!.startsWith('_')) || (path.length === 4 && path[2] === '_history');
}

/** Whether the body of a create or update of a Binary is the content itself. */
export function sendsContent(method: string, path: readonly string[], mediaType: string): boolean {
  const isWrite = (method === 'POST' && path.length === 1) || (method === 'PUT' && path.length === 2);
  return isWrite && path[0] === 'Binary' && !FHIR_BODIES.includes(mediaType);
}

/** The Binary resource for content that was sent as it is. X-Security-Context becomes securityContext. */
export function binaryOf(
  path: readonly string[],
  contentType: string,
  context: string | undefined,
  bytes: Buffer,
): JsonObject {
  return {
    resourceType: 'Binary',
    ...(path[1] !== undefined && { id: path[1] }),
    contentType,
    ...(context !== undefined && { securityContext: { reference: context } }),
    data: bytes.toString('base64'),
  };
}

/** What a header may hold: visible ASCII and spaces. */
const SENDABLE = /^[\x20-\x7e]+$/;

/** The content of a Binary that was read, with its own type; undefined for one without content, which goes out as a resource. */
export function contentOf(response: FhirResponse): FhirResponse | undefined {
  const tree = response.body && treeOf(response.body);
  if (!isObject(tree) || typeof tree['data'] !== 'string') return undefined;
  const stored = tree['contentType'];
  const type = typeof stored === 'string' && SENDABLE.test(stored) ? stored : 'application/octet-stream';
  const headers = { ...response.headers, ...SAFE_HEADERS, 'content-type': type };
  return { ...response, headers, body: { kind: 'bytes', bytes: Buffer.from(tree['data'], 'base64') } };
}

function treeOf(body: ResponseBody): JsonValue {
  if (body.kind === 'tree') return body.tree;
  const bytes = body.kind === 'bytes' ? Buffer.from(body.bytes) : Buffer.concat(body.pieces);
  return parseJson(bytes.toString('utf8'));
}
