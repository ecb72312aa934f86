/**
 * A few bits that tell which keys a resource can have at all: a row that is walked over needs no look-up when a bit is missing. Kept on the rows of
 * compartments, since what is asked of a patient is most often a part of the record. https://en.wikipedia.org/wiki/Bloom_filter
 */

/** Of a row that tells nothing: every bit is set. */
export const ANY_KEY = -1;

/** So many that SQLite keeps a signature in six bytes, in two halves since bit operations have 32. */
const HALF = 23;

/** The bits of some keys. */
export function signatureOf(keys: readonly number[]): number {
  let [low, high] = [0, 0];
  for (const key of keys) {
    const hash = Math.imul(key, 0x9e3779b1) ^ (Math.imul(key, 0x85ebca6b) >>> 13);
    const [one, other] = [(hash >>> 4) % (2 * HALF), (hash >>> 16) % (2 * HALF)];
    if (one < HALF) low |= 1 << one;
    else high |= 1 << (one - HALF);
    if (other < HALF) low |= 1 << other;
    else high |= 1 << (other - HALF);
  }
  return high * 2 ** HALF + low;
}
