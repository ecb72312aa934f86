/** Stored versions out of a connection: by key, by version, by history, by the feed. https://hl7.org/fhir/R4/http.html#history */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryPage, HistoryQuery, ResourceKey, StoredResource, WriteMethod } from '../ports.ts';
import type { Names } from './names.ts';
import { Binding } from './predicate.ts';
import { Statements, type Cell, type Statement } from './statements.ts';

/** The numbers of the methods in the table: never change one. */
export const METHODS: readonly WriteMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

type VersionRow = readonly [
  type: number,
  id: string,
  version: number,
  seq: number,
  instant: number,
  method: number,
  body: Uint8Array | null,
];

/** A VersionRow with the number of bytes of its text. */
type Together = readonly [
  ...(VersionRow extends readonly [...infer Head, unknown] ? Head : never),
  bytes: number | null,
];

/** SQLITE_TOOBIG */
const TOO_BIG = 18;

const COLUMNS = 'v.type, r.id, v.version, v.seq, v.instant, v.method, v.body';
const CURRENT = `SELECT ${COLUMNS} FROM resource r CROSS JOIN version v ON v.seq = r.seq`;
const VERSIONS = 'FROM version v CROSS JOIN resource r ON r.rid = v.rid';

/** A condition on one resource of a type, ready to be asked. */
export interface Condition {
  readonly type: number;
  readonly statement: StatementSync;
  readonly values: readonly (number | string)[];
}

const holds = (spelled: (bind: Binding) => string, bind: Binding): string =>
  `EXISTS (SELECT 1 FROM (SELECT r.rid AS rid) d WHERE ${spelled(bind)})`;

export class Rows {
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #currentByKey: StatementSync;
  readonly #currentByRid: StatementSync;
  readonly #currentByRids: StatementSync;
  #settledAt: number | undefined;

  constructor(db: DatabaseSync, names: Names) {
    this.#names = names;
    this.#statements = new Statements(db);
    this.#currentByKey = db.prepare(`${CURRENT} WHERE r.type = ? AND r.id = ?`);
    this.#currentByRid = db.prepare(`${CURRENT} WHERE r.rid = ?`);
    this.#currentByRids = db.prepare(
      `SELECT json_group_array(json_array(v.type, r.id, v.version, v.seq, v.instant, v.method, octet_length(v.body))),
        CAST(group_concat(v.body, '') AS BLOB)
      FROM json_each(?) j CROSS JOIN resource r ON r.rid = j.value CROSS JOIN version v ON v.seq = r.seq`,
    );
    for (const statement of [this.#currentByKey, this.#currentByRid, this.#currentByRids]) {
      statement.setReturnArrays(true);
    }
  }

  current({ type, id }: ResourceKey): StoredResource | undefined {
    const number = this.#names.type(type);
    const row = number === undefined ? undefined : this.#currentByKey.get(number, id);
    return row && this.#stored(row);
  }

  /** What `currentWhere` asks: an SQL condition on `d.rid`, or what waits to be indexed, or a tombstone. Good while the names that it was spelled with are. */
  condition(type: number, spelled: (bind: Binding) => string): Condition {
    return this.#conditionOf(
      type,
      (bind) => `(r.deleted = 1 OR b.seq IS NOT NULL OR ${holds(spelled, bind)})`,
    );
  }

  /** The same without tombstones and without what waits. */
  sureCondition(type: number, spelled: (bind: Binding) => string): Condition {
    return this.#conditionOf(type, (bind) => `r.deleted = 0 AND b.seq IS NULL AND ${holds(spelled, bind)}`);
  }

  #conditionOf(type: number, where: (bind: Binding) => string): Condition {
    const bind = new Binding();
    const of = `r.type = ${bind.add(type)} AND r.id = ${bind.add('')}`;
    const sql = `SELECT ${COLUMNS}, b.rows FROM resource r CROSS JOIN version v ON v.seq = r.seq
      LEFT JOIN backlog b ON b.seq = r.seq WHERE ${of} AND ${where(bind)}`;
    const [, , ...values] = bind.values;
    return { type, statement: this.#statements.prepare(sql), values };
  }

  /** The current version where the condition holds, or what waits to be indexed; with the rows that wait, '' for a tombstone. */
  currentWhere(
    { type, statement, values }: Condition,
    id: string,
  ): { readonly stored: StoredResource; readonly waiting: string | undefined } | undefined {
    const row = statement.get(type, id, ...values) as unknown as Cell[] | undefined;
    return row && { stored: this.#stored(row), waiting: (row.at(-1) as string | null) ?? undefined };
  }

  byRid(rid: number): StoredResource {
    return this.#stored(this.#currentByRid.get(rid));
  }

  /** The current versions of resources that are there, in the order of their rids: one query, since a query a row costs as much as the row. */
  byRids(rids: readonly number[]): StoredResource[] {
    if (rids.length < 2) return rids.map((rid) => this.byRid(rid));
    try {
      return this.#together(rids);
    } catch (error) {
      // All texts together may be longer than the longest that SQLite makes.
      if ((error as { errcode?: number }).errcode !== TOO_BIG) throw error;
      return rids.map((rid) => this.byRid(rid));
    }
  }

  /** All texts in one: a buffer of its own for each costs as much as reading it. The join goes through the list from its begin. */
  #together(rids: readonly number[]): StoredResource[] {
    const [heads, bodies] = this.#currentByRids.get(JSON.stringify(rids)) as unknown as [string, Uint8Array];
    let at = 0;
    return (JSON.parse(heads) as Together[]).map(([type, id, versionId, seq, instant, method, bytes]) => ({
      type: this.#names.typeName(type),
      id,
      versionId,
      seq,
      instant,
      method: METHODS[method]!,
      body: bytes === null ? undefined : bodies.subarray(at, (at += bytes)),
    }));
  }

  version({ type, id }: ResourceKey, versionId: number): StoredResource | undefined {
    const number = this.#names.type(type);
    if (number === undefined) return undefined;
    const of = versionId === 1 ? 'v.seq = r.rid' : 'v.rid = r.rid AND v.version > 1';
    const sql = `SELECT ${COLUMNS} FROM resource r CROSS JOIN version v ON ${of} WHERE r.type = ?1 AND r.id = ?2 AND v.version = ?3`;
    return this.#one({ sql, values: [number, id, versionId] });
  }

  /** An instance's versions by their number, a type's and the system's by seq; both are the order in which they were made. */
  history(query: HistoryQuery): HistoryPage {
    const type = query.type === undefined ? undefined : this.#names.type(query.type);
    if (query.type !== undefined && type === undefined) return { versions: [], more: false };
    const { tests, values } = this.#historyTests(query, query.id === undefined ? type : undefined);
    const rows = this.#statements.rows(
      query.id === undefined
        ? listing([...tests, '1'].join(' AND '), values, query.count + 1)
        : ofInstance('(SELECT rid FROM resource WHERE type = ? AND id = ?)', [type!, query.id], {
            tests: tests.map((test) => ` AND ${test}`).join(''),
            values,
            count: query.count + 1,
          }),
    );
    return {
      versions: rows.slice(0, query.count).map((row) => this.#stored(row)),
      more: rows.length > query.count,
    };
  }

  #historyTests(
    query: HistoryQuery,
    type: number | undefined,
  ): { tests: string[]; values: (number | string)[] } {
    const tests: string[] = [];
    const values: (number | string)[] = [];
    const test = (condition: string, ...bound: (number | string)[]): void => {
      tests.push(condition);
      values.push(...bound);
    };
    if (type !== undefined) test('v.type = ?', type);
    if (query.before !== undefined) test('v.seq < ?', query.before);
    if (query.since !== undefined) test('v.seq >= ?', this.#seqAt(query.since));
    if (query.at) {
      test('v.seq < ?', this.#seqAt(query.at.to + 1));
      const next = 'n.rid = v.rid AND n.version = v.version + 1 AND n.version > 1 AND n.instant <= ?';
      test(`NOT EXISTS (SELECT 1 FROM version n WHERE ${next})`, query.at.from);
    }
    return { tests, values };
  }

  /** The least seq of a version made at or after an instant (beyond the last one when there is none): instants never fall. */
  #seqAt(instant: number): number {
    let [low, high] = [1, this.last() + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const sql = 'SELECT seq, instant FROM version WHERE seq >= ?1 ORDER BY seq LIMIT 1';
      const [seq, at] = this.#statements.row({ sql, values: [middle] }) as [number, number];
      if (at >= instant) high = middle;
      else low = seq + 1;
    }
    return low;
  }

  feed(after: number, limit: number): StoredResource[] {
    const sql = `SELECT ${COLUMNS}, v.rest ${VERSIONS} WHERE v.seq > ?1 ORDER BY v.seq LIMIT ?2 + 0`;
    return wholeCommits(this.#statements.rows({ sql, values: [after, limit] })).map((row) =>
      this.#stored(row),
    );
  }

  last(): number {
    return (this.#value('SELECT max(seq) FROM version') as number | null) ?? 0;
  }

  cursor(name: string): number {
    return (this.#value('SELECT seq FROM cursor WHERE name = ?1', name) as number | undefined) ?? 0;
  }

  /** Whether any index rows wait to be moved. `version`: of the data; with the same one there is nothing new. */
  hasBacklog(version?: number): boolean {
    if (version !== undefined && version === this.#settledAt) return false;
    const has = this.#value('SELECT 1 FROM backlog LIMIT 1') !== undefined;
    if (!has && version !== undefined) this.#settledAt = version;
    return has;
  }

  /** Resources whose index rows do, each with its first version of which they do not tell yet. */
  waiting(): ReadonlyMap<number, number> {
    const sql = 'SELECT rid, min(seq) FROM backlog GROUP BY rid';
    return new Map(this.#statements.rows({ sql, values: [] }) as [number, number][]);
  }

  /** The version of a resource before one of a seq; undefined when there is none. */
  before(rid: number, seq: number): StoredResource | undefined {
    return this.#one(ofInstance('?', [rid], { tests: ' AND v.seq < ?', values: [seq], count: 1 }));
  }

  #value(sql: string, ...values: (number | string)[]): Cell | undefined {
    return this.#statements.row({ sql, values })?.[0];
  }

  #one(statement: Statement): StoredResource | undefined {
    const row = this.#statements.row(statement);
    return row && this.#stored(row);
  }

  #stored(row: unknown): StoredResource {
    const [type, id, versionId, seq, instant, method, body] = row as VersionRow;
    return {
      type: this.#names.typeName(type),
      id,
      versionId,
      seq,
      instant,
      method: METHODS[method]!,
      body: body ?? undefined,
    };
  }
}

type Values = readonly (number | string)[];

/** Versions of many resources, newest first. */
function listing(where: string, values: Values, count: number): Statement {
  return {
    sql: `SELECT ${COLUMNS} ${VERSIONS} WHERE ${where} ORDER BY v.seq DESC LIMIT ? + 0`,
    values: [...values, count],
  };
}

/** Versions of one resource, newest first. Its first version has the rid as its seq and stands in no index by rid. */
function ofInstance(
  rid: string,
  own: Values,
  { tests, values, count }: { readonly tests: string; readonly values: Values; readonly count: number },
): Statement {
  const later = `SELECT ${COLUMNS} ${VERSIONS} WHERE v.rid = ${rid} AND v.version > 1${tests}`;
  const first = `SELECT ${COLUMNS} ${VERSIONS} WHERE v.seq = ${rid}${tests}`;
  return {
    sql: `${later} UNION ALL ${first} ORDER BY v.version DESC LIMIT ? + 0`,
    values: [...own, ...values, ...own, ...values, count],
  };
}

/** Leaves out the begin of a commit that the limit cut off, unless there is nothing else. */
function wholeCommits(rows: Cell[][]): Cell[][] {
  if (!rows.at(-1)?.at(-1)) return rows;
  const whole = rows.findLastIndex((row) => row.at(-1) === 0);
  return whole >= 0 ? rows.slice(0, whole + 1) : rows;
}
