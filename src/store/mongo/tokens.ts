/**
 * The tokens of a tenant: one document each, changed by single-document operations only, which are atomic. Nothing here needs the counter of
 * commits. https://www.mongodb.com/docs/manual/core/write-operations-atomicity/
 */
import { isDeepStrictEqual } from 'node:util';
import { MongoServerError, type Filter, type UpdateFilter } from 'mongodb';
import type { TokenLookup, TokenRecord, TokenStore } from '../ports.ts';
import { clearly, READ_MS } from './client.ts';
import type { Rooms, TokenDocument } from './layout.ts';
import { tokenFinder } from './token-find.ts';

type Room = Rooms['tokens'];
type Query = Filter<TokenDocument>;

export function tokenStore(rooms: Rooms): TokenStore {
  const { tokens } = rooms;
  const byKey = tokenFinder(rooms);
  const same = sameAgain();
  return {
    find: (model, id, now) =>
      clearly(async () => {
        const found = await byKey(keyOf(model, id));
        return found && (found.x === undefined || found.x > now) ? same(recordOf(found)) : undefined;
      }),
    findBy: (by, value, now, options) => clearly(() => findBy(tokens, by, value, now, options ?? {})),
    list: (model, now, limit, after) => clearly(() => list(tokens, model, now, limit, after)),
    put: (record) => clearly(() => put(tokens, record)),
    add: (record, now) => clearly(() => add(tokens, record, now)),
    consume: (model, id, now) => clearly(() => consume(tokens, model, id, now)),
    remove: (model, id) =>
      clearly(async () => (await tokens.deleteOne({ _id: keyOf(model, id) })).deletedCount === 1),
    removeGrant: (grantId) => clearly(() => removeGrant(tokens, grantId)),
    purge: (now, limit) => clearly(() => purge(tokens, now, limit)),
  };
}

/** Records that are remembered for what others have worked out from them. */
const MOST_KNOWN = 5000;

/** Gives the same object again for a record that has not changed, so that what follows from it can be kept by it. */
function sameAgain(): (record: TokenRecord) => TokenRecord {
  const known = new Map<string, TokenRecord>();
  return (record) => {
    const key = keyOf(record.model, record.id);
    const before = known.get(key);
    if (before && isDeepStrictEqual(before, record)) return before;
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, record);
    return record;
  };
}

/** No model has a slash in its name, so the first one ends it. */
const keyOf = (model: string, id: string): string => `${model}/${id}`;

const isLive = (now: number): Query => ({ $or: [{ x: { $exists: false } }, { x: { $gt: now } }] });

async function find(tokens: Room, model: string, id: string, now: number): Promise<TokenRecord | undefined> {
  const found = await tokens.findOne({ _id: keyOf(model, id) }, { maxTimeMS: READ_MS });
  return found && (found.x === undefined || found.x > now) ? recordOf(found) : undefined;
}

const FIELDS = {
  grantId: 'g',
  uid: 'u',
  userCode: 'k',
  accountId: 'a',
  clientId: 'c',
} as const satisfies Record<TokenLookup, keyof TokenDocument>;

async function findBy(
  tokens: Room,
  by: TokenLookup,
  value: string,
  now: number,
  { model, limit }: { readonly model?: string; readonly limit?: number },
): Promise<readonly TokenRecord[]> {
  if (limit === 0) return [];
  const query: Query = { [FIELDS[by]]: { $eq: value }, ...(model !== undefined && { m: { $eq: model } }) };
  const options = { sort: { n: -1, _id: 1 }, limit: limit ?? 0, maxTimeMS: READ_MS } as const;
  return (await tokens.find({ ...query, ...isLive(now) }, options).toArray()).map(recordOf);
}

async function list(
  tokens: Room,
  model: string,
  now: number,
  limit: number,
  after = '',
): Promise<readonly TokenRecord[]> {
  if (limit === 0) return [];
  // `0` is the character after the slash.
  const query: Query = { _id: { $gt: keyOf(model, after), $lt: `${model}0` }, ...isLive(now) };
  const options = { sort: { _id: 1 }, limit, maxTimeMS: READ_MS } as const;
  return (await tokens.find(query, options).toArray()).map(recordOf);
}

const DUPLICATE = 11000;
const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE;
/** Rounds of a change that others keep outrunning: in each of them another one has made or removed the record. */
const ROUNDS = 20;

async function put(tokens: Room, record: TokenRecord): Promise<void> {
  const { _id, n, ...rest } = documentOf(record);
  const absent = ['x', ...Object.values(FIELDS)].filter((field) => !(field in rest));
  const change: UpdateFilter<TokenDocument> = {
    $set: rest,
    $setOnInsert: { n },
    ...(absent.length > 0 && { $unset: Object.fromEntries(absent.map((field) => [field, true])) }),
  };
  for (let round = 1; ; round++) {
    try {
      await tokens.updateOne({ _id }, change, { upsert: true });
      return;
    } catch (error) {
      if (!isDuplicate(error) || round === ROUNDS) throw error;
    }
  }
}

async function add(tokens: Room, record: TokenRecord, now: number): Promise<boolean> {
  const { _id, ...rest } = documentOf(record);
  for (let round = 1; round <= ROUNDS; round++) {
    try {
      await tokens.insertOne({ _id, ...rest });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const replaced = await tokens.replaceOne({ _id, x: { $lte: now } }, rest);
    if (replaced.modifiedCount === 1) return true;
    if (await find(tokens, record.model, record.id, now)) return false;
  }
  return false;
}

async function consume(tokens: Room, model: string, id: string, now: number): Promise<boolean> {
  const query: Query = { _id: keyOf(model, id), used: { $exists: false }, ...isLive(now) };
  return (await tokens.updateOne(query, { $set: { used: now } })).modifiedCount === 1;
}

/**
 * The grant itself first: whoever keeps a token looks for its grant afterwards (`smart/agreements.ts`), so one that the second step does not meet is gone
 * by their own hand. One `deleteMany` of both could pass by a token that is kept before the grant goes.
 */
async function removeGrant(tokens: Room, grantId: string): Promise<number> {
  const grant = await tokens.deleteOne({ _id: keyOf('Grant', grantId) });
  const given = await tokens.deleteMany({ g: { $eq: grantId } });
  return grant.deletedCount + given.deletedCount;
}

async function purge(tokens: Room, now: number, limit: number): Promise<number> {
  const options = { sort: { x: 1 }, limit, projection: { _id: 1 }, maxTimeMS: READ_MS } as const;
  const expired = limit === 0 ? [] : await tokens.find({ x: { $lte: now } }, options).toArray();
  const ids = expired.map(({ _id }) => _id);
  return ids.length === 0
    ? 0
    : (await tokens.deleteMany({ _id: { $in: ids }, x: { $lte: now } })).deletedCount;
}

let made = 0;

/** `n` only orders: microseconds of the clock, or one more than the last where the clock does not move on. */
function documentOf(record: TokenRecord): TokenDocument {
  const { model, id, payload, expiresAt, consumedAt } = record;
  made = Math.max(made + 1, Date.now() * 1000);
  const lookups = Object.entries(FIELDS).flatMap(([name, field]) => {
    const value = record[name as TokenLookup];
    return value === undefined ? [] : [[field, value] as const];
  });
  return {
    _id: keyOf(model, id),
    m: model,
    p: payload,
    n: made,
    ...(expiresAt !== undefined && { x: expiresAt }),
    ...(consumedAt !== undefined && { used: consumedAt }),
    ...Object.fromEntries(lookups),
  };
}

function recordOf({ _id, m, p, x, used, ...rest }: TokenDocument): TokenRecord {
  const lookups = Object.entries(FIELDS).flatMap(([name, field]) =>
    rest[field] === undefined ? [] : [[name, rest[field]] as const],
  );
  return {
    model: m,
    id: _id.slice(m.length + 1),
    payload: p,
    ...(x !== undefined && { expiresAt: x }),
    ...(used !== undefined && { consumedAt: used }),
    ...Object.fromEntries(lookups),
  };
}
