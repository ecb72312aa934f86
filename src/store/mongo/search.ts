/** Runs a search plan: one page by keyset, and the total where it is asked for. https://hl7.org/fhir/R4/search.html */
import type { Document } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { SearchPlan } from '../../fhir/search/plan.ts';
import type { SearchPage } from '../ports.ts';
import { READ_MS } from './client.ts';
import {
  afterPosition,
  compileSearch,
  computeStages,
  sortDocument,
  type CompiledSearch,
  type SortField,
} from './compile.ts';
import { COUNTER, RESOURCE_FIELDS, storedResource, type ResourceDocument, type Rooms } from './layout.ts';

/** Throws FhirError `value` for a position that no search of ours gave, `timeout` for what takes too long. */
export async function search(rooms: Rooms, plan: SearchPlan): Promise<SearchPage> {
  if (plan.branches.length === 0) return { resources: [], ...(plan.total !== 'none' && { total: 0 }) };
  const compiled = compileSearch(plan);
  const counted = (): Promise<number> =>
    plan.total === 'estimate' ? estimate(rooms, compiled) : count(rooms, compiled);
  if (plan.count === 0) return { resources: [], total: await counted() };
  const counting = plan.total === 'none' ? undefined : counted();
  counting?.catch(() => undefined);
  const rows = await page(rooms, compiled, plan);
  const resources = plan.back ? rows.slice(0, plan.count).reverse() : rows.slice(0, plan.count);
  return {
    resources: resources.map((row) => storedResource(row as ResourceDocument)),
    ...(plan.places && { places: resources.map((row) => positionOf(compiled, row)) }),
    ...(await positions(rooms, compiled, plan, { resources, isMore: rows.length > plan.count })),
    ...(counting && { total: await counting }),
  };
}

const positionOf = ({ order }: Pick<CompiledSearch, 'order'>, row: Document): string =>
  JSON.stringify(order.map(({ name }) => row[name] as unknown));

/** How to go on from a page in both directions. */
async function positions(
  rooms: Rooms,
  { order }: CompiledSearch,
  { after, back = false, until }: SearchPlan,
  { resources, isMore }: { readonly resources: readonly Document[]; readonly isMore: boolean },
): Promise<Pick<SearchPage, 'next' | 'previous' | 'until'>> {
  const [first, last] = [resources[0], resources.at(-1)];
  const next = last && (back ? after !== undefined : isMore) ? positionOf({ order }, last) : undefined;
  const previous = first && (back ? isMore : after !== undefined) ? positionOf({ order }, first) : undefined;
  if (next === undefined && previous === undefined) return {};
  const isNewestFirst = order[0]!.name === 'o' && order[0]!.direction === -1 && !back;
  const newest = async (): Promise<number> => (isNewestFirst ? (first!['o'] as number) : newestOfAll(rooms));
  return {
    ...(next !== undefined && { next }),
    ...(previous !== undefined && { previous }),
    until: until ?? (await newest()),
  };
}

async function newestOfAll({ resources }: Rooms): Promise<number> {
  const counter = (await resources.findOne({ _id: COUNTER }, { maxTimeMS: READ_MS })) as Document | null;
  return (counter?.['n'] as number | undefined) ?? 0;
}

const count = (rooms: Rooms, { filter }: CompiledSearch): Promise<number> =>
  rooms.resources.countDocuments(filter, { maxTimeMS: READ_MS });

/** An estimate looks at so many matches. */
const SAMPLE = 10_000;

/** Exact up to a bound; beyond it as if the others stood as densely in the order of creation as the newest. */
async function estimate(rooms: Rooms, { filter }: CompiledSearch): Promise<number> {
  const stages = [
    { $match: filter },
    { $sort: { o: -1 } },
    { $limit: SAMPLE },
    { $group: { _id: null, n: { $sum: 1 }, from: { $min: '$o' }, to: { $max: '$o' } } },
  ];
  const options = { maxTimeMS: READ_MS, allowDiskUse: true };
  const [part] = await rooms.resources.aggregate<Part>(stages, options).toArray();
  if (!part || part.n < SAMPLE) return part?.n ?? 0;
  const first = await rooms.resources.findOne(filter, {
    sort: { o: 1 },
    projection: { o: 1 },
    maxTimeMS: READ_MS,
  });
  return Math.round((part.n * (part.to - (first?.o ?? 0) + 1)) / (part.to - part.from + 1));
}

interface Part {
  readonly n: number;
  readonly from: number;
  readonly to: number;
}

/** One row more than the page, to know whether there is another. */
function page(
  rooms: Rooms,
  { filter, computed, order: forth }: CompiledSearch,
  plan: SearchPlan,
): Promise<Document[]> {
  const order = plan.back ? turnedRound(forth) : forth;
  const sort = sortDocument(order);
  const shown = { ...RESOURCE_FIELDS, o: 1, ...Object.fromEntries(order.map(({ name }) => [name, 1])) };
  const limit = plan.count + 1;
  const position =
    plan.after === undefined ? undefined : afterPosition(order, readPosition(plan.after, order.length));
  if (computed === undefined) {
    const where = position ? { $and: [filter, position] } : filter;
    const options = { sort, projection: shown, limit, batchSize: limit + 1, maxTimeMS: READ_MS };
    return rooms.resources.find(where, options).toArray();
  }
  const stages = [
    { $match: filter },
    ...computeStages(computed),
    ...(position ? [{ $match: position }] : []),
    { $sort: sort },
    { $limit: limit },
    { $project: shown },
  ];
  return rooms.resources
    .aggregate(stages, { maxTimeMS: READ_MS, allowDiskUse: true, batchSize: limit + 1 })
    .toArray();
}

const turnedRound = (order: readonly SortField[]): SortField[] =>
  order.map(({ name, direction }) => ({ name, direction: direction === 1 ? -1 : 1 }));

function readPosition(after: string, length: number): readonly unknown[] {
  try {
    const values: unknown = JSON.parse(after);
    if (Array.isArray(values) && values.length === length && values.every(isScalar)) return values;
  } catch {
    // falls through to the refusal
  }
  throw fault(
    'value',
    'This page position is not one that this search gave: start again from the first page',
  );
}

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'number';
