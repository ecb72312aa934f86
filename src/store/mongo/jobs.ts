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

/** Three round trips for any number: look for due jobs, take those that are still due, read what was taken. */
async function claim(
  rooms: Rooms,
  queues: readonly string[],
  limit: number,
  now: number,
  until: number,
): Promise<readonly Job[]> {
  const due = { q: { $in: [...queues] }, due: { $lte: now } };
  const order = { due: 1, _id: 1 } as const;
  const seen = await rooms.jobs
    .find(due, { sort: order, limit, projection: { _id: 1 }, maxTimeMS: READ_MS })
    .toArray();
  if (seen.length === 0) return [];
  const lease = randomUUID();
  const still = { ...due, _id: { $in: seen.map(({ _id }) => _id) } };
  await rooms.jobs.updateMany(still, { $set: { due: until, lease }, $inc: { n: 1 } });
  const taken = await rooms.jobs
    .find({ _id: still._id, lease }, { sort: { _id: 1 }, maxTimeMS: READ_MS })
    .toArray();
  const [spent, live] = [taken.filter(({ n, max }) => n > max), taken.filter(({ n, max }) => n <= max)];
  for (const one of spent)
    await bury(rooms, { _id: one._id, lease }, 'The lease of the last attempt ran out', now);
  return live.map((one) => claimed(one, lease, until));
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
