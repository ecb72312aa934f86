/** Stored versions out of a connection: by key, by version, by history, by the feed. https://hl7.org/fhir/R4/http.html#history */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryPage, HistoryQuery, ResourceKey, StoredResource, WriteMethod } from '../ports.ts';
import type { Names } from './names.ts';

/** The numbers of the methods in the table: never change one. */
export const METHODS: readonly WriteMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

type VersionRow = [
  type: number,
  id: string,
  version: number,
  seq: number,
  instant: number,
  method: number,
  body: Uint8Array | null,
];

const COLUMNS = 'v.type, r.id, v.version, v.seq, v.instant, v.method, v.body';
const CURRENT = `SELECT ${COLUMNS} FROM resource r CROSS JOIN version v ON v.seq = r.seq`;

export interface Rows {
  current(key: ResourceKey): StoredResource | undefined;
  byRid(rid: number): StoredResource;
  version(key: ResourceKey, versionId: number): StoredResource | undefined;
  history(query: HistoryQuery): HistoryPage;
  feed(after: number, limit: number): StoredResource[];
  last(): number;
  cursor(name: string): number;
  /** whether any index rows wait to be moved */
  hasBacklog(): boolean;
  /** whether the index rows of a resource do */
  isWaiting(this: void, rid: number): boolean;
  /** the version of a resource that its index rows tell of; undefined when they tell of none yet */
  asIndexed(rid: number): StoredResource | undefined;
}

export function openRows(db: DatabaseSync, names: Names): Rows {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    if (!statements.has(sql)) statements.set(sql, prepare(sql));
    return statements.get(sql)!;
  };
  const currentByKey = prepare(`${CURRENT} WHERE r.type = ? AND r.id = ?`);
  const currentByRid = prepare(`${CURRENT} WHERE r.rid = ?`);
  const versionByKey = prepare(
    `SELECT ${COLUMNS} FROM resource r CROSS JOIN version v ON v.rid = r.rid WHERE r.type = ? AND r.id = ? AND v.version = ?`,
  );
  const feedAfter = prepare(
    `SELECT ${COLUMNS}, v.rest FROM version v CROSS JOIN resource r ON r.rid = v.rid WHERE v.seq > ? ORDER BY v.seq LIMIT ?`,
  );
  const versionFrom = prepare('SELECT seq, instant FROM version WHERE seq >= ? ORDER BY seq LIMIT 1');
  const lastSeq = prepare('SELECT max(seq) FROM version');
  const anyBacklog = prepare('SELECT 1 FROM backlog LIMIT 1');
  const backlogOf = prepare('SELECT 1 FROM backlog WHERE rid = ? LIMIT 1');
  const indexed = prepare(
    `SELECT ${COLUMNS} FROM version v CROSS JOIN resource r ON r.rid = v.rid WHERE v.rid = ?1 AND v.seq < coalesce((SELECT min(seq) FROM backlog WHERE rid = ?1), v.seq + 1) ORDER BY v.version DESC LIMIT 1`,
  );
  const cursorOf = prepare('SELECT seq FROM cursor WHERE name = ?');

  const stored = (row: unknown): StoredResource => {
    const [type, id, versionId, seq, instant, method, body] = row as VersionRow;
    return {
      type: names.typeName(type),
      id,
      versionId,
      seq,
      instant,
      method: METHODS[method]!,
      body: body ?? undefined,
    };
  };
  const one = (statement: StatementSync, ...values: (number | string)[]): StoredResource | undefined => {
    const row = statement.get(...values);
    return row && stored(row);
  };
  const withType = <T>(type: string, work: (id: number) => T): T | undefined => {
    const id = names.type(type);
    return id === undefined ? undefined : work(id);
  };

  /** The least seq of a version made at or after an instant (beyond the last one when there is none): instants never fall. */
  const seqAt = (instant: number): number => {
    let [low, high] = [1, last() + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [seq, at] = versionFrom.get(middle) as unknown as [number, number];
      if (at >= instant) high = middle;
      else low = seq + 1;
    }
    return low;
  };
  const last = (): number => (lastSeq.get() as unknown as (number | null)[])[0] ?? 0;

  const history = (query: HistoryQuery): HistoryPage => {
    const type = query.type === undefined ? undefined : names.type(query.type);
    if (query.type !== undefined && type === undefined) return { versions: [], more: false };
    const { sql, values } = historyStatement(query, type, seqAt);
    const rows = prepared(sql).all(...values);
    return { versions: rows.slice(0, query.count).map(stored), more: rows.length > query.count };
  };

  return {
    current: ({ type, id }) => withType(type, (number) => one(currentByKey, number, id)),
    byRid: (rid) => stored(currentByRid.get(rid)),
    version: ({ type, id }, versionId) =>
      withType(type, (number) => one(versionByKey, number, id, versionId)),
    history,
    feed: (after, limit) => wholeCommits(feedAfter.all(after, limit) as unknown as unknown[][]).map(stored),
    last,
    hasBacklog: () => anyBacklog.get() !== undefined,
    isWaiting: (rid) => backlogOf.get(rid) !== undefined,
    asIndexed: (rid) => one(indexed, rid),
    cursor: (name) => (cursorOf.get(name) as unknown as number[] | undefined)?.[0] ?? 0,
  };
}

/** Leaves out the begin of a commit that the limit cut off, unless there is nothing else. */
function wholeCommits(rows: unknown[][]): unknown[][] {
  const rest = rows.at(-1)?.at(-1) as number | undefined;
  if (!rest) return rows;
  const whole = rows.findLastIndex((row) => row.at(-1) === 0);
  return whole >= 0 ? rows.slice(0, whole + 1) : rows;
}

/** An instance's versions by their number, a type's and the system's by seq; both are the order in which they were made. */
function historyStatement(
  query: HistoryQuery,
  type: number | undefined,
  seqAt: (instant: number) => number,
): { sql: string; values: (number | string)[] } {
  const values: (number | string)[] = [];
  const where: string[] = [];
  const test = (condition: string, ...bound: (number | string)[]): void => {
    where.push(condition);
    values.push(...bound);
  };
  const instance = query.id !== undefined;
  if (instance) test('v.rid = (SELECT rid FROM resource WHERE type = ? AND id = ?)', type!, query.id!);
  else if (type !== undefined) test('v.type = ?', type);
  if (query.before !== undefined) test('v.seq < ?', query.before);
  if (query.since !== undefined) test('v.seq >= ?', seqAt(query.since));
  if (query.at) {
    test('v.seq < ?', seqAt(query.at.to + 1));
    test(
      'NOT EXISTS (SELECT 1 FROM version n WHERE n.rid = v.rid AND n.version = v.version + 1 AND n.instant <= ?)',
      query.at.from,
    );
  }
  const conditions = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  const order = instance ? 'v.version' : 'v.seq';
  const sql = `SELECT ${COLUMNS} FROM version v CROSS JOIN resource r ON r.rid = v.rid${conditions} ORDER BY ${order} DESC LIMIT ?`;
  return { sql, values: [...values, query.count + 1] };
}
