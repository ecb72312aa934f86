/**
 * The order of search results in memory, the oracle for the sorting of the stores: `SortKey` and `SearchPlan.sort` to the letter. Texts and keys
 * compare by the bytes of their UTF-8.
 */
import type { IndexValue } from '../../src/fhir/search/index-value.ts';
import type { SortKey } from '../../src/fhir/search/plan.ts';

export interface Sortable {
  readonly id: string;
  readonly instant: number;
  readonly index: readonly IndexValue[];
  /** place in the order of creation */
  readonly created: number;
}

/** A sorted copy: by the keys, then newest created first. */
export function ordered<T extends Sortable>(subjects: readonly T[], sort: readonly SortKey[]): T[] {
  return [...subjects].sort((a, b) => {
    for (const key of sort) {
      const found = compareBy(key, a, b);
      if (found !== 0) return found;
    }
    return b.created - a.created;
  });
}

type Comparable = string | number;

function compareBy(key: SortKey, a: Sortable, b: Sortable): number {
  const [left, right] = [valueOf(key, a), valueOf(key, b)];
  // A resource without a value comes last in both directions.
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined);
  return key.descending ? compare(right, left) : compare(left, right);
}

function valueOf(key: SortKey, subject: Sortable): Comparable | undefined {
  switch (key.by) {
    case 'created':
      return subject.created;
    case 'updated':
      return subject.instant;
    case 'id':
      return subject.id;
    case 'param': {
      const all = subject.index.flatMap((value) => sortValue(key, value)).sort(compare);
      return key.descending ? all.at(-1) : all[0];
    }
  }
}

function sortValue(key: Extract<SortKey, { by: 'param' }>, value: IndexValue): Comparable[] {
  if (value.param !== key.param || value.kind !== key.kind) return [];
  if (value.kind === 'range') return [value.low];
  if (value.kind === 'text') return [value.text];
  return value.key.startsWith(key.prefix ?? '') ? [value.key] : [];
}

function compare(a: Comparable, b: Comparable): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
