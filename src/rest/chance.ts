/** Random bytes drawn in stock: for a few of them, asking the system is dearer than all the rest. https://nodejs.org/api/crypto.html */
import { randomFillSync } from 'node:crypto';

const stock = Buffer.alloc(4096);
let used = stock.length;

/** Bytes that nobody else gets, to be used at once: their place is filled anew some time later. At most 64. */
export function chance(bytes: number): Uint8Array {
  if (used + bytes > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  used += bytes;
  return stock.subarray(used - bytes, used);
}
