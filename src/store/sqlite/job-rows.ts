/** Jobs in the writer's transaction: claim, extend, complete, fail, dead letters. */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { DeadJob, Job } from '../ports.ts';

interface JobRow {
  readonly id: number;
  readonly queue: string;
  readonly payload: string;
  readonly attempt: number;
  readonly max_attempts: number;
}

export interface JobWriter {
  claim(queues: readonly string[], limit: number, leaseMs: number, now: number): Job[];
  extend(id: number, lease: string, until: number): boolean;
  complete(id: number, lease: string): boolean;
  fail(id: number, lease: string, error: string, retryAt: number, now: number): boolean;
  revive(id: number, now: number): boolean;
}

const COLUMNS = 'id, queue, payload, attempt, max_attempts';

export function openJobWriter(db: DatabaseSync): JobWriter {
  const due = db.prepare(
    `SELECT ${COLUMNS}, due FROM job WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT ?`,
  );
  const held = db.prepare(`SELECT ${COLUMNS} FROM job WHERE id = ? AND lease = ?`);
  const lease = db.prepare('UPDATE job SET lease = ?, due = ?, attempt = attempt + 1 WHERE id = ?');
  const extend = db.prepare('UPDATE job SET due = ? WHERE id = ? AND lease = ?');
  const retry = db.prepare('UPDATE job SET due = ?, lease = NULL WHERE id = ?');
  const remove = db.prepare('DELETE FROM job WHERE id = ?');
  const bury = db.prepare(
    'INSERT INTO dead_job(id, queue, payload, attempts, max_attempts, error, died_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const dead = db.prepare('SELECT id, queue, payload, max_attempts FROM dead_job WHERE id = ?');
  const unbury = db.prepare('DELETE FROM dead_job WHERE id = ?');
  const enqueue = db.prepare(
    'INSERT INTO job(id, queue, payload, due, attempt, max_attempts) VALUES (?, ?, ?, ?, 0, ?)',
  );

  const die = ({ id, queue, payload, attempt, max_attempts }: JobRow, error: string, now: number): void => {
    remove.run(id);
    bury.run(id, queue, payload, attempt, max_attempts, error, now);
  };
  /** A job whose last attempt ran out of its lease (its worker died) has had all its attempts. */
  const buryExhausted = (rows: readonly JobRow[], now: number): JobRow[] =>
    rows.filter((row) => {
      if (row.attempt < row.max_attempts) return true;
      die(row, 'The lease of the last attempt ran out', now);
      return false;
    });
  const dueJobs = (queues: readonly string[], limit: number, now: number): JobRow[] => {
    const rows = queues.flatMap(
      (queue) => due.all(queue, now, limit) as unknown as (JobRow & { due: number })[],
    );
    return rows.sort((a, b) => a.due - b.due || a.id - b.id).slice(0, limit);
  };

  return {
    claim(queues, limit, leaseMs, now) {
      const claimed: Job[] = [];
      for (
        let rows = dueJobs(queues, limit, now);
        rows.length > 0 && claimed.length < limit;
        rows = dueJobs(queues, limit - claimed.length, now)
      ) {
        for (const { id, queue, payload, attempt, max_attempts } of buryExhausted(rows, now)) {
          const proof = randomUUID();
          lease.run(proof, now + leaseMs, id);
          claimed.push({
            id,
            queue,
            payload: JSON.parse(payload) as unknown,
            attempt: attempt + 1,
            maxAttempts: max_attempts,
            lease: proof,
            leaseUntil: now + leaseMs,
          });
        }
      }
      return claimed;
    },
    extend: (id, proof, until) => extend.run(until, id, proof).changes > 0,
    complete: (id, proof) => held.get(id, proof) !== undefined && remove.run(id).changes > 0,
    fail(id, proof, error, retryAt, now) {
      const row = held.get(id, proof) as JobRow | undefined;
      if (!row) return false;
      if (row.attempt >= row.max_attempts) die(row, error, now);
      else retry.run(retryAt, id);
      return true;
    },
    revive(id, now) {
      const row = dead.get(id) as (JobRow & { id: number }) | undefined;
      if (!row) return false;
      unbury.run(id);
      enqueue.run(id, row.queue, row.payload, now, row.max_attempts);
      return true;
    },
  };
}

export function deadJobs(db: DatabaseSync, queue: string, limit: number): DeadJob[] {
  const rows = db
    .prepare(
      'SELECT id, queue, payload, attempts, error, died_at FROM dead_job WHERE queue = ? ORDER BY died_at, id LIMIT ?',
    )
    .all(queue, limit) as unknown as (DeadJob & { payload: string; died_at: number })[];
  return rows.map(({ id, queue: of, payload, attempts, error, died_at }) => ({
    id,
    queue: of,
    payload: JSON.parse(payload) as unknown,
    attempts,
    error,
    diedAt: died_at,
  }));
}
