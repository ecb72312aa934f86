/** Runs a search plan: one page by keyset, and the total where it is asked for. https://hl7.org/fhir/R4/search.html */
import type { Document } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { SearchPlan } from '../../fhir/search/plan.ts';
import type { SearchPage } from '../ports.ts';
import { READ_MS } from './client.ts';
import { afterPosition, compileSearch, computeStages, sortDocument, type CompiledSearch } from './compile.ts';
import { RESOURCE_FIELDS, storedResource, type ResourceDocument, type Rooms } from './layout.ts';

/** Throws FhirError `value` for a position that no search of ours gave, `timeout` for what takes too long. */
export async function search(rooms: Rooms, plan: SearchPlan): Promise<SearchPage> {
  if (plan.branches.length === 0) return { resources: [], ...(plan.total === 'accurate' && { total: 0 }) };
  const compiled = compileSearch(plan);
  if (plan.count === 0) return { resources: [], total: await count(rooms, compiled) };
  const counting = plan.total === 'accurate' ? count(rooms, compiled) : undefined;
  counting?.catch(() => undefined);
  const rows = await page(rooms, compiled, plan);
  const shown = rows.slice(0, plan.count);
  const last = rows.length > plan.count ? shown.at(-1) : undefined;
  return {
    resources: shown.map((row) => storedResource(row as ResourceDocument)),
    ...(last && { next: JSON.stringify(compiled.order.map(({ name }) => last[name] as unknown)) }),
    ...(counting && { total: await counting }),
  };
}

const count = (rooms: Rooms, { filter }: CompiledSearch): Promise<number> =>
  rooms.resources.countDocuments(filter, { maxTimeMS: READ_MS });

/** One row more than the page, to know whether there is another. */
function page(
  rooms: Rooms,
  { filter, computed, order }: CompiledSearch,
  plan: SearchPlan,
): Promise<Document[]> {
  const sort = sortDocument(order);
  const shown = { ...RESOURCE_FIELDS, ...Object.fromEntries(order.map(({ name }) => [name, 1])) };
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
