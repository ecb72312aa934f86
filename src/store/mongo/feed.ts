/**
 * The feed: committed versions in order of seq, and the cursors of its readers. Commits of a tenant are serial (commit.ts), so a seq becomes
 * visible only after all lower ones that will ever exist; a majority read never shows what can be rolled back.
 */
import { MongoServerError } from 'mongodb';
import type { FeedStore, StoredResource } from '../ports.ts';
import { clearly, READ_MS } from './client.ts';
import { storedVersion, type HistoryDocument, type Rooms } from './layout.ts';

export function feedStore(rooms: Rooms): FeedStore {
  return {
    read: (after, limit) => clearly(() => read(rooms, after, limit)),
    last: () => clearly(() => last(rooms)),
    cursor: (name) =>
      clearly(async () => (await rooms.cursors.findOne({ _id: name }, { maxTimeMS: READ_MS }))?.at ?? 0),
    advance: (name, from, to) => clearly(() => advance(rooms, name, from, to)),
  };
}

async function read(rooms: Rooms, after: number, limit: number): Promise<readonly StoredResource[]> {
  const rows = await rooms.history
    .find(
      { _id: { $gt: after } },
      { sort: { _id: 1 }, limit: limit + 1, batchSize: limit + 2, maxTimeMS: READ_MS },
    )
    .toArray();
  return wholeUnits(rows, limit).map(storedVersion);
}

/** Cuts after the last whole unit; a unit that alone is longer than the limit is cut at the limit. */
export function wholeUnits(rows: readonly HistoryDocument[], limit: number): readonly HistoryDocument[] {
  const next = rows[limit];
  if (!next) return rows;
  const start = rows.findIndex(({ u }) => u === next.u);
  return rows.slice(0, start > 0 ? start : limit);
}

async function last(rooms: Rooms): Promise<number> {
  const options = { sort: { _id: -1 }, projection: { _id: 1 }, maxTimeMS: READ_MS } as const;
  return (await rooms.history.findOne({}, options))?._id ?? 0;
}

async function advance(rooms: Rooms, name: string, from: number, to: number): Promise<boolean> {
  try {
    const moved = await rooms.cursors.updateOne(
      { _id: name, at: from },
      { $set: { at: to } },
      { upsert: from === 0 },
    );
    return moved.matchedCount + moved.upsertedCount === 1;
  } catch (error) {
    // The name exists with another position: the upsert collided with it.
    if (error instanceof MongoServerError && error.code === 11000) return false;
    throw error;
  }
}
