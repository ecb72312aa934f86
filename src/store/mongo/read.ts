/**
 * Reads by key. Under load the reads that wait for a connection are asked together: one `find` costs the driver and the server nearly the
 * same for one resource as for twenty. A read is sent after its call, so it never shows an older state than a read of its own would.
 */
import type { ResourceKey, StoredResource } from '../ports.ts';
import { READ_MS, refusalOf } from './client.ts';
import { findOnce } from './command.ts';
import { keyText, RESOURCE_FIELDS, storedResource, type ResourceDocument, type Rooms } from './layout.ts';

/** Finds under way at a time; the next reads wait for one of them. One would be cheapest, but a slow one would hold up all. */
const UNDER_WAY = 2;
/** Most keys of a find, so that one answer stays small. */
const KEYS_AT_ONCE = 64;

type Found = ReadonlyMap<string, StoredResource>;

interface Waiting {
  readonly keys: readonly string[];
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

export type Read = (keys: readonly ResourceKey[]) => Promise<readonly (StoredResource | undefined)[]>;

export function reader(rooms: Rooms): Read {
  const waiting: Waiting[] = [];
  let underWay = 0;
  const pump = (): void => {
    while (waiting.length > 0 && underWay < UNDER_WAY) {
      const group = takeGroup(waiting);
      underWay++;
      void answer(rooms, group).finally(() => {
        underWay--;
        pump();
      });
    }
  };
  return async (keys) => {
    if (keys.length === 0) return [];
    const asked = keys.map(keyText);
    const found = await new Promise<Found>((resolve, reject) => {
      waiting.push({ keys: asked, resolve, reject });
      pump();
    });
    return asked.map((key) => found.get(key));
  };
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let keys = 0;
  const end = waiting.findIndex((one, i) => (keys += one.keys.length) > KEYS_AT_ONCE && i > 0);
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

async function answer(rooms: Rooms, group: readonly Waiting[]): Promise<void> {
  try {
    const keys = [...new Set(group.flatMap((one) => one.keys))];
    const rows = await rowsOf(rooms, keys);
    const found = new Map(rows.map((row) => [row._id, storedResource(row)]));
    for (const one of group) one.resolve(found);
  } catch (error) {
    for (const one of group) one.reject(error);
  }
}

/** A cursor is for what does not fit into one answer, and for the second try: the driver repeats its finds, but not commands as they stand. */
async function rowsOf(
  { db, resources }: Rooms,
  keys: readonly string[],
): Promise<readonly ResourceDocument[]> {
  const filter = { _id: keys.length === 1 ? { $eq: keys[0]! } : { $in: keys } };
  const asked = { projection: RESOURCE_FIELDS, maxTimeMS: READ_MS };
  const command = {
    find: resources.collectionName,
    filter,
    ...asked,
    limit: keys.length,
    readConcern: MAJORITY,
  };
  const rows = await findOnce<ResourceDocument>(db, command, { promoteBuffers: true }).catch(unlessRefused);
  return rows ?? resources.find(filter, asked).toArray();
}

const MAJORITY = { level: 'majority' } as const;

/** A server that is away may be back, or there is another one by now. */
function unlessRefused(error: unknown): undefined {
  if (refusalOf(error)?.status !== 503) throw error;
}
