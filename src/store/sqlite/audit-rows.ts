/**
 * The audit trail of a tenant: one chain, since the writer's transactions have one order. Keys are moved into their index many pages at a time; until
 * then a reader looks at the keys that stand with the page. https://www.sqlite.org/withoutrowid.html
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { auditSeal, BEGINNING, joinedPages, type AuditSeal, type Link } from '../audit-chain.ts';
import type { AuditHead, AuditPage, AuditQuery, AuditRegister, AuditStore, NewAuditPage } from '../ports.ts';

const CHAIN = 'main';
const REGISTER = 'audit';

/** As it travels to the writer: the keys as JSON text. */
export interface AuditPageWire {
  readonly since: number;
  readonly at: number;
  readonly keys: string;
  readonly body: Uint8Array;
}

export const packAudit = ({ since, at, keys, body }: NewAuditPage): AuditPageWire => ({
  since,
  at,
  keys: JSON.stringify(keys),
  body,
});

/** Pages whose keys are moved into the index in one transaction. */
export const AUDIT_TOGETHER = 1000;

/** Everything here happens inside a transaction of the writer. */
export class AuditWriter {
  readonly #seal: AuditSeal;
  readonly #statements: ReturnType<typeof prepareAll>;
  #pages: NewAuditPage[] = [];
  #end: Link = BEGINNING;
  #indexed = 0;

  constructor(db: DatabaseSync, secret: Uint8Array) {
    this.#seal = auditSeal(secret);
    this.#statements = prepareAll(db);
  }

  /** pages whose keys are not in the index yet */
  get waiting(): number {
    return this.#end.seq - this.#indexed;
  }

  /** At the begin of a transaction: what an undone one has left is gone. */
  begin(): void {
    this.#pages = [];
  }

  add({ since, at, keys, body }: AuditPageWire): void {
    this.#pages.push({ since, at, body, keys: JSON.parse(keys) as string[] });
  }

  /** At the end of a transaction: all that was added becomes few pages. */
  write(): void {
    if (this.#pages.length === 0) return;
    const { insertPage, putHead, putMeta } = this.#statements;
    if (this.#end.seq === 0) putMeta.run(REGISTER, Buffer.from(JSON.stringify(this.#seal.register([CHAIN]))));
    for (const one of joinedPages(this.#pages)) {
      const page = this.#seal.page(CHAIN, this.#end, one);
      const { seq, since, at, hash, mac, keys, body } = page;
      insertPage.run(seq, since, at, hash, mac, JSON.stringify(keys), body);
      this.#end = { seq, hash };
    }
    const { seq, hash, mac } = this.#seal.head(CHAIN, this.#end);
    putHead.run(CHAIN, seq, hash, mac);
    this.#pages = [];
  }

  /** Learns anew where the chain ends: another connection has written, or a transaction was undone. */
  learn(): void {
    const head = this.#statements.head.get(CHAIN) as Link | undefined;
    this.#end = head ? { seq: head.seq, hash: head.hash } : BEGINNING;
    this.#indexed = (this.#statements.indexed.get() as { page: number } | undefined)?.page ?? 0;
  }

  /** Moves the keys of the oldest pages that wait, in the order of the index. */
  settle(): void {
    const { keysBetween, insertKey, putIndexed } = this.#statements;
    const to = Math.min(this.#indexed + AUDIT_TOGETHER, this.#end.seq);
    const rows = keysBetween.all(this.#indexed, to) as unknown as { seq: number; keys: string }[];
    const pairs = rows.flatMap(({ seq, keys }) =>
      (JSON.parse(keys) as string[]).map((key) => ({ key, seq })),
    );
    pairs.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.seq - b.seq));
    for (const { key, seq } of pairs) insertKey.run(key, seq);
    putIndexed.run(to);
    this.#indexed = to;
  }
}

function prepareAll(db: DatabaseSync) {
  return {
    insertPage: db.prepare(
      'INSERT INTO audit_page(seq, since, at, hash, mac, keys, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    putHead: db.prepare('INSERT OR REPLACE INTO audit_head(chain, seq, hash, mac) VALUES (?, ?, ?, ?)'),
    putMeta: db.prepare('INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)'),
    head: db.prepare('SELECT seq, hash FROM audit_head WHERE chain = ?'),
    indexed: db.prepare('SELECT page FROM audit_indexed WHERE id = 1'),
    putIndexed: db.prepare('INSERT OR REPLACE INTO audit_indexed(id, page) VALUES (1, ?)'),
    keysBetween: db.prepare('SELECT seq, keys FROM audit_page WHERE seq > ? AND seq <= ?'),
    insertKey: db.prepare('INSERT OR IGNORE INTO audit_key(key, page) VALUES (?, ?)'),
  };
}

interface PageRow {
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
      const seqs = query.keys ? this.#byKeys(query.keys, low, high, query.limit, query) : undefined;
      const rows = seqs ? seqs.map((seq) => this.#page(seq)) : this.#between(query, low, high);
      return rows.map((row) => ({ page: pageOf(row), position: String(row.seq) }));
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  async *walk(): AsyncIterable<AuditPage> {
    for (let after = 0; ;) {
      const sql = `SELECT ${COLUMNS} FROM audit_page WHERE seq > ? ORDER BY seq LIMIT ${STEP}`;
      const rows = this.#all<PageRow>(sql, after);
      yield* rows.map(pageOf);
      if (rows.length < STEP) return;
      after = rows.at(-1)!.seq;
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
    const [row] = this.#all<{ value: Uint8Array }>('SELECT value FROM meta WHERE key = ?', REGISTER);
    return row && (JSON.parse(Buffer.from(row.value).toString('utf8')) as AuditRegister);
  }

  /** The seqs between which pages of the asked time lie: inclusive. */
  #bounds({ from, to, after }: AuditQuery): [low: number, high: number] {
    const edge = (sql: string, at: number): number | undefined => this.#all<{ seq: number }>(sql, at)[0]?.seq;
    const low =
      from === undefined
        ? 0
        : (edge('SELECT seq FROM audit_page WHERE at >= ? ORDER BY at LIMIT 1', from - SLACK_MS) ?? Infinity);
    const high =
      to === undefined
        ? Infinity
        : (edge('SELECT seq FROM audit_page WHERE at <= ? ORDER BY at DESC LIMIT 1', to + SLACK_MS) ??
          // A page whose newest is later may still hold something of the time.
          Infinity);
    const before = after === undefined ? Infinity : Number(after) - 1;
    return [Math.min(low, MOST), Math.min(high, before, MOST)];
  }

  #between({ from, to, limit }: AuditQuery, low: number, high: number): PageRow[] {
    const sql = `SELECT ${COLUMNS} FROM audit_page WHERE seq >= ? AND seq <= ? AND at >= ? AND since <= ?
      ORDER BY seq DESC LIMIT ?`;
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
    const waiting = this.#all<{ seq: number; keys: string }>(
      'SELECT seq, keys FROM audit_page WHERE seq > ? AND seq >= ? AND seq <= ? AND at >= ? AND since <= ? ORDER BY seq DESC',
      indexed,
      low,
      high,
      from,
      to,
    ).filter((row) => (JSON.parse(row.keys) as string[]).some((key) => wanted.has(key)));
    const found = waiting.slice(0, limit).map(({ seq }) => seq);
    if (found.length === limit || keys.length === 0) return found;
    const marks = keys.map(() => '?').join(', ');
    const sql = `SELECT DISTINCT k.page AS seq FROM audit_key k JOIN audit_page p ON p.seq = k.page
      WHERE k.key IN (${marks}) AND k.page >= ? AND k.page <= ? AND k.page <= ? AND p.at >= ? AND p.since <= ?
      ORDER BY k.page DESC LIMIT ?`;
    const rows = this.#all<{ seq: number }>(sql, ...keys, low, high, indexed, from, to, limit - found.length);
    return [...found, ...rows.map(({ seq }) => seq)];
  }

  #page(seq: number): PageRow {
    return this.#all<PageRow>(`SELECT ${COLUMNS} FROM audit_page WHERE seq = ?`, seq)[0]!;
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement.all(...values) as unknown as T[];
  }
}

const MOST = Number.MAX_SAFE_INTEGER;
const COLUMNS = 'seq, since, at, hash, mac, keys, body';

const pageOf = ({ seq, since, at, hash, mac, keys, body }: PageRow): AuditPage => ({
  chain: CHAIN,
  seq,
  since,
  at,
  hash,
  mac,
  keys: JSON.parse(keys) as string[],
  body,
});

/** The port over a reader; `append` hands a page to the writer. */
export function auditStore(
  reader: AuditReader,
  append: (page: NewAuditPage) => Promise<unknown>,
): AuditStore {
  return {
    append: async (page) => void (await append(page)),
    read: async (query) => reader.read(query),
    walk: () => reader.walk(),
    heads: async () => reader.heads(),
    register: async () => reader.register(),
  };
}
