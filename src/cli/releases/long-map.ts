/** Whole numbers of 64 bits with a small number each, twelve bytes an entry: a release has more than a million identifiers, and a Map of texts would take a hundred. */
export interface LongMap {
  /** sets these bits */
  add(key: bigint, bits: number): void;
  get(key: bigint): number;
}

export function longMap(): LongMap {
  let keys = new BigUint64Array(1 << 16);
  let bits = new Uint16Array(1 << 16);
  let used = 0;
  const placeOf = (key: bigint): number => {
    const mask = keys.length - 1;
    let at = Number(((key * 0x9e3779b97f4a7c15n) >> 20n) & 0xffffffffn) & mask;
    while (keys[at] !== 0n && keys[at] !== key) at = (at + 1) & mask;
    return at;
  };
  const grow = (): void => {
    const [oldKeys, oldBits] = [keys, bits];
    keys = new BigUint64Array(oldKeys.length * 2);
    bits = new Uint16Array(oldKeys.length * 2);
    oldKeys.forEach((key, at) => {
      if (key === 0n) return;
      const to = placeOf(key);
      keys[to] = key;
      bits[to] = oldBits[at]!;
    });
  };
  return {
    add(key, more) {
      if (used * 2 > keys.length) grow();
      const at = placeOf(key);
      if (keys[at] === 0n) used++;
      keys[at] = key;
      bits[at]! |= more;
    },
    get: (key) => bits[placeOf(key)]!,
  };
}
