/** Versions of the past: vread and history of an instance, a type or everything. https://hl7.org/fhir/R4/http.html#history */
import type { Document, Filter } from 'mongodb';
import type { HistoryPage, HistoryQuery, ResourceKey, StoredResource } from '../ports.ts';
import { READ_MS } from './client.ts';
import { keyText, storedVersion, type HistoryDocument, type Rooms } from './layout.ts';

type Versions = Filter<HistoryDocument>;

export async function vread(
  rooms: Rooms,
  key: ResourceKey,
  versionId: number,
): Promise<StoredResource | undefined> {
  const one = await rooms.history.findOne({ r: keyText(key), v: versionId }, { maxTimeMS: READ_MS });
  return one ? storedVersion(one) : undefined;
}

export async function history(rooms: Rooms, query: HistoryQuery): Promise<HistoryPage> {
  const bounds = await seqBounds(rooms, query);
  if (!bounds) return { versions: [], more: false };
  const where: Versions = { ...about(query), ...bounds };
  const stages: Document[] = [
    { $match: where },
    { $sort: { _id: -1 } },
    ...(query.at ? currentAt(query.at.from) : []),
    { $limit: query.count + 1 },
  ];
  const batchSize = query.count + 2;
  const rows = query.at
    ? await rooms.history.aggregate<HistoryDocument>(stages, { maxTimeMS: READ_MS, batchSize }).toArray()
    : await rooms.history
        .find(where, { sort: { _id: -1 }, limit: query.count + 1, batchSize, maxTimeMS: READ_MS })
        .toArray();
  return { versions: rows.slice(0, query.count).map(storedVersion), more: rows.length > query.count };
}

function about({ type, id }: HistoryQuery): Versions {
  if (type === undefined) return {};
  return id === undefined ? { t: type } : { r: `${type}/${id}` };
}

/**
 * Instants never fall as seq rises, so a span of time is a span of seq: with it the newest-first walk over `_id` stops where the span ends.
 * Undefined: nothing lies in the span.
 */
async function seqBounds(rooms: Rooms, { since, at, before }: HistoryQuery): Promise<Versions | undefined> {
  const [from, until] = await Promise.all([
    since === undefined ? -Infinity : firstSeq(rooms, { $gte: since }),
    at === undefined ? Infinity : firstSeq(rooms, { $gt: at.to }),
  ]);
  const end = Math.min(until, before ?? Infinity);
  if (from === Infinity) return undefined;
  const bounds = { ...(from > 0 && { $gte: from }), ...(end < Infinity && { $lt: end }) };
  return Object.keys(bounds).length > 0 ? { _id: bounds } : {};
}

async function firstSeq(rooms: Rooms, at: { $gte: number } | { $gt: number }): Promise<number> {
  const options = { sort: { at: 1, _id: 1 }, projection: { _id: 1 }, maxTimeMS: READ_MS } as const;
  return (await rooms.history.findOne({ at }, options))?._id ?? Infinity;
}

/** Leaves the versions that were still current at `from` or made later: those that no version replaced at or before that instant. */
function currentAt(from: number): Document[] {
  const replaced = [{ $match: { at: { $lte: from } } }, { $project: { _id: 1 } }];
  return [
    {
      $lookup: {
        from: 'history',
        localField: 'r',
        foreignField: 'r',
        let: { next: { $add: ['$v', 1] } },
        pipeline: [{ $match: { $expr: { $eq: ['$v', '$$next'] } } }, ...replaced],
        as: 'next',
      },
    },
    { $match: { next: { $size: 0 } } },
    { $project: { next: 0 } },
  ];
}
