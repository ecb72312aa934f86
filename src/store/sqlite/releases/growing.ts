/** Lists of whole numbers that grow without a boxed number each, and what is above and below each concept, worked out from pairs. */

export interface Growing {
  values: Int32Array;
  length: number;
}

export const growing = (): Growing => ({ values: new Int32Array(1024), length: 0 });

export function append(list: Growing, ...more: readonly number[]): void {
  if (list.length + more.length > list.values.length) {
    const larger = new Int32Array(list.values.length * 2);
    larger.set(list.values);
    list.values = larger;
  }
  for (const one of more) list.values[list.length++] = one;
}

/** For each number below `size` the numbers that go with it: `values.subarray(starts[n], starts[n + 1])`, rising. */
export interface Table {
  readonly starts: Int32Array;
  readonly values: Int32Array;
}

export const rowOf = ({ starts, values }: Table, n: number): Int32Array =>
  values.subarray(starts[n], starts[n + 1]);

/** Pairs (key, value) in turn. Each pair once. */
export function tableOf(pairs: Growing, size: number, keyAt: 0 | 1): Table {
  const valueAt = 1 - keyAt;
  const starts = new Int32Array(size + 1);
  for (let at = 0; at < pairs.length; at += 2) starts[pairs.values[at + keyAt]! + 1]!++;
  for (let n = 0; n < size; n++) starts[n + 1]! += starts[n]!;
  const values = new Int32Array(pairs.length / 2);
  const next = starts.slice();
  for (let at = 0; at < pairs.length; at += 2)
    values[next[pairs.values[at + keyAt]!]!++] = pairs.values[at + valueAt]!;
  return distinct({ starts, values });
}

function distinct({ starts, values }: Table): Table {
  const kept = new Int32Array(starts.length);
  let end = 0;
  for (let n = 0; n + 1 < starts.length; n++) {
    const row = values.subarray(starts[n], starts[n + 1]).sort();
    let last = -1;
    for (const one of row) if (one !== last) values[end++] = last = one;
    kept[n + 1] = end;
  }
  return { starts: kept, values: values.subarray(0, end) };
}

/** The transitive closure upwards: for each concept all above it, not itself; a cycle (which is an error of the release) is cut where it closes. */
export function closure(parents: Table, size: number): Table {
  const above = growing();
  const from = new Int32Array(size).fill(-1);
  const to = new Int32Array(size);
  const inWork = new Uint8Array(size);
  const mark = new Int32Array(size).fill(-1);
  const settle = (n: number): void => {
    const found: number[] = [];
    mark[n] = n;
    const note = (one: number): void => {
      if (mark[one] === n) return;
      mark[one] = n;
      found.push(one);
    };
    for (const parent of rowOf(parents, n)) {
      note(parent);
      for (let at = from[parent]!; at >= 0 && at < to[parent]!; at++) note(above.values[at]!);
    }
    from[n] = above.length;
    for (const one of found.sort((a, b) => a - b)) append(above, one);
    to[n] = above.length;
  };
  // Depth first by a stack of our own: the hierarchy of a hostile file may be as deep as it is long.
  const stack: number[] = [];
  for (let root = 0; root < size; root++) {
    if (from[root] !== -1) continue;
    stack.push(root);
    while (stack.length > 0) {
      const n = stack.at(-1)!;
      const open =
        inWork[n] === 1 ? [] : [...rowOf(parents, n)].filter((one) => from[one] === -1 && !inWork[one]);
      inWork[n] = 1;
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      stack.pop();
      if (from[n] === -1) settle(n);
    }
  }
  const starts = new Int32Array(size + 1);
  const values = new Int32Array(above.length);
  for (let n = 0, end = 0; n < size; n++) {
    values.set(above.values.subarray(from[n], to[n]), end);
    end += to[n]! - from[n]!;
    starts[n + 1] = end;
  }
  return { starts, values };
}

/** The same pairs the other way round. */
export function inverse({ starts, values }: Table, size: number): Table {
  const turned = new Int32Array(size + 1);
  for (const value of values) turned[value + 1]!++;
  for (let n = 0; n < size; n++) turned[n + 1]! += turned[n]!;
  const next = turned.slice();
  const keys = new Int32Array(values.length);
  for (let n = 0; n < size; n++)
    for (let at = starts[n]!; at < starts[n + 1]!; at++) keys[next[values[at]!]!++] = n;
  return { starts: turned, values: keys };
}
