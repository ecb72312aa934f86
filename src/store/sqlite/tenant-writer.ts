/**
 * The write side of one tenant's database. Many questions are answered in one transaction (group commit), so that one fsync serves all of them;
 * none is answered before it is durable. https://www.sqlite.org/wal.html
 */
import { openBacklog } from './backlog.ts';
import { openJobWriter } from './job-rows.ts';
import { openNameMaker } from './names.ts';
import { openForWriting, readSecret } from './schema.ts';
import { Search } from './search.ts';
import { openUnitWriter, type Clock } from './unit.ts';
import type { Answer, Ask, Opened } from './wire.ts';

export interface TenantWriter {
  /** Does all in one transaction, each whole or not at all; the answers stand in the order of the questions. */
  perform(asks: readonly Ask[]): Answer[];
  /** index entries that wait to be moved */
  readonly waiting: number;
  /** Moves the oldest of them in a transaction of its own. */
  settle(): void;
  close(): void;
}

/** Resources whose index rows are moved in one transaction: enough to touch each page once for many, few enough not to keep others waiting. */
export const SETTLE_TOGETHER = 1000;

export function openTenantWriter(file: string): TenantWriter {
  const db = openForWriting(file);
  const names = openNameMaker(db);
  const clock: Clock = { seq: 0, instant: 0 };
  const backlog = openBacklog(db, names);
  const units = openUnitWriter(db, names, new Search(db, names), backlog, clock);
  const jobs = openJobWriter(db);
  const secret = readSecret(db);
  const dataVersion = db.prepare('PRAGMA data_version');
  const newest = db.prepare('SELECT seq, instant FROM version ORDER BY seq DESC LIMIT 1');
  const moveCursor = db.prepare('UPDATE cursor SET seq = ? WHERE name = ? AND seq = ?');
  const startCursor = db.prepare('INSERT OR IGNORE INTO cursor(name, seq) VALUES (?, ?)');
  let seenVersion = -1;

  /** What is remembered between transactions holds only while no other connection writes, such as a command that runs beside the server. */
  const refresh = (): void => {
    const { data_version: version } = dataVersion.get() as { data_version: number };
    if (version === seenVersion) return;
    seenVersion = version;
    const row = newest.get() as { seq: number; instant: number } | undefined;
    clock.seq = row?.seq ?? 0;
    clock.instant = row?.instant ?? 0;
    backlog.recount();
  };
  const advance = (name: string, from: number, to: number): boolean => {
    if (from === 0) startCursor.run(name, 0);
    return moveCursor.run(to, name, from).changes > 0;
  };
  const answer = (ask: Ask): unknown => {
    switch (ask.op) {
      case 'open':
        return { file, secret } satisfies Opened;
      case 'ping':
      case 'tenants':
        return true;
      case 'settle':
        if (backlog.size > 0) backlog.settle(Number.MAX_SAFE_INTEGER);
        return true;
      case 'commit':
        return units.commit(ask.unit, ask.bodies);
      case 'advance':
        return advance(ask.name, ask.from, ask.to);
      case 'claim':
        return jobs.claim(ask.queues, ask.limit, ask.leaseMs, ask.now);
      case 'extend':
        return jobs.extend(ask.id, ask.lease, ask.until);
      case 'complete':
        return jobs.complete(ask.id, ask.lease);
      case 'fail':
        return jobs.fail(ask.id, ask.lease, ask.error, ask.retryAt, ask.now);
      case 'revive':
        return jobs.revive(ask.id, ask.now);
    }
  };
  const undo = (): void => {
    if (db.isTransaction) db.exec('ROLLBACK');
    names.clear();
    seenVersion = -1;
  };
  let isDurable = true;
  /** Moving rows adds nothing that a crash could lose: it need not wait for the disk. The next durable commit syncs what was written before it, too. */
  const begin = (durable: boolean): void => {
    if (durable !== isDurable) db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
    isDurable = durable;
    db.exec('BEGIN IMMEDIATE');
  };
  const perform = (asks: readonly Ask[]): Answer[] => {
    try {
      begin(asks.some(({ op }) => op !== 'settle'));
      refresh();
      const answers = asks.map((ask) => ({ value: answer(ask) }));
      db.exec('COMMIT');
      return answers;
    } catch (error) {
      undo();
      // One of them is at fault: only that one shall fail.
      return asks.length === 1 ? [failure(error)] : asks.flatMap((ask) => perform([ask]));
    }
  };
  const settle = (): void => {
    try {
      begin(false);
      refresh();
      backlog.settle(SETTLE_TOGETHER);
      db.exec('COMMIT');
    } catch (error) {
      undo();
      throw error;
    }
  };
  // What an earlier process left is moved before the first question.
  backlog.recount();
  while (backlog.size > 0) settle();
  const close = (): void => {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  };
  return {
    perform,
    get waiting() {
      return backlog.size;
    },
    settle,
    close,
  };
}

/** SQLite's codes for what may be over soon: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. */
const BUSY_CODES = [5, 6, 8, 10, 13, 14];

export function failure(error: unknown): Answer {
  const { errcode, message } = error as Error & { errcode?: number };
  return { error: message, busy: errcode !== undefined && BUSY_CODES.includes(errcode & 0xff) };
}
