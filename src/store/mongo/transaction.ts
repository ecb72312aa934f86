/**
 * One transaction for a group of units: read all that the judgement needs, judge in memory, write what holds together with the counter, commit.
 * https://www.mongodb.com/docs/manual/core/transactions/
 */
import type { AnyBulkWriteOperation, ClientSession, TransactionOptions } from 'mongodb';
import type { CommitResult, NewJob, UnitOfWork } from '../ports.ts';
import { jobDocument } from './jobs.ts';
import { judgeUnits, type Accepted } from './judge.ts';
import {
  COUNTER,
  historyDocument,
  keyText,
  resourceDocument,
  type Counter,
  type ResourceDocument,
  type Rooms,
} from './layout.ts';
import { readSnapshot } from './snapshot.ts';

export const TRANSACTION: TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
  maxCommitTimeMS: 20_000,
};

export interface Outcome {
  readonly results: readonly CommitResult[];
  /** false: no unit holds, so that there is nothing to commit */
  readonly written: boolean;
  /** the counter before and after */
  readonly counted: readonly [from: number, to: number];
}

/**
 * Runs the units in a transaction that the session has begun. Every transaction that writes changes the one counter of the tenant: if another one
 * has done so since the snapshot of this one, or is about to, this one fails with a write conflict. So what commits has been judged by the last
 * state, and commits have one order.
 */
export async function runUnits(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Outcome> {
  const { counter, ...snapshot } = await readSnapshot(rooms, session, units);
  const instant = Math.max(Date.now(), counter.w);
  const { results, accepted } = judgeUnits(units, snapshot, counter.n + 1, instant);
  const jobs = units.flatMap((unit, i) => (results[i]!.ok ? (unit.jobs ?? []) : []));
  const next = { n: counter.n + accepted.length, w: instant, j: counter.j + jobs.length };
  const written = accepted.length + jobs.length > 0;
  if (written) {
    await writeAccepted(rooms, session, accepted, next);
    await writeJobs(rooms, session, jobs, counter.j + 1, instant);
  }
  return { results, written, counted: [counter.n, next.n] };
}

/** Documents and bytes of one insert or update command: it must fit a message of 48 MB, and a command of thousands must not hold the server. */
const CHUNK_DOCUMENTS = 2_000;
const CHUNK_BYTES = 8 << 20;

async function writeAccepted(
  rooms: Rooms,
  session: ClientSession,
  accepted: readonly Accepted[],
  next: Counter,
): Promise<void> {
  for (const { write, place } of accepted) stamp(write, place.instant);
  await writeCurrent(rooms, session, accepted, next);
  const versions = accepted.map(({ write, place }) => historyDocument(write, place));
  for (const chunk of chunks(versions)) await rooms.history.insertMany(chunk, { session });
}

/** So many new resources go into the one command that changes the counter and the known ones; more are inserted, which is cheaper than to upsert. */
const FEW = 50;

async function writeCurrent(
  { resources }: Rooms,
  session: ClientSession,
  accepted: readonly Accepted[],
  next: Counter,
): Promise<void> {
  // Of a resource that two units of the group have written, only the last version is current.
  const last = new Map(accepted.map((one) => [keyText(one.write), one]));
  const first = new Set(accepted.filter(({ fresh }) => fresh).map(({ write }) => keyText(write)));
  const documents = [...last.values()].map(({ write, place }) => resourceDocument(write, place));
  const few = first.size <= FEW;
  const known = few ? documents : documents.filter(({ _id }) => !first.has(_id));
  let before: Change[] = [{ updateOne: { filter: { _id: COUNTER }, update: { $set: next } } }];
  for (const chunk of chunks(known)) {
    await resources.bulkWrite([...before, ...chunk.map(replacement)], { session });
    before = [];
  }
  if (before.length > 0) await resources.bulkWrite(before, { session });
  const fresh = few ? [] : documents.filter(({ _id }) => first.has(_id));
  for (const chunk of chunks(fresh)) await resources.insertMany(chunk, { session });
}

type Change = AnyBulkWriteOperation<ResourceDocument>;

const replacement = (one: ResourceDocument): Change => ({
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
