/**
 * Paging cursors: a store's position, signed together with the question it belongs to, so that it can be used for nothing else.
 * https://hl7.org/fhir/R4/http.html#paging
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { fault } from '../fhir/model/outcome.ts';

export const CURSOR = '_cursor';

/** `question` is all that the position depends on: path, parameters and, later, the caller. */
export function sealCursor(secret: Uint8Array, question: string, position: string): string {
  return `${Buffer.from(position).toString('base64url')}.${sign(secret, question, position)}`;
}

/** The position of a cursor that this server made for this very question. Throws FhirError 400 for any other. */
export function openCursor(secret: Uint8Array, question: string, cursor: string): string {
  const [encoded = '', signature = ''] = cursor.split('.');
  const position = Buffer.from(encoded, 'base64url').toString('utf8');
  const expected = Buffer.from(sign(secret, question, position));
  const given = Buffer.from(signature);
  if (given.length === expected.length && timingSafeEqual(given, expected)) return position;
  throw fault(
    'value',
    `${CURSOR} is not one that this server made for this request: follow the "next" link as it is, or begin at the first page`,
  );
}

function sign(secret: Uint8Array, question: string, position: string): string {
  return createHmac('sha256', keyOf(secret))
    .update(`${question}\n${position}`)
    .digest('base64url')
    .slice(0, 22);
}

const keys = new WeakMap<Uint8Array, KeyObject>();

/** A key object is dear to make: once a secret. */
function keyOf(secret: Uint8Array): KeyObject {
  let key = keys.get(secret);
  if (!key) keys.set(secret, (key = createSecretKey(secret)));
  return key;
}
