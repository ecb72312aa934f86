/**
 * The write side of one tenant's database. Many questions are answered in one transaction (group commit), and none before it is durable, for which
 * one call of the disk serves all that was committed meanwhile. https://www.sqlite.org/wal.html
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { removeFile } from './audit-journal.ts';
import { AUDIT_TOGETHER, AuditWriter } from './audit-writer.ts';
import type { CommitResult } from '../ports.ts';
import { Backlog } from './backlog.ts';
import { JobWriter } from './job-rows.ts';
import { LogSync } from './log-sync.ts';
import { openNameMaker, type NameMaker } from './names.ts';
import { openForWriting, readSecret } from './schema.ts';
import { Search } from './search.ts';
import { TokenWriter } from './token-rows.ts';
import { UnitWriter, type Clock } from './unit.ts';
import type { Answer, Ask, Opened, UnitWire } from './wire.ts';

/** Resources whose index rows are moved in one transaction: enough to touch each page once for many, few enough not to keep others waiting. */
export const SETTLE_TOGETHER = 1000;

/** Questions that leave nothing behind which a crash could take away. */
const PASSIVE: readonly Ask['op'][] = ['ping', 'tenants', 'settle'];

export class TenantWriter {
  readonly #db: DatabaseSync;
  readonly #opened: Opened;
  readonly #names: NameMaker;
  readonly #backlog: Backlog;
  readonly #clock: Clock = { seq: 0, instant: 0 };
  readonly #units: UnitWriter;
  readonly #jobs: JobWriter;
  readonly #tokens: TokenWriter;
  readonly #audit: AuditWriter;
  readonly #tokenChanges: Int32Array;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #log: LogSync;
  #seenVersion = -1;
  /** something was written since the log was last copied */
  #hasLog = true;

  /** Opens, makes or migrates the file, and moves the index rows that an earlier process left waiting. */
  constructor(file: string, log = new LogSync(file)) {
    this.#db = openForWriting(file);
    this.#log = log;
    const tokenChanges = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#opened = { file, secret: readSecret(this.#db), tokenChanges };
    this.#tokenChanges = new Int32Array(tokenChanges);
    this.#names = openNameMaker(this.#db);
    this.#backlog = new Backlog(this.#db, this.#names);
    const search = new Search(this.#db, this.#names);
    this.#tokens = new TokenWriter(this.#db);
    const tools = {
      names: this.#names,
      search,
      backlog: this.#backlog,
      tokens: this.#tokens,
      clock: this.#clock,
    };
    this.#units = new UnitWriter(this.#db, tools);
    this.#jobs = new JobWriter(this.#db);
    this.#audit = new AuditWriter(this.#db, file, this.#opened.secret);
    this.#statements = prepareAll(this.#db);
    this.#backlog.learn();
    while (this.waiting > 0) this.settle();
    // What an earlier process has left in its journals.
    this.#transaction(() => this.#audit.move());
    const spent = this.#audit.takeSpent();
    if (spent.length > 0) void this.#log.durable().then(() => removeAll(spent), ignore);
  }

  /** resources whose index rows wait to be moved */
  get waiting(): number {
    return this.#backlog.size;
  }

  /** Performs at once; the answers come when that is on the disk. Where this cannot be known, each is a failure, and so is all that is asked later. */
  async performDurably(asks: readonly Ask[]): Promise<readonly Answer[]> {
    try {
      if (this.#log.failure) throw this.#log.failure;
      const answers = this.perform(asks);
      const spent = this.#audit.takeSpent();
      if (!asks.every(({ op }) => PASSIVE.includes(op))) await this.#log.durable();
      removeAll(spent);
      return answers;
    } catch (error) {
      const answer: Answer = {
        error: `the disk did not keep a write (${(error as Error).message}): restart the server`,
        busy: true,
      };
      return asks.map(() => answer);
    }
  }

  /** Does all in one transaction, each whole or not at all; the answers stand in the order of the questions. Others can see it, but it may not be durable yet. */
  perform(asks: readonly Ask[]): Answer[] {
    try {
      const answers = this.#transaction(() => asks.map((ask) => ({ value: this.#answer(ask) })));
      if (asks.some(changesTokens)) Atomics.add(this.#tokenChanges, 0, 1);
      return answers;
    } catch (error) {
      // One of them is at fault: only that one shall fail.
      return asks.length === 1 ? [failure(error)] : asks.flatMap((ask) => this.perform([ask]));
    }
  }

  /** keys of the audit trail wait to be moved, and there are enough of them */
  get hasAudit(): boolean {
    return this.#audit.waiting >= AUDIT_TOGETHER;
  }

  settleAudit(): void {
    this.#transaction(() => this.#audit.settle());
  }

  /** Moves the oldest index rows that wait, in a transaction of its own. It adds nothing that a crash could lose, so nobody waits for the disk. */
  settle(): void {
    this.#transaction(() => this.#backlog.settle(SETTLE_TOGETHER));
  }

  close(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#log.close();
    this.#db.close();
  }

  #transaction<T>(work: () => T): T {
    try {
      this.#statements.begin.run();
      this.#audit.begin();
      this.#refresh();
      const result = work();
      this.#audit.write();
      this.#statements.commit.run();
      this.#audit.done();
      this.#hasLog = true;
      return result;
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  /** Copies the write-ahead log into the database, once after the last write: readers then need not look into the log. */
  rest(): void {
    if (!this.#hasLog) return;
    this.#hasLog = false;
    this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** What is remembered between transactions holds only while no other connection writes, such as a command that runs beside the server. */
  #refresh(): void {
    const { data_version: version } = this.#statements.dataVersion.get() as { data_version: number };
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#names.refresh();
    const row = this.#statements.newest.get() as Clock | undefined;
    Object.assign(this.#clock, { seq: row?.seq ?? 0, instant: row?.instant ?? 0 });
    this.#backlog.learn();
    this.#audit.learn();
  }

  #undo(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#names.clear();
    this.#seenVersion = -1;
  }

  #answer(ask: Ask): unknown {
    switch (ask.op) {
      case 'open':
        return this.#opened;
      case 'ping':
      case 'tenants':
        return true;
      case 'settle':
        this.#backlog.settle();
        return true;
      case 'commit':
        return this.#commit(ask.unit, ask.bodies);
      case 'reindex':
        this.#units.reindex(ask.unit);
        return true;
      case 'advance':
        return this.#advance(ask.name, ask.from, ask.to);
      case 'claim':
        return this.#jobs.claim(ask.queues, ask.limit, ask.leaseMs, ask.now);
      case 'extend':
        return this.#jobs.extend(ask.id, ask.lease, ask.until);
      case 'complete':
        return this.#jobs.complete(ask.id, ask.lease);
      case 'fail':
        return this.#jobs.fail(ask.id, ask.lease, ask.error, ask.retryAt, ask.now);
      case 'revive':
        return this.#jobs.revive(ask.id, ask.now);
      case 'token':
        return this.#tokens.apply(ask.change);
      case 'audit-move':
        this.#audit.move();
        return true;
      case 'audit-begin':
        this.#audit.open(ask.chain);
        return true;
      case 'audit-end':
        this.#audit.end(ask.chain);
        return true;
    }
  }

  #commit(unit: UnitWire, bodies: Uint8Array): CommitResult {
    const result = this.#units.commit(unit, bodies);
    if (result.ok && unit.audit) {
      const { start, end, ...page } = unit.audit;
      this.#audit.add({ ...page, body: bodies.subarray(start, end) });
    }
    return result;
  }

  #advance(name: string, from: number, to: number): boolean {
    if (from === 0) this.#statements.startCursor.run(name, 0);
    return this.#statements.moveCursor.run(to, name, from).changes > 0;
  }
}

/** Journals whose pages are safe in the database. One that is left over is looked at again by the next start. */
function removeAll(files: readonly string[]): void {
  for (const file of files) removeFile(file);
}

const ignore = (): void => undefined;

const changesTokens = (ask: Ask): boolean =>
  ask.op === 'token' || (ask.op === 'commit' && ask.unit.once !== undefined);

function prepareAll(
  db: DatabaseSync,
): Record<'begin' | 'commit' | 'dataVersion' | 'newest' | 'moveCursor' | 'startCursor', StatementSync> {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    dataVersion: db.prepare('PRAGMA data_version'),
    newest: db.prepare('SELECT seq, instant FROM version ORDER BY seq DESC LIMIT 1'),
    moveCursor: db.prepare('UPDATE cursor SET seq = ? WHERE name = ? AND seq = ?'),
    startCursor: db.prepare('INSERT OR IGNORE INTO cursor(name, seq) VALUES (?, ?)'),
  };
}

/** SQLite's codes for what may be over soon: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. */
const BUSY_CODES = [5, 6, 8, 10, 13, 14];

export function failure(error: unknown): Answer {
  const { errcode, message } = error as Error & { errcode?: number };
  return { error: message, busy: errcode !== undefined && BUSY_CODES.includes(errcode & 0xff) };
}
