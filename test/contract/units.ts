/** Small units of work for the contract suites: resources whose text says what they are, types and ids that no other test uses. */
import { randomUUID } from 'node:crypto';
import { ALL, type Bound, type Expression } from '../../src/fhir/search/expression.ts';
import { REFERENCE, type IndexValue } from '../../src/fhir/search/index-value.ts';
import { searchPlan, type SearchPlan, type SearchQuery } from '../../src/fhir/search/plan.ts';
import type {
  CommitResult,
  ResourceKey,
  ResourceStore,
  StoredResource,
  Stores,
  UnitOfWork,
  Write,
  WriteContent,
} from '../../src/store/ports.ts';

/** What a suite runs on. `reopen` closes the stores and opens them again on the same data. */
export interface Opened {
  readonly stores: Stores;
  /** the same data as another thread sees it, until `close` */
  another(): Promise<Stores>;
  close(): Promise<void>;
  reopen(): Promise<Stores>;
}
export type Open = () => Promise<Opened>;

let made = 0;

/** A resource type of its own for a test, so that tests can share a tenant. */
export const freshType = (): string => `T${++made}x${process.pid}`;
export const freshTenant = (): string => `t-${++made}-${randomUUID().slice(0, 8)}`;

export const STAMP = '2000-01-01T00:00:00.000Z';

/** A text with a place for the instant. */
export function text(key: ResourceKey, version: number, more = ''): string {
  return `{"resourceType":"${key.type}","id":"${key.id}","meta":{"versionId":"${version}","lastUpdated":"${STAMP}"}${more}}`;
}

/** Content whose body stands in a buffer of its own: the store owns it. */
export function content(
  key: ResourceKey,
  version: number,
  index: readonly IndexValue[] = [],
  more = '',
): WriteContent {
  const body = new Uint8Array(Buffer.from(text(key, version, more)));
  return { body, stampAt: Buffer.from(body).indexOf(STAMP), index };
}

export function create(type: string, id: string, index: readonly IndexValue[] = [], more = ''): Write {
  return {
    type,
    id,
    expected: 0,
    versionId: 1,
    method: 'POST',
    content: content({ type, id }, 1, index, more),
  };
}

export function update(
  type: string,
  id: string,
  expected: number,
  index: readonly IndexValue[] = [],
  more = '',
): Write {
  const versionId = expected + 1;
  return {
    type,
    id,
    expected,
    versionId,
    method: 'PUT',
    content: content({ type, id }, versionId, index, more),
  };
}

export function remove(type: string, id: string, expected: number): Write {
  return { type, id, expected, versionId: expected + 1, method: 'DELETE' };
}

export const key = (param: string, ...keys: string[]): IndexValue[] =>
  keys.map((one) => ({ kind: 'key', param, key: one }));
export const range = (param: string, low: number, high = low, unit = ''): IndexValue => ({
  kind: 'range',
  param,
  key: unit,
  low,
  high,
});
export const words = (param: string, exact: string): IndexValue => ({
  kind: 'text',
  param,
  text: exact.toLowerCase(),
  exact,
});
export const refers = (...targets: ResourceKey[]): IndexValue[] =>
  key(REFERENCE, ...targets.map(({ type, id }) => `${type}/${id}`));

/** Commits and gives instant and first seq; throws what conflicted. */
export async function done(
  store: ResourceStore,
  unit: UnitOfWork,
): Promise<Extract<CommitResult, { ok: true }>> {
  const result = await store.commit(unit);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.conflicts)}`);
  return result;
}

/** The conflicts of a commit that must be refused. */
export function refused(result: CommitResult): Extract<CommitResult, { ok: false }>['conflicts'] {
  if (result.ok) throw new Error('The unit was not refused');
  return result.conflicts;
}

/** How many of a number of results were committed. */
export const winners = (results: readonly CommitResult[]): number => results.filter(({ ok }) => ok).length;

export const bodyText = (stored: StoredResource | undefined): string | undefined =>
  stored?.body && Buffer.from(stored.body).toString('utf8');

export function plan(
  type: string | readonly string[],
  where: Expression,
  more: Partial<SearchQuery> = {},
): SearchPlan {
  const types = typeof type === 'string' ? [type] : type;
  return searchPlan({ branches: types.map((one) => ({ type: one, where })), count: 100, ...more }, () => ALL);
}

/** Ids that a search finds, in order. */
export async function ids(
  store: ResourceStore,
  type: string | readonly string[],
  where: Expression,
  more: Partial<SearchQuery> = {},
): Promise<string[]> {
  const page = await store.search(plan(type, where, more));
  return page.resources.map(({ id }) => id);
}

/** Asks a store that is there once a suite runs: the ids of the matches, one letter each, as one text. */
export const finder =
  (use: () => ResourceStore) =>
  async (type: string, where: Expression, more: Partial<SearchQuery> = {}): Promise<string> =>
    (await ids(use(), type, where, more)).join('');

/** Ids of all pages, in order. */
export async function allPages(
  store: ResourceStore,
  type: string | readonly string[],
  where: Expression,
  more: Partial<SearchQuery> = {},
): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined, page = 0; page < 1000; page++) {
    const { resources, next } = await store.search(plan(type, where, { ...more, after }));
    found.push(...resources.map(({ id }) => id));
    if (next === undefined) return found;
    after = next;
  }
  throw new Error('The pages have no end');
}

export const keyed = (...keys: string[]): Expression => ({ op: 'key', param: 'k', keys });
export const named = (
  test: 'starts' | 'ends' | 'equals' | 'contains' | 'exact',
  value: string,
): Expression => ({
  op: 'text',
  param: 'name',
  test,
  value,
});
export const between = (unit: string, ...bounds: Bound[]): Expression => ({
  op: 'range',
  param: 'n',
  key: unit,
  bounds,
});
export const low = (is: Bound['is'], value: number): Bound => ({ end: 'low', is, value });
export const high = (is: Bound['is'], value: number): Bound => ({ end: 'high', is, value });

/** Creates one resource after the other, ids a, b, c …, so that the default order is the reverse. */
export async function fill(store: ResourceStore, type: string, ...indexes: IndexValue[][]): Promise<void> {
  for (const [i, index] of indexes.entries())
    await done(store, { writes: [create(type, String.fromCharCode(97 + i), index)] });
}
