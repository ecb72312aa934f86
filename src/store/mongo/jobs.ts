/**
 * The queue of jobs. A job comes in with the commit that asks for it (transaction.ts); here it is claimed under a lease, and every step is one
 * atomic update that names the lease. A dead letter stays in the same collection: it only loses its `due`, so dying is atomic too.
 */
import { randomUUID } from 'node:crypto';
import type { DeadJob, Job, JobStore, NewJob } from '../ports.ts';
import { clearly, READ_MS } from './client.ts';
import type { JobDocument, Rooms } from './layout.ts';

const MAX_ATTEMPTS = 10;

export function jobDocument(job: NewJob, id: number, instant: number): JobDocument {
  const { queue, payload, runAt, maxAttempts } = job;
  return {
    _id: id,
    q: queue,
    p: JSON.stringify(payload ?? null),
    due: runAt ?? instant,
    n: 0,
    max: maxAttempts ?? MAX_ATTEMPTS,
  };
}

export function jobStore(rooms: Rooms): JobStore {
  return {
    claim: (queues, limit, leaseMs, now) => clearly(() => claim(rooms, queues, limit, now, now + leaseMs)),
    extend: (job, leaseMs, now) => clearly(() => extend(rooms, job, now + leaseMs)),
    complete: (job) => clearly(async () => (await rooms.jobs.deleteOne(held(job))).deletedCount === 1),
    fail: (job, error, retryAt, now) => clearly(() => fail(rooms, job, error, retryAt, now)),
    dead: (queue, limit) => clearly(() => dead(rooms, queue, limit)),
    revive: (id, now) => clearly(() => revive(rooms, id, now)),
  };
}

const held = ({ id, lease }: Job): { _id: number; lease: string } => ({ _id: id, lease });

/** Rounds of a claim that others keep outrunning. In each round at least one claimer gets what it looked for. */
const ROUNDS = 100;

async function claim(
  rooms: Rooms,
  queues: readonly string[],
  limit: number,
  now: number,
  until: number,
): Promise<readonly Job[]> {
  const lease = randomUUID();
  const jobs: Job[] = [];
  for (let round = 0; round < ROUNDS && jobs.length < limit; round++) {
    const seen = await dueNow(rooms, queues, limit - jobs.length, now);
    if (seen.length === 0) break;
    jobs.push(...(await takeDue(rooms, seen, lease, now, until)));
  }
  return jobs;
}

async function dueNow(
  { jobs }: Rooms,
  queues: readonly string[],
  limit: number,
  now: number,
): Promise<number[]> {
  const options = { sort: { due: 1, _id: 1 }, limit, projection: { _id: 1 }, maxTimeMS: READ_MS } as const;
  const rows = await jobs.find({ q: { $in: [...queues] }, due: { $lte: now } }, options).toArray();
  return rows.map(({ _id }) => _id);
}

/** Takes those that are still due, all in one update; a job whose last attempt was lost is buried instead. */
async function takeDue(
  rooms: Rooms,
  ids: number[],
  lease: string,
  now: number,
  until: number,
): Promise<Job[]> {
  const take = { $set: { due: until, lease }, $inc: { n: 1 } };
  await rooms.jobs.updateMany({ _id: { $in: ids }, due: { $lte: now } }, take);
  const rows = await rooms.jobs.find({ _id: { $in: ids }, lease }, { maxTimeMS: READ_MS }).toArray();
  const taken = rows.sort((a, b) => ids.indexOf(a._id) - ids.indexOf(b._id));
  const spent = taken.filter(({ n, max }) => n > max);
  for (const { _id } of spent)
    await bury(rooms, { _id, lease }, 'The lease of the last attempt ran out', now);
  return taken.filter(({ n, max }) => n <= max).map((one) => claimed(one, lease, until));
}

const claimed = (one: JobDocument, lease: string, leaseUntil: number): Job => ({
  id: one._id,
  queue: one.q,
  payload: JSON.parse(one.p) as unknown,
  attempt: one.n,
  maxAttempts: one.max,
  lease,
  leaseUntil,
});

async function extend(rooms: Rooms, job: Job, until: number): Promise<boolean> {
  return (await rooms.jobs.updateOne(held(job), { $set: { due: until } })).matchedCount === 1;
}

async function fail(rooms: Rooms, job: Job, error: string, retryAt: number, now: number): Promise<boolean> {
  if (job.attempt >= job.maxAttempts) return bury(rooms, held(job), error, now);
  const given = await rooms.jobs.updateOne(held(job), { $set: { due: retryAt }, $unset: { lease: true } });
  return given.matchedCount === 1;
}

async function bury(
  rooms: Rooms,
  which: { _id: number; lease: string },
  error: string,
  now: number,
): Promise<boolean> {
  const change = { $set: { died: now, error }, $unset: { due: true, lease: true } } as const;
  return (await rooms.jobs.updateOne(which, change)).matchedCount === 1;
}

async function dead(rooms: Rooms, queue: string, limit: number): Promise<readonly DeadJob[]> {
  const rows = await rooms.jobs
    .find({ q: queue, died: { $exists: true } }, { sort: { died: 1, _id: 1 }, limit, maxTimeMS: READ_MS })
    .toArray();
  return rows.map((one) => ({
    id: one._id,
    queue: one.q,
    payload: JSON.parse(one.p) as unknown,
    attempts: Math.min(one.n, one.max),
    error: one.error ?? '',
    diedAt: one.died!,
  }));
}

async function revive(rooms: Rooms, id: number, now: number): Promise<boolean> {
  const change = { $set: { due: now, n: 0 }, $unset: { died: true, error: true } } as const;
  return (await rooms.jobs.updateOne({ _id: id, died: { $exists: true } }, change)).matchedCount === 1;
}
