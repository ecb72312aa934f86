/** New logical ids: UUID version 7, so that neighbours in time are neighbours in an index. https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
/** Chance for many ids: asking the system for it is dearer than all the rest. */
const chance = Buffer.alloc(256 * BYTES);
let used = chance.length;

export function uuidv7(): string {
  if (used === chance.length) {
    randomFillSync(chance);
    used = 0;
  }
  used += BYTES;
  return v7({ random: chance.subarray(used - BYTES, used) });
}
