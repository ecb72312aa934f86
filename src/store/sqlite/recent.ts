/** A map that remembers at least the last `size` used entries, at most twice as many. */
export function recent<K, V>(
  size: number,
): { get(key: K): V | undefined; set(key: K, value: V): void; clear(): void } {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  const set = (key: K, value: V): void => {
    if (young.size >= size) [old, young] = [young, new Map<K, V>()];
    young.set(key, value);
  };
  const get = (key: K): V | undefined => {
    const value = young.get(key);
    if (value !== undefined) return value;
    const earlier = old.get(key);
    if (earlier !== undefined) set(key, earlier);
    return earlier;
  };
  const clear = (): void => {
    young.clear();
    old.clear();
  };
  return { get, set, clear };
}
