/**
 * Index values in the fewest rows that tell the same: a key that several parameters have is one row of their group, and of `system⇥code` and `*⇥code`
 * one coded row is left. (docs/adr/0016-index-rows-in-groups.md)
 */
import { REFERENCE, type IndexValue } from '../../fhir/search/index-value.ts';
import { groupOf } from './groups.ts';

/** Flat rows. */
export interface Rows {
  /** group, key of each key */
  readonly keys: string[];
  /** group, key of each coded key: `*⇥code` goes without saying */
  readonly coded: string[];
  /** group, key, low, high */
  readonly ranges: (string | number)[];
  /** group, text, exact */
  readonly texts: string[];
}

/** The index rows of one resource as they travel to the writer and wait there: one text, which costs less to hand over than its parts. */
export interface Packed {
  /** JSON of [keys, coded, ranges, texts] */
  readonly rows: string;
  /** `Type/id` of each resource that it refers to */
  readonly targets: readonly string[];
}

export function packIndex(index: readonly IndexValue[]): Packed {
  const rows: Rows = { keys: [], coded: [], ranges: [], texts: [] };
  const groups = new Map<string, Group>();
  for (const value of index) {
    if (value.kind === 'key') {
      const group = groups.get(value.key) ?? NONE;
      groups.set(value.key, group.with(value.param));
    } else if (value.kind === 'range') {
      rows.ranges.push(alone(value.param), value.key, value.low, value.high);
    } else {
      rows.texts.push(alone(value.param), value.text, value.exact);
    }
  }
  packKeys(rows, groups);
  const targets: string[] = [];
  for (const [key, group] of groups) if (group.refers) targets.push(key);
  return { rows: JSON.stringify([rows.keys, rows.coded, rows.ranges, rows.texts]), targets };
}

const TAB = '\t';
const ANY_SYSTEM = `*${TAB}`;

function packKeys({ keys, coded }: Rows, groups: Map<string, Group>): void {
  const implied = new Set<string>();
  for (const [key, group] of groups) {
    const tab = key.indexOf(TAB);
    if (tab < 0 || tab === key.length - 1 || key.startsWith(ANY_SYSTEM)) continue;
    const bare = ANY_SYSTEM + key.slice(tab + 1);
    if (groups.get(bare) !== group) continue;
    implied.add(key).add(bare);
    coded.push(group.name, key);
  }
  for (const [key, group] of groups) if (!implied.has(key)) keys.push(group.name, key);
}

/** The index values that rows tell of. */
export function unpackIndex(rows: {
  readonly [K in keyof Rows]: readonly Rows[K][number][];
}): IndexValue[] {
  const { keys, coded, ranges, texts } = rows;
  const values: IndexValue[] = [];
  const each = (
    list: readonly (string | number)[],
    width: number,
    add: (param: string, at: number) => void,
  ): void => {
    for (let at = 0; at < list.length; at += width)
      for (const param of JSON.parse(list[at] as string) as string[]) add(param, at + 1);
  };
  each(keys, 2, (param, at) => values.push({ kind: 'key', param, key: keys[at]! }));
  each(coded, 2, (param, at) => {
    const key = coded[at]!;
    values.push(
      { kind: 'key', param, key },
      { kind: 'key', param, key: ANY_SYSTEM + key.slice(key.indexOf(TAB) + 1) },
    );
  });
  each(ranges, 4, (param, at) => {
    const [key, low, high] = ranges.slice(at, at + 3) as [string, number, number];
    values.push({ kind: 'range', param, key, low, high });
  });
  each(texts, 3, (param, at) =>
    values.push({ kind: 'text', param, text: texts[at]!, exact: texts[at + 1]! }),
  );
  return values;
}

/** A group in the making: the same parameters in the same order are the same object, whatever resource they are met in. */
class Group {
  readonly params: readonly string[];
  readonly name: string;
  /** whether its keys are references */
  readonly refers: boolean;
  readonly #longer = new Map<string, Group>();

  constructor(params: readonly string[]) {
    this.params = params;
    this.name = groupOf(params);
    this.refers = params.includes(REFERENCE);
  }

  /** The group with one parameter more; a key that a parameter has twice counts once. */
  with(param: string): Group {
    let group = this.#longer.get(param);
    if (!group) {
      group = this.params.includes(param) ? this : new Group([...this.params, param]);
      this.#longer.set(param, group);
    }
    return group;
  }
}

const NONE = new Group([]);

const alone = (param: string): string => NONE.with(param).name;
