/**
 * Sets of the concepts of one imported code system. A concept is a number from 0, a set is one bit each: 400,000 concepts are 50 kB, and `and`, `or` and
 * `minus` of two sets take microseconds. Kept sets are packed as the differences of rising numbers. https://protobuf.dev/programming-guides/encoding/#varints
 */
export type ConceptSet = Uint32Array;

export const emptySet = (size: number): ConceptSet => new Uint32Array((size + 31) >>> 5);

export function fullSet(size: number): ConceptSet {
  const set = emptySet(size).fill(0xffffffff);
  if (size % 32 !== 0) set[set.length - 1] = 2 ** (size % 32) - 1;
  return set;
}

export const hasBit = (set: ConceptSet, id: number): boolean => (set[id >>> 5]! & (1 << (id & 31))) !== 0;

export function addBit(set: ConceptSet, id: number): void {
  set[id >>> 5]! |= 1 << (id & 31);
}

export function setOf(size: number, ids: Iterable<number>): ConceptSet {
  const set = emptySet(size);
  for (const id of ids) addBit(set, id);
  return set;
}

export const and = (a: ConceptSet, b: ConceptSet): ConceptSet => a.map((word, at) => word & b[at]!);
export const or = (a: ConceptSet, b: ConceptSet): ConceptSet => a.map((word, at) => word | b[at]!);
export const minus = (a: ConceptSet, b: ConceptSet): ConceptSet => a.map((word, at) => word & ~b[at]!);

export function sizeOf(set: ConceptSet): number {
  let size = 0;
  for (const word of set) if (word !== 0) size += ones(word);
  return size;
}

/** https://graphics.stanford.edu/~seander/bithacks.html#CountBitsSetParallel */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

export const isEmpty = (set: ConceptSet): boolean => set.every((word) => word === 0);

/** Its concepts, rising; the first `skip` are left out without a look at each. */
export function* idsOf(set: ConceptSet, skip = 0): Generator<number> {
  let left = skip;
  for (let at = 0; at < set.length; at++) {
    let word = set[at]!;
    if (word === 0) continue;
    if (left > 0) {
      const here = ones(word);
      if (here <= left) {
        left -= here;
        continue;
      }
    }
    for (; word !== 0; word &= word - 1) {
      if (left-- > 0) continue;
      yield (at << 5) + (31 - Math.clz32(word & -word));
    }
    left = 0;
  }
}

/** Rising numbers, each as its difference to the one before. */
export function pack(ids: Int32Array | readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * 5);
  let end = 0;
  let last = 0;
  for (const id of ids) {
    let step = id - last;
    last = id;
    for (; step > 0x7f; step >>>= 7) bytes[end++] = (step & 0x7f) | 0x80;
    bytes[end++] = step;
  }
  return bytes.slice(0, end);
}

/** Calls for each number that `pack` was given. */
export function unpackEach(bytes: Uint8Array, each: (id: number) => void): void {
  let last = 0;
  for (let at = 0; at < bytes.length;) {
    let step = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      step |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f && at < bytes.length);
    last += step;
    each(last);
  }
}

export function unpack(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  unpackEach(bytes, (id) => ids.push(id));
  return ids;
}

export function unpackInto(set: ConceptSet, bytes: Uint8Array | undefined): ConceptSet {
  if (bytes) unpackEach(bytes, (id) => addBit(set, id));
  return set;
}
