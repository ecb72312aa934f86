/**
 * Paging cursors: a store's position, sealed together with the question it belongs to and with who asked it, so that it can be used for nothing else and
 * by nobody else, and tells nothing. https://hl7.org/fhir/R4/http.html#paging
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { OPEN_ACCESS } from '../access/context.ts';
import { fault } from '../fhir/model/outcome.ts';
import { chance } from './chance.ts';
import type { Context } from './record.ts';

export const CURSOR = '_cursor';

/** A question (path and parameters) together with who asks it. */
export function bound({ access }: Pick<Context, 'access'>, question: string): string {
  return access === OPEN_ACCESS ? question : `${question}\n${access.caller}`;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `question` is all that the position depends on: path, parameters, caller. */
export function sealCursor(secret: Uint8Array, question: string, position: string): string {
  const nonce = chance(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce).setAAD(Buffer.from(question));
  const sealed = Buffer.concat([cipher.update(position, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The position of a cursor that this server made for this very question. Throws FhirError 400 for any other. */
export function openCursor(secret: Uint8Array, question: string, cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const from = NONCE_BYTES + TAG_BYTES;
  // Nothing but the text that was given: base64 can be written in several ways.
  if (bytes.length < from || bytes.toString('base64url') !== cursor) throw foreign();
  const decipher = createDecipheriv(CIPHER, keyOf(secret), bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(question)).setAuthTag(bytes.subarray(NONCE_BYTES, from));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(from)), decipher.final()]).toString('utf8');
  } catch {
    throw foreign();
  }
}

function foreign(): Error {
  return fault(
    'value',
    `${CURSOR} is not one that this server made for this request: follow the "next" link as it is, or begin at the first page`,
  );
}

const keys = new WeakMap<Uint8Array, KeyObject>();

/** A key object is dear to make: once a secret. */
function keyOf(secret: Uint8Array): KeyObject {
  let key = keys.get(secret);
  if (!key) keys.set(secret, (key = createSecretKey(secret)));
  return key;
}
