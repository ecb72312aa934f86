/** One tenant as a thread that answers requests sees it: reads on its own connection, writes through the link. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SearchPlan } from '../../fhir/search/plan.ts';
import type {
  CommitResult,
  FeedStore,
  HistoryPage,
  HistoryQuery,
  Job,
  JobStore,
  ResourceKey,
  ResourceStore,
  SearchPage,
  StoredResource,
  TenantStore,
} from '../ports.ts';
import { finder, type Finder } from './find.ts';
import { deadJobs } from './jobs.ts';
import { readingNames, type Names } from './names.ts';
import { flattenUnit, transferables } from './protocol.ts';
import { METHODS } from './schema.ts';
import { seqFinder } from './seq.ts';
import type { WriterLink } from './writer-link.ts';

export interface Reader extends TenantStore {
  readonly find: Finder;
  close(): void;
}

interface VersionRow {
  readonly type: number;
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  readonly instant: number;
  readonly method: number;
  readonly body: Uint8Array | null;
}

const COLUMNS = 'r.type AS type, r.id AS id, v.version AS version, v.seq AS seq, v.instant AS instant, v.method AS method, v.body AS body';

export function openReader(path: string, name: string, secret: Uint8Array, link: WriterLink): Reader {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  db.exec('PRAGMA cache_size = -16384');
  const names = readingNames(db);
  const find = finder(db, names);
  return {
    resources: resourceStore(db, names, find, name, link),
    feed: feedStore(db, names, name, link),
    jobs: jobStore(db, name, link),
    secret,
    find,
    ping: async () => void db.prepare('SELECT 1').get(),
    close: () => db.close(),
  };
}

function stored(names: Names, row: VersionRow): StoredResource {
  return {
    type: names.typeName(row.type),
    id: row.id,
    versionId: row.version,
    seq: row.seq,
    instant: row.instant,
    method: METHODS[row.method]!,
    body: row.body ?? undefined,
  };
}

const rowsOf = (statement: StatementSync, ...values: (string | number)[]): VersionRow[] => statement.all(...values) as unknown as VersionRow[];

function resourceStore(db: DatabaseSync, names: Names, find: Finder, tenant: string, link: WriterLink): ResourceStore {
  const current = db.prepare(`SELECT ${COLUMNS} FROM resource r JOIN version v ON v.seq = r.seq WHERE r.type = ? AND r.id = ?`);
  const version = db.prepare(
    `SELECT ${COLUMNS} FROM resource r JOIN version v ON v.rid = r.rid AND v.version = ? WHERE r.type = ? AND r.id = ?`,
  );
  const byRid = db.prepare(`SELECT ${COLUMNS} FROM resource r JOIN version v ON v.seq = r.seq WHERE r.rid = ?`);
  const readOne = (key: ResourceKey): StoredResource | undefined => {
    const type = names.type(key.type);
    const row = type === undefined ? undefined : (current.get(type, key.id) as unknown as VersionRow | undefined);
    return row && stored(names, row);
  };
  return {
    read: async (keys) => keys.map(readOne),
    vread: async (key, versionId) => {
      const type = names.type(key.type);
      const row = type === undefined ? undefined : (version.get(versionId, type, key.id) as unknown as VersionRow | undefined);
      return row && stored(names, row);
    },
    history: async (query) => history(db, names, query),
    search: async (plan) => search(db, find, (rid) => stored(names, byRid.get(rid) as unknown as VersionRow), plan),
    commit: async (unit) => {
      const flat = flattenUnit(unit);
      return link.order(tenant, { kind: 'commit', unit: flat }, transferables(flat)) as Promise<CommitResult>;
    },
  };
}

/** One snapshot for all statements of a search. */
function search(db: DatabaseSync, find: Finder, read: (rid: number) => StoredResource, plan: SearchPlan): SearchPage {
  db.exec('BEGIN');
  try {
    const { rids, next, total } = find(plan);
    return { resources: rids.map(read), next, total };
  } finally {
    db.exec('COMMIT');
  }
}

function history(db: DatabaseSync, names: Names, query: HistoryQuery): HistoryPage {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (text: string, ...own: (string | number)[]): void => {
    conditions.push(text);
    values.push(...own);
  };
  if (query.type !== undefined) {
    const type = names.type(query.type);
    if (type === undefined) return { versions: [], more: false };
    if (query.id === undefined) add('v.type = ?', type);
    else add('v.rid = (SELECT rid FROM resource WHERE type = ? AND id = ?)', type, query.id);
  }
  const seqAt = seqFinder(db);
  if (query.since !== undefined) add('v.seq >= ?', seqAt(query.since));
  if (query.before !== undefined) add('v.seq < ?', query.before);
  if (query.at) addAt(add, seqAt, query.at);
  const where = conditions.length > 0 ? conditions.join(' AND ') : '1';
  const sql = `SELECT ${COLUMNS} FROM version v JOIN resource r ON r.rid = v.rid WHERE ${where} ORDER BY v.seq DESC LIMIT ?`;
  const rows = rowsOf(db.prepare(sql), ...values, query.count + 1);
  return { versions: rows.slice(0, query.count).map((row) => stored(names, row)), more: rows.length > query.count };
}

/** Current at some moment of a span: made before its end, and not replaced before its start. */
function addAt(
  add: (text: string, ...values: (string | number)[]) => void,
  seqAt: (instant: number) => number,
  { from, to }: NonNullable<HistoryQuery['at']>,
): void {
  add('v.seq < ?', seqAt(to + 1));
  add('NOT EXISTS (SELECT 1 FROM version n WHERE n.rid = v.rid AND n.version = v.version + 1 AND n.seq < ?)', seqAt(from + 1));
}

function feedStore(db: DatabaseSync, names: Names, tenant: string, link: WriterLink): FeedStore {
  const read = db.prepare(`SELECT ${COLUMNS} FROM version v JOIN resource r ON r.rid = v.rid WHERE v.seq > ? ORDER BY v.seq LIMIT ?`);
  const last = db.prepare('SELECT max(seq) AS seq FROM version');
  const cursor = db.prepare('SELECT seq FROM cursor WHERE name = ?');
  return {
    read: async (after, limit) => rowsOf(read, after, limit).map((row) => stored(names, row)),
    last: async () => Number((last.get() as { seq: number | null }).seq ?? 0),
    cursor: async (name) => (cursor.get(name) as { seq: number } | undefined)?.seq ?? 0,
    advance: (name, from, to) => link.order(tenant, { kind: 'advance', name, from, to }) as Promise<boolean>,
  };
}

function jobStore(db: DatabaseSync, tenant: string, link: WriterLink): JobStore {
  return {
    claim: (queues, limit, leaseMs, now) => link.order(tenant, { kind: 'claim', queues, limit, leaseMs, now }) as Promise<readonly Job[]>,
    extend: (job, leaseMs, now) => link.order(tenant, { kind: 'extend', job, leaseMs, now }) as Promise<boolean>,
    complete: (job) => link.order(tenant, { kind: 'complete', job }) as Promise<boolean>,
    fail: (job, error, retryAt, now) => link.order(tenant, { kind: 'fail', job, error, retryAt, now }) as Promise<boolean>,
    revive: (id, now) => link.order(tenant, { kind: 'revive', id, now }) as Promise<boolean>,
    dead: async (queue, limit) => deadJobs(db, queue, limit),
  };
}
