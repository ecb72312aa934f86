/**
 * One transaction for a group of units: judge them in memory by what was read in it or ahead of it, write what holds together with the counter.
 * https://www.mongodb.com/docs/manual/core/transactions/
 */
import type { ClientSession, Document, TransactionOptions } from 'mongodb';
import { ONCE, type CommitResult, type NewJob, type Once, type UnitOfWork } from '../ports.ts';
import type { NewAuditPage } from '../audit-port.ts';
import type { Chain } from './chain.ts';
import { write } from './command.ts';
import { writeAudit, type AuditDraft } from './audit.ts';
import { jobDocument } from './jobs.ts';
import { judgeUnits, type Accepted, type Current, type Snapshot } from './judge.ts';
import {
  COUNTER,
  historyDocument,
  keyText,
  resourceDocument,
  type Counter,
  type ResourceDocument,
  type Rooms,
} from './layout.ts';
import { onceKey, readCounter, readSnapshot, type Ahead } from './snapshot.ts';
import { stamp } from './stamp.ts';

export const TRANSACTION: TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
  maxCommitTimeMS: 20_000,
};

/** What is to become of a group. */
export interface Verdict {
  readonly results: readonly CommitResult[];
  readonly accepted: readonly Accepted[];
  readonly jobs: readonly NewJob[];
  readonly kept: readonly Once[];
  readonly audit: readonly NewAuditPage[];
  /** the counter that the verdict rests on, and what it becomes */
  readonly before: Counter;
  readonly next: Counter;
  /** states that were read, as of `before` */
  readonly seen: ReadonlyMap<string, Current>;
  /** the counter was not read within the transaction, so that writing must find it as it is thought to be */
  readonly supposed: boolean;
}

/** No unit holds, so that there is nothing to commit. */
export const isIdle = ({ accepted, jobs, kept, audit }: Verdict): boolean =>
  accepted.length + jobs.length + kept.length + audit.length === 0;

/** Judges by what is read in the transaction that the session has begun. */
export async function judgeByReading(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Verdict> {
  const { counter, ...snapshot } = await readSnapshot(rooms, session, units);
  return verdictOn(units, snapshot, counter);
}

/** Judges by what was read ahead and what we have committed since. Undefined where that is not known. */
export function judgeAhead(chain: Chain, ahead: Ahead, units: readonly UnitOfWork[]): Verdict | undefined {
  const [tip, since] = [chain.tip(), chain.since(ahead.from)];
  return tip && since && verdictOn(units, ahead.snapshot, tip, since);
}

function verdictOn(
  units: readonly UnitOfWork[],
  snapshot: Snapshot,
  before: Counter,
  since?: ReadonlyMap<string, Accepted>,
): Verdict {
  const instant = Math.max(Date.now(), before.w);
  const { results, accepted } = judgeUnits(units, snapshot, before.n + 1, instant, since);
  const jobs = units.flatMap((unit, i) => (results[i]!.ok ? (unit.jobs ?? []) : []));
  const kept = units.flatMap(({ once }, i) => (results[i]!.ok && once ? [once] : []));
  const audit = units.flatMap((unit, i) => (results[i]!.ok && unit.audit ? [unit.audit] : []));
  const changed = accepted.length + jobs.length + kept.length + audit.length > 0;
  const next = changed ? { n: before.n + accepted.length, w: instant, j: before.j + jobs.length } : before;
  const seen = since ? new Map([...snapshot.current].filter(([key]) => !since.has(key))) : snapshot.current;
  return { results, accepted, jobs, kept, audit, before, next, seen, supposed: since !== undefined };
}

/** Others have committed since we did: what was supposed of the state does not hold. */
export class Overtaken extends Error {}

/** Throws Overtaken unless the counter stands where a verdict that writes nothing supposes it, so that its refusals are the truth by now. */
export async function confirm(rooms: Rooms, { before }: Verdict): Promise<void> {
  const { n, w, j } = await readCounter(rooms);
  if (n !== before.n || w !== before.w || j !== before.j) throw new Overtaken();
}

/**
 * Writes what a verdict says, in the transaction that the session has begun. Every transaction that writes changes the one counter of the tenant:
 * if another one has done so since the snapshot of this one, or is about to, this one fails with a write conflict; if one has done so since a
 * supposed counter was read, it is overtaken. So what commits has been judged by the last state, and commits have one order.
 */
export async function writeVerdict(
  rooms: Rooms,
  session: ClientSession,
  verdict: Verdict,
  audit: AuditDraft | undefined,
): Promise<void> {
  const { accepted, next } = verdict;
  for (const { write, place } of accepted) stamp(write, place.instant);
  await writeCurrent(rooms, session, verdict);
  const versions = accepted.map(({ write, place }) => historyDocument(write, place));
  for (const documents of chunks(versions)) await insert(rooms, session, rooms.history, documents);
  await writeJobs(rooms, session, verdict, next.w);
  await writeKept(rooms, session, verdict);
  if (audit) await writeAudit(rooms, session, audit);
}

/** Documents and bytes of one insert or update command: it must fit a message of 48 MB, and a command of thousands must not hold the server. */
const CHUNK_DOCUMENTS = 2_000;
const CHUNK_BYTES = 8 << 20;

/** So many new resources go into the one command that changes the counter and the known ones; more are inserted, which is cheaper than to upsert. */
const FEW = 50;

async function writeCurrent(
  rooms: Rooms,
  session: ClientSession,
  { accepted, before, next, supposed }: Verdict,
): Promise<void> {
  // Of a resource that two units of the group have written, only the last version is current.
  const last = new Map(accepted.map((one) => [keyText(one.write), one]));
  const first = new Set(accepted.filter(({ fresh }) => fresh).map(({ write }) => keyText(write)));
  const documents = [...last.values()].map(({ write, place }) => resourceDocument(write, place));
  const few = first.size <= FEW;
  const [known = [], ...more] = chunks(few ? documents : documents.filter(({ _id }) => !first.has(_id)));
  const count = { q: { _id: COUNTER, ...(supposed && before) }, u: { $set: next } };
  const changed = await update(rooms, session, [count, ...known.map(replacement)]);
  if (changed <= known.length) throw new Overtaken();
  for (const chunk of more) await update(rooms, session, chunk.map(replacement));
  const fresh = few ? [] : documents.filter(({ _id }) => first.has(_id));
  for (const chunk of chunks(fresh)) await insert(rooms, session, rooms.resources, chunk);
}

const replacement = (u: ResourceDocument): Document => ({ q: { _id: u._id }, u, upsert: true });

const update = ({ db, resources }: Rooms, session: ClientSession, updates: Document[]): Promise<number> =>
  write(db, { update: resources.collectionName, updates }, session);

const insert = (
  { db }: Rooms,
  session: ClientSession,
  { collectionName }: { readonly collectionName: string },
  documents: readonly Document[],
): Promise<number> => write(db, { insert: collectionName, documents }, session);

async function writeJobs(
  rooms: Rooms,
  session: ClientSession,
  { jobs, before }: Verdict,
  instant: number,
): Promise<void> {
  const documents = jobs.map((job, i) => jobDocument(job, before.j + 1 + i, instant));
  for (const some of chunks(documents)) await insert(rooms, session, rooms.jobs, some);
}

/** A living one of the same id, which another process may have kept meanwhile, is found as a duplicate: then the group is judged anew. */
async function writeKept(
  { db, tokens }: Rooms,
  session: ClientSession,
  { kept, next }: Verdict,
): Promise<void> {
  if (kept.length === 0) return;
  const updates = kept.map((once) => ({
    q: { _id: onceKey(once), x: { $lte: next.w } },
    u: { m: ONCE, p: once.payload, n: next.w * 1000, x: once.expiresAt },
    upsert: true,
  }));
  await write(db, { update: tokens.collectionName, updates }, session);
}

function* chunks<T extends { readonly _id: unknown; readonly b?: unknown }>(
  documents: readonly T[],
): Generator<T[]> {
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
