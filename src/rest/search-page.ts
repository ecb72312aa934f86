/**
 * One page of a search, as things stood when its first page was read. Stores keep the order of creation, in which nothing ever moves; under any other order a resource
 * that is changed between two pages would move, be met twice or not at all. The few that were changed since are therefore taken out of what the store is asked, and
 * put back at the place, and with the content, that they had (docs/adr/0030-search-completed.md). https://hl7.org/fhir/R4/http.html#paging
 */
import { and, not, type Expression } from '../fhir/search/expression.ts';
import { match } from '../fhir/search/match.ts';
import { comparePlaces, placeOf, type Place } from '../fhir/search/order.ts';
import { searchPlan, type Scope, type SearchQuery } from '../fhir/search/plan.ts';
import type { ResourceKey, SearchPage, StoredResource } from '../store/ports.ts';
import { indexOf } from './index-of.ts';
import type { Context } from './record.ts';
import { treeOf } from './visible.ts';

/** Where a page stands: behind or before a position, or at the end; and what was there when the first page was read. */
export interface PagePlace extends Pick<SearchQuery, 'after' | 'back' | 'until'> {
  /** of the resource next to the page, under an order of its own */
  readonly beside?: Place;
}

export interface PlacedPage {
  readonly resources: readonly StoredResource[];
  readonly total?: number;
  readonly next?: PagePlace;
  readonly previous?: PagePlace;
  readonly last?: PagePlace;
}

type Query = Omit<SearchQuery, 'after' | 'back' | 'until'> & PagePlace;

/** So many versions are looked at to find what was changed; beyond that a changed resource moves. */
const MOST_VERSIONS = 5000;
const AT_ONCE = 500;

export async function searchPage(context: Context, query: Query, scope: Scope): Promise<PlacedPage> {
  const { resources } = context.record.store;
  if (query.until === undefined || !isOwnOrder(query)) {
    const sized = await lastSized(context, query, scope);
    return placed(context, query, await resources.search(searchPlan(sized, scope)));
  }
  const changed = await changedSince(context, query);
  const moved = await movedOnes(context, query, scope, changed);
  const without = { ...query, branches: query.branches.map((branch) => excluding(branch, changed)) };
  const sized = await lastSized(context, without, scope, moved.length);
  const page = await resources.search(searchPlan({ ...sized, places: true }, scope));
  if (moved.length === 0) return placed(context, query, page);
  return merged(context, { ...query, count: sized.count }, page, moved);
}

/** Under the order of creation nothing moves. */
const isOwnOrder = ({ sort = [], count }: Query): boolean =>
  count > 0 && sort.length > 0 && sort[0]!.by !== 'created';

/** The last page is as long as it would be when reached from the first one, so the matches are counted. */
async function lastSized({ record }: Context, query: Query, scope: Scope, more = 0): Promise<Query> {
  if (!query.back || query.after !== undefined) return query;
  const counted = { ...query, count: 0, total: 'accurate' } as const;
  const { total = 0 } = await record.store.resources.search(searchPlan(counted, scope));
  return { ...query, count: (total + more) % query.count || query.count };
}

/** What was there when the first page was read, and has been changed since. */
async function changedSince({ record }: Context, { until, branches }: Query): Promise<ResourceKey[]> {
  const { feed } = record.store;
  const types = new Set(branches.map(({ type }) => type));
  const found = new Map<string, ResourceKey>();
  let at = until!;
  for (let looked = 0; looked < MOST_VERSIONS;) {
    const versions = await feed.read(at, AT_ONCE);
    if (versions.length === 0) break;
    // Whatever has its first version here came later, and does not belong to the search.
    for (const { type, id, versionId } of versions)
      if (versionId > 1 && types.has(type)) found.set(`${type}/${id}`, { type, id });
    at = versions.at(-1)!.seq;
    looked += versions.length;
  }
  return [...found.values()];
}

interface Moved {
  readonly stored: StoredResource;
  readonly place: Place;
}

/** Those of the changed ones that matched then, as they were, if they may be seen now and are still there. */
async function movedOnes(
  context: Context,
  query: Query,
  scope: Scope,
  changed: readonly ResourceKey[],
): Promise<Moved[]> {
  if (changed.length === 0) return [];
  const { resources } = context.record.store;
  const current = await resources.read(changed, scope);
  const moved: Moved[] = [];
  for (const [i, key] of changed.entries()) {
    if (!current[i]?.body) continue;
    const { versions } = await resources.history({ ...key, before: query.until! + 1, count: 1 });
    const stored = versions[0];
    const where = query.branches.find(({ type }) => type === key.type)?.where;
    if (!stored?.body || !where) continue;
    const index = indexOf(context, treeOf(stored.body));
    const subject = { id: key.id, instant: stored.instant, index };
    if (!match(and(scope(key.type), where), subject)) continue;
    const created = await createdAt(context, stored);
    moved.push({ stored, place: placeOf(query.sort ?? [], { ...subject, created }) });
  }
  return moved;
}

async function createdAt({ record }: Context, { type, id, versionId, seq }: StoredResource): Promise<number> {
  if (versionId === 1) return seq;
  return (await record.store.resources.vread({ type, id }, 1))?.seq ?? seq;
}

async function placeIn(context: Context, { sort = [] }: Query, stored: StoredResource): Promise<Place> {
  const { id, instant } = stored;
  const index = sort.some(({ by }) => by === 'param') ? indexOf(context, treeOf(stored.body!)) : [];
  return placeOf(sort, { id, instant, index, created: await createdAt(context, stored) });
}

function excluding(
  branch: SearchQuery['branches'][number],
  changed: readonly ResourceKey[],
): { readonly type: string; readonly where: Expression } {
  const ids = changed.flatMap(({ type, id }) => (type === branch.type ? [id] : []));
  return ids.length > 0 ? { ...branch, where: and(branch.where, not({ op: 'id', ids })) } : branch;
}

/** The links of a page that a store gave as it is. */
async function placed(context: Context, query: Query, page: SearchPage): Promise<PlacedPage> {
  const { resources, total, next, previous, until } = page;
  const isOwn = isOwnOrder(query);
  const beside = async (stored: StoredResource): Promise<Pick<PagePlace, 'beside'>> =>
    isOwn ? { beside: await placeIn(context, query, stored) } : {};
  return {
    resources,
    ...(total !== undefined && { total }),
    ...(next !== undefined && { next: { after: next, until, ...(await beside(resources.at(-1)!)) } }),
    ...(previous !== undefined && {
      previous: { after: previous, until, back: true, ...(await beside(resources[0]!)) },
    }),
    ...(next !== undefined && !page.onlyForward && { last: { back: true, until } }),
  };
}

interface Row extends Moved {
  /** as the store has it; undefined: one that was put back */
  readonly position?: string;
}

/** A page of the store with those put back that belong into it. */
async function merged(
  context: Context,
  query: Query,
  page: SearchPage,
  moved: readonly Moved[],
): Promise<PlacedPage> {
  const { sort = [], count, back = false, after, beside, until } = query;
  const kept = await Promise.all(
    page.resources.map(async (stored, i): Promise<Row> => ({
      stored,
      place: await placeIn(context, query, stored),
      position: page.places![i]!,
    })),
  );
  const isBeyond = (place: Place): boolean =>
    beside === undefined ||
    (back ? comparePlaces(sort, place, beside) < 0 : comparePlaces(sort, place, beside) > 0);
  const all: Row[] = [...kept, ...moved.filter(({ place }) => isBeyond(place))];
  all.sort((a, b) => comparePlaces(sort, a.place, b.place));
  const rows = back ? all.slice(Math.max(0, all.length - count)) : all.slice(0, count);
  const isMore = all.length > count || (back ? page.previous : page.next) !== undefined;
  const edge = (
    row: Row | undefined,
    position: string | undefined,
    goesBack: boolean,
  ): PagePlace | undefined =>
    row && { after: position ?? after, until, beside: row.place, ...(goesBack && { back: true }) };
  const [first, last] = [rows[0], rows.at(-1)];
  const positions = rows.flatMap(({ position }) => position ?? []);
  const next = back ? after !== undefined || beside !== undefined : isMore;
  const previous = back ? isMore : true;
  return {
    resources: rows.map(({ stored }) => stored),
    ...(page.total !== undefined && { total: page.total + moved.length }),
    ...(next && last && { next: edge(last, positions.at(-1), false), last: { back: true, until } }),
    // Without a row of the store there is no position to go back from.
    ...(previous && positions.length > 0 && { previous: edge(first, positions[0], true) }),
  };
}
