/** The outbox on the writing connection: claims with leases, back-off, dead letters. Each call runs inside the writer's transaction. */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { DeadJob, Job } from '../ports.ts';
import type { Order } from './protocol.ts';

type JobOrder = Extract<Order, { kind: 'claim' | 'extend' | 'complete' | 'fail' | 'revive' }>;

interface JobRow {
  readonly id: number;
  readonly queue: string;
  readonly payload: string;
  readonly attempt: number;
  readonly max_attempts: number;
}

/** Gives what the port promises for each order. */
export function jobWriter(db: DatabaseSync): (order: JobOrder) => unknown {
  const statements = {
    extend: db.prepare('UPDATE job SET lease_until = ? WHERE id = ? AND lease = ?'),
    complete: db.prepare('DELETE FROM job WHERE id = ? AND lease = ?'),
    retry: db.prepare('UPDATE job SET run_at = ?, lease = NULL, lease_until = 0 WHERE id = ? AND lease = ?'),
    take: db.prepare('UPDATE job SET attempt = attempt + 1, lease = ?, lease_until = ? WHERE id = ?'),
    bury: db.prepare('INSERT INTO dead_job (id, queue, payload, attempts, max_attempts, error, died_at) VALUES (?, ?, ?, ?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM job WHERE id = ?'),
    dead: db.prepare('SELECT id, queue, payload, max_attempts FROM dead_job WHERE id = ?'),
    exhume: db.prepare('INSERT INTO job (id, queue, payload, run_at, attempt, max_attempts, lease_until) VALUES (?, ?, ?, ?, 0, ?, 0)'),
    forget: db.prepare('DELETE FROM dead_job WHERE id = ?'),
  };

  const bury = (row: JobRow, attempts: number, error: string, now: number): void => {
    statements.bury.run(row.id, row.queue, row.payload, attempts, row.max_attempts, error.slice(0, 1000), now);
    statements.remove.run(row.id);
  };

  const due = (queues: readonly string[], limit: number, now: number): JobRow[] => {
    const marks = queues.map(() => '?').join(',');
    const sql = `SELECT id, queue, payload, attempt, max_attempts FROM job WHERE queue IN (${marks}) AND run_at <= ? AND lease_until <= ? ORDER BY run_at, id LIMIT ?`;
    return db.prepare(sql).all(...queues, now, now, limit) as unknown as JobRow[];
  };

  const claim = ({ queues, limit, leaseMs, now }: Extract<Order, { kind: 'claim' }>): Job[] =>
    due(queues, limit, now).flatMap((row): Job[] => {
      if (row.attempt >= row.max_attempts) {
        bury(row, row.attempt, 'the lease of the last attempt ran out', now);
        return [];
      }
      const lease = randomUUID();
      statements.take.run(lease, now + leaseMs, row.id);
      const { id, queue, attempt, max_attempts: maxAttempts } = row;
      return [{ id, queue, payload: JSON.parse(row.payload) as unknown, attempt: attempt + 1, maxAttempts, lease, leaseUntil: now + leaseMs }];
    });

  const fail = ({ job, error, retryAt, now }: Extract<Order, { kind: 'fail' }>): boolean => {
    if (job.attempt < job.maxAttempts) return statements.retry.run(retryAt, job.id, job.lease).changes === 1;
    if (statements.complete.run(job.id, job.lease).changes !== 1) return false;
    const row = { id: job.id, queue: job.queue, payload: JSON.stringify(job.payload ?? null), attempt: job.attempt, max_attempts: job.maxAttempts };
    bury(row, job.attempt, error, now);
    return true;
  };

  const revive = (id: number, now: number): boolean => {
    const row = statements.dead.get(id) as JobRow | undefined;
    if (!row) return false;
    statements.exhume.run(row.id, row.queue, row.payload, now, row.max_attempts);
    statements.forget.run(id);
    return true;
  };

  return (order) => {
    switch (order.kind) {
      case 'claim':
        return claim(order);
      case 'extend':
        return statements.extend.run(order.now + order.leaseMs, order.job.id, order.job.lease).changes === 1;
      case 'complete':
        return statements.complete.run(order.job.id, order.job.lease).changes === 1;
      case 'fail':
        return fail(order);
      case 'revive':
        return revive(order.id, order.now);
    }
  };
}

/** Dead letters, newest first, on a reading connection. */
export function deadJobs(db: DatabaseSync, queue: string, limit: number): DeadJob[] {
  const rows = db.prepare('SELECT * FROM dead_job WHERE queue = ? ORDER BY died_at DESC, id DESC LIMIT ?').all(queue, limit);
  return (rows as unknown as { id: number; queue: string; payload: string; attempts: number; error: string; died_at: number }[]).map((row) => ({
    id: row.id,
    queue: row.queue,
    payload: JSON.parse(row.payload) as unknown,
    attempts: row.attempts,
    error: row.error,
    diedAt: row.died_at,
  }));
}
