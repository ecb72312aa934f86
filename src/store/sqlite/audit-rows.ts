/**
 * The audit trail of a tenant as a thread reads it: by time and by key, newest first. Until keys are moved into their index, a reader looks at those that
 * stand with the page. https://www.sqlite.org/queryplanner.html
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { AuditHead, AuditPage, AuditQuery, AuditRegister, AuditStore } from '../audit-port.ts';
import type { AuditJournal } from './audit-journal.ts';

interface PageRow {
  readonly id: number;
  readonly chain: string;
  readonly seq: number;
  readonly since: number;
  readonly at: number;
  readonly hash: string;
  readonly mac: string;
  readonly keys: string;
  readonly body: Uint8Array;
}

/** Pages of one step of a walk. */
const STEP = 64;
/** By so much, in ms, times of pages may go backwards in the order of the chain: notes wait a moment, and clocks are set. */
const SLACK_MS = 300_000;

/** Reads on a connection of its own. */
export class AuditReader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  read(query: AuditQuery): { readonly page: AuditPage; readonly position: string }[] {
    this.#db.exec('BEGIN');
    try {
      const [low, high] = this.#bounds(query);
      const ids = query.keys ? this.#byKeys(query.keys, low, high, query.limit, query) : undefined;
      const rows = ids ? ids.map((id) => this.#page(id)) : this.#between(query, low, high);
      return rows.map((row) => ({ page: pageOf(row), position: String(row.id) }));
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  async *walk(): AsyncIterable<AuditPage> {
    for (let after = 0; ;) {
      const sql = `${SELECT} WHERE p.id > ? ORDER BY p.id LIMIT ${STEP}`;
      const rows = this.#all<PageRow>(sql, after);
      yield* rows.map(pageOf);
      if (rows.length < STEP) return;
      after = rows.at(-1)!.id;
      await nextTurn();
    }
  }

  heads(): AuditHead[] {
    return this.#all<AuditHead>('SELECT chain, seq, hash, mac FROM audit_head ORDER BY chain').map(
      (head) => ({
        ...head,
      }),
    );
  }

  register(): AuditRegister | undefined {
    const [row] = this.#all<{ value: Uint8Array }>("SELECT value FROM meta WHERE key = 'audit'");
    return row && (JSON.parse(Buffer.from(row.value).toString('utf8')) as AuditRegister);
  }

  /** The places between which pages of the asked time lie: inclusive. */
  #bounds({ from, to, after }: AuditQuery): [low: number, high: number] {
    const edge = (sql: string, at: number): number | undefined => this.#all<{ id: number }>(sql, at)[0]?.id;
    const low =
      from === undefined
        ? 0
        : (edge('SELECT id FROM audit_page WHERE at >= ? ORDER BY at LIMIT 1', from - SLACK_MS) ?? Infinity);
    const high =
      to === undefined
        ? Infinity
        : (edge('SELECT id FROM audit_page WHERE at <= ? ORDER BY at DESC LIMIT 1', to + SLACK_MS) ??
          // A page whose newest is later may still hold something of the time.
          Infinity);
    const before = after === undefined ? Infinity : Number(after) - 1;
    return [Math.min(low, MOST), Math.min(high, before, MOST)];
  }

  #between({ from, to, limit }: AuditQuery, low: number, high: number): PageRow[] {
    const sql = `${SELECT} WHERE p.id >= ? AND p.id <= ? AND p.at >= ? AND p.since <= ?
      ORDER BY p.id DESC LIMIT ?`;
    return this.#all<PageRow>(sql, low, high, from ?? 0, to ?? MOST, limit);
  }

  /** First those whose keys wait to be moved, then by the index; newest first. */
  #byKeys(
    keys: readonly string[],
    low: number,
    high: number,
    limit: number,
    { from = 0, to = MOST }: AuditQuery,
  ): number[] {
    const indexed = this.#all<{ page: number }>('SELECT page FROM audit_indexed WHERE id = 1')[0]?.page ?? 0;
    const wanted = new Set(keys);
    const waiting = this.#all<{ id: number; keys: string }>(
      'SELECT id, keys FROM audit_page WHERE id > ? AND id >= ? AND id <= ? AND at >= ? AND since <= ? ORDER BY id DESC',
      indexed,
      low,
      high,
      from,
      to,
    ).filter((row) => (JSON.parse(row.keys) as string[]).some((key) => wanted.has(key)));
    const found = waiting.slice(0, limit).map(({ id }) => id);
    if (found.length === limit || keys.length === 0) return found;
    const marks = keys.map(() => '?').join(', ');
    const sql = `SELECT DISTINCT k.page AS id FROM audit_key k JOIN audit_page p ON p.id = k.page
      WHERE k.key IN (${marks}) AND k.page >= ? AND k.page <= ? AND k.page <= ? AND p.at >= ? AND p.since <= ?
      ORDER BY k.page DESC LIMIT ?`;
    const rows = this.#all<{ id: number }>(sql, ...keys, low, high, indexed, from, to, limit - found.length);
    return [...found, ...rows.map(({ id }) => id)];
  }

  #page(id: number): PageRow {
    return this.#all<PageRow>(`${SELECT} WHERE p.id = ?`, id)[0]!;
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement.all(...values) as unknown as T[];
  }
}

const MOST = Number.MAX_SAFE_INTEGER;
const SELECT = `SELECT p.id, h.chain, p.seq, p.since, p.at, p.hash, p.mac, p.keys, p.body
  FROM audit_page p JOIN audit_head h ON h.id = p.chain`;

const pageOf = ({ chain, seq, since, at, hash, mac, keys, body }: PageRow): AuditPage => ({
  chain,
  seq,
  since,
  at,
  hash,
  mac,
  keys: JSON.parse(keys) as string[],
  body,
});

/** The port over a reader and the journal of this thread: what any thread has written is moved into the database before it is read. */
export function auditStore(reader: AuditReader, journal: AuditJournal): AuditStore {
  return {
    append: (page) => journal.append(page),
    read: async (query) => {
      await journal.move();
      return reader.read(query);
    },
    async *walk() {
      await journal.move();
      yield* reader.walk();
    },
    heads: async () => {
      await journal.move();
      return reader.heads();
    },
    register: async () => reader.register(),
  };
}
