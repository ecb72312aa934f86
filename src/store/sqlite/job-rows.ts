/** Jobs in the writer's transaction: claim, extend, complete, fail, dead letters. `due` of a claimed job is the end of its lease. */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { DeadJob, Job } from '../ports.ts';

interface JobRow {
  readonly id: number;
  readonly queue: string;
  readonly payload: string;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly due: number;
}

export class JobWriter {
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(db: DatabaseSync) {
    this.#statements = prepareAll(db);
  }

  claim(queues: readonly string[], limit: number, leaseMs: number, now: number): Job[] {
    const claimed: Job[] = [];
    while (claimed.length < limit) {
      const rows = this.#due(queues, limit - claimed.length, now);
      if (rows.length === 0) break;
      const [spent, fresh] = [rows.filter(isSpent), rows.filter((row) => !isSpent(row))];
      for (const row of spent) this.#bury(row, 'The lease of the last attempt ran out', now);
      claimed.push(...fresh.map((row) => this.#lease(row, now + leaseMs)));
    }
    return claimed;
  }

  extend(id: number, lease: string, until: number): boolean {
    return this.#statements.extend.run(until, id, lease).changes > 0;
  }

  complete(id: number, lease: string): boolean {
    return this.#statements.complete.run(id, lease).changes > 0;
  }

  fail(id: number, lease: string, error: string, retryAt: number, now: number): boolean {
    const row = this.#statements.held.get(id, lease) as JobRow | undefined;
    if (!row) return false;
    if (isSpent(row)) this.#bury(row, error, now);
    else this.#statements.retry.run(retryAt, id);
    return true;
  }

  revive(id: number, now: number): boolean {
    const row = this.#statements.dead.get(id) as JobRow | undefined;
    if (!row) return false;
    this.#statements.exhume.run(id);
    this.#statements.enqueue.run(id, row.queue, row.payload, now, row.max_attempts);
    return true;
  }

  #due(queues: readonly string[], limit: number, now: number): JobRow[] {
    const rows = queues.flatMap(
      (queue) => this.#statements.due.all(queue, now, limit) as unknown as JobRow[],
    );
    return rows.sort((a, b) => a.due - b.due || a.id - b.id).slice(0, limit);
  }

  #lease({ id, queue, payload, attempt, max_attempts: maxAttempts }: JobRow, leaseUntil: number): Job {
    const lease = randomUUID();
    this.#statements.lease.run(lease, leaseUntil, id);
    return {
      id,
      queue,
      payload: JSON.parse(payload) as unknown,
      attempt: attempt + 1,
      maxAttempts,
      lease,
      leaseUntil,
    };
  }

  #bury({ id, queue, payload, attempt, max_attempts }: JobRow, error: string, now: number): void {
    this.#statements.remove.run(id);
    this.#statements.bury.run(id, queue, payload, attempt, max_attempts, error, now);
  }
}

/** Has had all its attempts; when it is due all the same, the worker of the last one died. */
const isSpent = ({ attempt, max_attempts }: JobRow): boolean => attempt >= max_attempts;

const COLUMNS = 'id, queue, payload, attempt, max_attempts, due';

function prepareAll(db: DatabaseSync) {
  return {
    due: db.prepare(`SELECT ${COLUMNS} FROM job WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT ? + 0`),
    held: db.prepare(`SELECT ${COLUMNS} FROM job WHERE id = ? AND lease = ?`),
    lease: db.prepare('UPDATE job SET lease = ?, due = ?, attempt = attempt + 1 WHERE id = ?'),
    extend: db.prepare('UPDATE job SET due = ? WHERE id = ? AND lease = ?'),
    complete: db.prepare('DELETE FROM job WHERE id = ? AND lease = ?'),
    retry: db.prepare('UPDATE job SET due = ?, lease = NULL WHERE id = ?'),
    remove: db.prepare('DELETE FROM job WHERE id = ?'),
    bury: db.prepare(
      'INSERT INTO dead_job(id, queue, payload, attempts, max_attempts, error, died_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    dead: db.prepare('SELECT queue, payload, max_attempts FROM dead_job WHERE id = ?'),
    exhume: db.prepare('DELETE FROM dead_job WHERE id = ?'),
    enqueue: db.prepare(
      'INSERT INTO job(id, queue, payload, due, attempt, max_attempts) VALUES (?, ?, ?, ?, 0, ?)',
    ),
  };
}

interface DeadRow {
  readonly id: number;
  readonly queue: string;
  readonly payload: string;
  readonly attempts: number;
  readonly error: string;
  readonly died_at: number;
}

/** Dead letters of a queue, oldest first. */
export function deadJobs(db: DatabaseSync, queue: string, limit: number): DeadJob[] {
  const rows = db
    .prepare(
      'SELECT id, queue, payload, attempts, error, died_at FROM dead_job WHERE queue = ? ORDER BY died_at, id LIMIT ?',
    )
    .all(queue, limit) as unknown as DeadRow[];
  return rows.map(({ died_at: diedAt, payload, ...row }) => ({
    ...row,
    payload: JSON.parse(payload) as unknown,
    diedAt,
  }));
}
