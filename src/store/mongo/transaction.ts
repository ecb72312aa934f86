/**
 * One transaction for a group of units: take the counter, read all that the judgement needs, judge in memory, write what holds, commit.
 * https://www.mongodb.com/docs/manual/core/transactions/
 */
import type { ClientSession, Document, TransactionOptions } from 'mongodb';
import type { CommitResult, Guard, NewJob, UnitOfWork } from '../ports.ts';
import { compileBranches } from './compile.ts';
import { jobDocument } from './jobs.ts';
import { judgeUnits, type Accepted, type Current, type Referrer, type Snapshot } from './judge.ts';
import {
  historyDocument,
  keyText,
  resourceDocument,
  type CounterDocument,
  type ResourceDocument,
  type Rooms,
} from './layout.ts';

export const TRANSACTION: TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
  maxCommitTimeMS: 20_000,
};

/** Documents and bytes of one insert or update command: it must fit a message of 48 MB, and a command of thousands must not hold the server. */
const CHUNK_DOCUMENTS = 2_000;
const CHUNK_BYTES = 8 << 20;

export interface Outcome {
  readonly results: readonly CommitResult[];
  /** false: no unit holds, so that there is nothing to commit */
  readonly written: boolean;
  /** the counter before and after */
  readonly counted: readonly [from: number, to: number];
}

/** Runs the units in a transaction that the session has begun. */
export async function runUnits(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Outcome> {
  const writes = units.reduce((sum, unit) => sum + unit.writes.length, 0);
  const jobs = units.reduce((sum, unit) => sum + (unit.jobs?.length ?? 0), 0);
  const counter = await take(rooms, session, writes, jobs);
  const snapshot = await readSnapshot(rooms, session, units);
  const { results, accepted } = judgeUnits(units, snapshot, counter.n - writes + 1, counter.at);
  const wanted = units.flatMap((unit, i) => (results[i]!.ok ? (unit.jobs ?? []) : []));
  await writeAccepted(rooms, session, accepted);
  await writeJobs(rooms, session, wanted, counter.j - jobs + 1, counter.at);
  return { results, written: accepted.length + wanted.length > 0, counted: [counter.n - writes, counter.n] };
}

/**
 * The first operation of every commit changes the one counter of the tenant. Two transactions of two processes therefore never overlap: the
 * later one gets a write conflict until the earlier one is over, and its snapshot begins after that. This is the order of commits.
 */
async function take(
  { counters }: Rooms,
  session: ClientSession,
  writes: number,
  jobs: number,
): Promise<CounterDocument> {
  const change = { $inc: { n: writes, j: jobs }, $max: { at: Date.now() } };
  const counter = await counters.findOneAndUpdate({ _id: 'commit' }, change, {
    session,
    returnDocument: 'after',
  });
  if (!counter) throw new Error('The counter of commits is missing from the database');
  return counter;
}

async function readSnapshot(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Snapshot> {
  // One after another: the operations of a transaction must not run side by side.
  const current = await readCurrent(rooms, session, units);
  const found = await readGuards(rooms, session, units);
  const referrers = await readReferrers(rooms, session, units);
  return { current, found, referrers };
}

async function readCurrent(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Map<string, Current>> {
  const keys = new Set(units.flatMap(({ writes, present = [] }) => [...writes, ...present].map(keyText)));
  if (keys.size === 0) return new Map();
  const options = { session, projection: { v: 1, t: 1, o: 1 }, batchSize: keys.size + 1 };
  const rows = await rooms.resources.find({ _id: { $in: [...keys] } }, options).toArray();
  return new Map(rows.map(({ _id, v, t, o }) => [_id, { version: v, live: t !== undefined, order: o }]));
}

async function readGuards(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Map<Guard, string[]>> {
  const guards = units.flatMap(({ guards: own = [] }) => own);
  const found = new Map<Guard, string[]>(guards.map((guard) => [guard, []]));
  const questions = guards.map(({ plan, matches }) => [
    { $match: compileBranches(plan) },
    { $limit: matches.length + 1 },
    { $project: { _id: 1 } },
  ]);
  const ask = (row: Document, i: number): unknown => found.get(guards[i]!)!.push(row['_id'] as string);
  await askAll(rooms, session, questions, ask);
  return found;
}

/** Some are enough: one refuses the unit, the others only make the refusal more telling. */
const REFERRERS_SHOWN = 10;
/** Referrers of all deletes of the group that are looked at together; with more, each unit asks for its own. */
const REFERRERS_TOGETHER = 200;

const deletesOf = ({ writes }: UnitOfWork): string[] => writes.filter(({ content }) => !content).map(keyText);

/** Mostly there is none: one question for the whole group finds that out. */
async function readReferrers(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Map<UnitOfWork, Referrer[]>> {
  const asking = units.filter((unit) => unit.integrity && deletesOf(unit).length > 0);
  if (asking.length === 0) return new Map();
  const options = {
    session,
    projection: { f: 1 },
    limit: REFERRERS_TOGETHER,
    batchSize: REFERRERS_TOGETHER + 1,
  };
  const rows = await rooms.resources.find({ f: { $in: asking.flatMap(deletesOf) } }, options).toArray();
  if (rows.length === REFERRERS_TOGETHER) return readReferrersEach(rooms, session, asking);
  const referrers = rows.map(({ _id, f = [] }) => ({ by: _id, to: f }));
  return new Map(asking.map((unit) => [unit, outside(unit, referrers)]));
}

/** A referrer that the unit writes itself is judged by what it writes. */
function outside({ writes }: UnitOfWork, referrers: readonly Referrer[]): Referrer[] {
  if (referrers.length === 0) return [];
  const own = new Set(writes.map(keyText));
  return referrers.filter(({ by }) => !own.has(by));
}

async function readReferrersEach(
  rooms: Rooms,
  session: ClientSession,
  asking: readonly UnitOfWork[],
): Promise<Map<UnitOfWork, Referrer[]>> {
  const found = new Map<UnitOfWork, Referrer[]>(asking.map((unit) => [unit, []]));
  const questions = asking.map((unit) => [
    { $match: { f: { $in: deletesOf(unit) }, _id: { $nin: unit.writes.map(keyText) } } },
    { $limit: REFERRERS_SHOWN },
    { $project: { f: 1 } },
  ]);
  await askAll(rooms, session, questions, (row, i) =>
    found.get(asking[i]!)!.push({ by: row['_id'] as string, to: row['f'] as string[] }),
  );
  return found;
}

/** Questions of one command; more would make the command large and slow to plan. */
const QUESTIONS = 50;

/**
 * Asks many small questions of the resources in few round trips: each is a `$lookup` of its own beside the counter ($unionWith and $facet are
 * not allowed in a transaction, or use no index). `heard` gets each row with the place of its question.
 */
async function askAll(
  { counters, resources }: Rooms,
  session: ClientSession,
  questions: readonly Document[][],
  heard: (row: Document, question: number) => void,
): Promise<void> {
  for (let from = 0; from < questions.length; from += QUESTIONS) {
    const some = questions.slice(from, from + QUESTIONS);
    const lookups = some.map((pipeline, i) => ({
      $lookup: { from: resources.collectionName, pipeline, as: `q${from + i}` },
    }));
    const stages = [{ $match: { _id: 'commit' } }, { $project: { _id: 1 } }, ...lookups];
    const [answer] = await counters.aggregate(stages, { session }).toArray();
    some.forEach((_, i) => (answer![`q${from + i}`] as Document[]).forEach((row) => heard(row, from + i)));
  }
}

async function writeAccepted(
  rooms: Rooms,
  session: ClientSession,
  accepted: readonly Accepted[],
): Promise<void> {
  // Of a resource that two units of the group have written, only the last version is current.
  const last = new Map(accepted.map((one) => [keyText(one.write), one]));
  const first = new Set(accepted.filter(({ fresh }) => fresh).map(({ write }) => keyText(write)));
  const documents = [...last.values()].map(({ write, place }) => resourceDocument(write, place));
  for (const { write, place } of accepted) stamp(write, place.instant);
  await writeCurrent(rooms, session, documents, first);
  const versions = accepted.map(({ write, place }) => historyDocument(write, place));
  for (const chunk of chunks(versions)) await rooms.history.insertMany(chunk, { session });
}

/** A group with few new resources among known ones is one command instead of two; an insert is cheaper than an upsert where there are many. */
const FEW = 50;

async function writeCurrent(
  { resources }: Rooms,
  session: ClientSession,
  documents: readonly ResourceDocument[],
  first: ReadonlySet<string>,
): Promise<void> {
  const fresh = documents.filter(({ _id }) => first.has(_id));
  const mixed = fresh.length < documents.length && fresh.length <= FEW;
  const known = mixed ? documents : documents.filter(({ _id }) => !first.has(_id));
  if (!mixed) for (const chunk of chunks(fresh)) await resources.insertMany(chunk, { session });
  for (const chunk of chunks(known)) await resources.bulkWrite(chunk.map(replacement), { session });
}

const replacement = (
  one: ResourceDocument,
): { replaceOne: { filter: { _id: string }; replacement: ResourceDocument; upsert: true } } => ({
  replaceOne: { filter: { _id: one._id }, replacement: one, upsert: true },
});

/** Overwrites the 24 characters of meta.lastUpdated; a second attempt overwrites them again. */
function stamp({ content }: UnitOfWork['writes'][number], instant: number): void {
  if (!content || content.stampAt < 0) return;
  const { buffer, byteOffset } = content.body;
  Buffer.from(buffer, byteOffset + content.stampAt, 24).write(new Date(instant).toISOString(), 'latin1');
}

async function writeJobs(
  { jobs }: Rooms,
  session: ClientSession,
  wanted: readonly NewJob[],
  firstId: number,
  instant: number,
): Promise<void> {
  if (wanted.length > 0)
    await jobs.insertMany(
      wanted.map((job, i) => jobDocument(job, firstId + i, instant)),
      { session },
    );
}

function* chunks<T extends { readonly b?: unknown }>(documents: readonly T[]): Generator<T[]> {
  let chunk: T[] = [];
  let bytes = 0;
  for (const one of documents) {
    const size = (one.b as Uint8Array | undefined)?.length ?? 0;
    if (chunk.length > 0 && (chunk.length >= CHUNK_DOCUMENTS || bytes + size > CHUNK_BYTES)) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(one);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
