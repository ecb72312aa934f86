/**
 * Reads by key. Under load the reads that wait for a connection are asked together: one `find` costs the driver and the server nearly the
 * same for one resource as for twenty. A read is sent after its call, so it never shows an older state than a read of its own would.
 */
import type { Filter } from 'mongodb';
import { ALL, type Expression } from '../../fhir/search/expression.ts';
import type { ResourceKey, ResourceStore, StoredResource } from '../ports.ts';
import { READ_MS, refusalOf } from './client.ts';
import { findOnce } from './command.ts';
import { compileExpression } from './compile.ts';
import { ownCopy, type Memory } from './memory.ts';
import { keyText, RESOURCE_FIELDS, storedResource, type ResourceDocument, type Rooms } from './layout.ts';

/** Finds under way at a time; the next reads wait for one of them. One would be cheapest, but a slow one would hold up all. */
const UNDER_WAY = 2;
/** Most keys of a find, so that one answer stays small. */
const KEYS_AT_ONCE = 64;

type Found = ReadonlyMap<string, StoredResource>;

interface Waiting {
  readonly keys: readonly string[];
  /** what must hold of each key; undefined: nothing */
  readonly conditions: readonly (Filter<ResourceDocument> | undefined)[];
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

export type Read = ResourceStore['read'];

export function reader(rooms: Rooms, memory: Memory): Read {
  const waiting: Waiting[] = [];
  let underWay = 0;
  const pump = (): void => {
    while (waiting.length > 0 && underWay < UNDER_WAY) {
      const group = takeGroup(waiting);
      underWay++;
      void answer(rooms, memory, group).finally(() => {
        underWay--;
        pump();
      });
    }
  };
  return async (keys, scope) => {
    const wheres = keys.map(({ type }) => scope?.(type) ?? ALL);
    const asked = keys.filter((_, i) => wheres[i]!.op !== 'none').map(keyText);
    if (asked.length === 0) return keys.map(() => undefined);
    const conditions = keys.flatMap((key, i) =>
      wheres[i]!.op === 'none' ? [] : [conditionOf(key, wheres[i]!)],
    );
    const found = await new Promise<Found>((resolve, reject) => {
      waiting.push({ keys: asked, conditions, resolve, reject });
      pump();
    });
    return keys.map((key, i) => (wheres[i]!.op === 'none' ? undefined : found.get(keyText(key))));
  };
}

/** A tombstone has no type; nothing is asked of it. */
function conditionOf({ type }: ResourceKey, where: Expression): Filter<ResourceDocument> | undefined {
  if (where.op === 'all') return undefined;
  const known = conditions.get(where);
  if (known?.type === type) return known.condition;
  const condition = { $or: [{ t: { $exists: false } }, compileExpression(where, type)] };
  conditions.set(where, { type, condition });
  return condition;
}

/** By the Expression itself: a caller asks under the same one again and again. */
const conditions = new WeakMap<
  Expression,
  { readonly type: string; readonly condition: Filter<ResourceDocument> }
>();

/** The first that wait, as far as they go together: of one resource no two can ask in one find when either of them has a condition. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  const conditional = new Map<string, boolean>();
  let keys = 0;
  const end = waiting.findIndex((one, i) => {
    keys += one.keys.length;
    if (i > 0 && (keys > KEYS_AT_ONCE || clashes(conditional, one))) return true;
    one.keys.forEach((key, k) => conditional.set(key, one.conditions[k] !== undefined));
    return false;
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

const clashes = (taken: ReadonlyMap<string, boolean>, { keys, conditions }: Waiting): boolean =>
  keys.some((key, k) => taken.has(key) && (taken.get(key) === true || conditions[k] !== undefined));

interface Asked {
  readonly filter: Filter<ResourceDocument>;
  /** most documents that it can give */
  readonly most: number;
}

function askedOf(group: readonly Waiting[]): Asked {
  const free = new Set<string>();
  const bound = new Map<string, Filter<ResourceDocument>>();
  for (const { keys, conditions } of group)
    keys.forEach((key, i) => {
      const condition = conditions[i];
      if (condition) bound.set(key, { $and: [{ _id: { $eq: key } }, condition] });
      else free.add(key);
    });
  const names = [...free];
  const open = { _id: names.length === 1 ? { $eq: names[0]! } : { $in: names } };
  const parts: Filter<ResourceDocument>[] =
    names.length > 0 ? [open, ...bound.values()] : [...bound.values()];
  return { filter: parts.length === 1 ? parts[0]! : { $or: parts }, most: free.size + bound.size };
}

async function answer(rooms: Rooms, memory: Memory, group: readonly Waiting[]): Promise<void> {
  try {
    const rows = await rowsOf(rooms, askedOf(group));
    const found = new Map(rows.map((row) => [row._id, storedResource(row)]));
    for (const one of group) one.resolve(found);
    memory.remember([...found.values()].map(ownCopy));
  } catch (error) {
    for (const one of group) one.reject(error);
  }
}

/** A cursor is for what does not fit into one answer, and for the second try: the driver repeats its finds, but not commands as they stand. */
async function rowsOf(
  { db, resources }: Rooms,
  { filter, most }: Asked,
): Promise<readonly ResourceDocument[]> {
  const asked = { projection: RESOURCE_FIELDS, maxTimeMS: READ_MS };
  const command = {
    find: resources.collectionName,
    filter,
    ...asked,
    limit: most,
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
