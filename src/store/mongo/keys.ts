/** The inner half of a join: the keys that the matches of a plan carry, or their names. https://www.mongodb.com/docs/manual/core/aggregation-pipeline/ */
import type { Document } from 'mongodb';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { KeyQuery } from '../ports.ts';
import { READ_MS } from './client.ts';
import { compileBranches } from './compile.ts';
import { entriesFrom, entry, KEY, successor, type Rooms } from './layout.ts';

/** Throws FhirError `timeout` for what takes too long. */
export async function keys({ resources }: Rooms, query: KeyQuery): Promise<readonly string[]> {
  const { plan, param, prefix = '', most } = query;
  if (plan.branches.length === 0) return [];
  const filter = compileBranches(plan);
  if (param === undefined) {
    const options = { projection: { _id: 1 }, limit: most, batchSize: most + 1, maxTimeMS: READ_MS } as const;
    return (await resources.find(filter, options).toArray()).map(({ _id }) => _id);
  }
  const stages = [{ $match: filter }, ...carried(param, prefix), { $limit: most }];
  const found = await resources.aggregate<{ _id: string }>(stages, { maxTimeMS: READ_MS }).toArray();
  const before = param === REFERENCE ? 0 : entry(param, KEY, '').length;
  return found.map(({ _id }) => _id.slice(before));
}

/** Each key of a parameter once. */
function carried(param: string, prefix: string): Document[] {
  const [field, { from, to }] =
    param === REFERENCE
      ? ['$f', { from: prefix, to: successor(prefix) }]
      : ['$k', entriesFrom(param, KEY, prefix)];
  const cond = { $and: [{ $gte: ['$$one', { $literal: from }] }, { $lt: ['$$one', { $literal: to }] }] };
  const kept = { $filter: { input: { $ifNull: [field, []] }, as: 'one', cond } };
  return [{ $project: { _id: 0, key: kept } }, { $unwind: '$key' }, { $group: { _id: '$key' } }];
}
