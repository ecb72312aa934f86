/** The order of search results in memory, for the few that a store cannot place: `SearchPlan.sort` to the letter. https://hl7.org/fhir/R4/search.html#sort */
import type { IndexValue } from './index-value.ts';
import type { SortKey } from './plan.ts';

/** Where a resource stands: one value a sort key (null: it has none), and its place in the order of creation. */
export interface Place {
  readonly values: readonly (string | number | null)[];
  readonly created: number;
}

export interface Placed {
  readonly id: string;
  readonly instant: number;
  readonly index: readonly IndexValue[];
  readonly created: number;
}

export const placeOf = (sort: readonly SortKey[], one: Placed): Place => ({
  values: sort.map((key) => valueOf(key, one)),
  created: one.created,
});

function valueOf(key: SortKey, { id, instant, index, created }: Placed): string | number | null {
  switch (key.by) {
    case 'created':
      return created;
    case 'updated':
      return instant;
    case 'id':
      return id;
    case 'param': {
      const all = index.flatMap((value) => sortValue(key, value)).sort(compare);
      return (key.descending ? all.at(-1) : all[0]) ?? null;
    }
  }
}

function sortValue(key: Extract<SortKey, { by: 'param' }>, value: IndexValue): (string | number)[] {
  if (value.param !== key.param || value.kind !== key.kind) return [];
  if (value.kind === 'range') return [value.low];
  if (value.kind === 'text') return [value.text];
  return value.key.startsWith(key.prefix ?? '') ? [value.key] : [];
}

/** Negative when `a` comes first. What has no value comes last in both directions; of equals the newest created comes first. */
export function comparePlaces(sort: readonly SortKey[], a: Place, b: Place): number {
  for (let i = 0; i < sort.length; i++) {
    const [left, right] = [a.values[i] ?? null, b.values[i] ?? null];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
      continue;
    }
    const order = compare(left, right);
    if (order !== 0) return sort[i]!.descending ? -order : order;
  }
  return b.created - a.created;
}

/** Texts by the bytes of their UTF-8, as stores compare them. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
