/** The store of one tenant as a thread sees it: reads on a connection of its own, writes by the writer thread. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault } from '../../fhir/model/outcome.ts';
import type { Scope, SearchPlan } from '../../fhir/search/plan.ts';
import type {
  FeedStore,
  Job,
  JobStore,
  ResourceKey,
  ResourceStore,
  SearchPage,
  StoredResource,
  TenantStore,
  TokenStore,
} from '../ports.ts';
import { AuditJournal } from './audit-journal.ts';
import { AuditReader, auditStore } from './audit-rows.ts';
import { deadJobs } from './job-rows.ts';
import { openNames } from './names.ts';
import { Rows } from './rows.ts';
import { openForReading } from './schema.ts';
import { PACE, Search, type Found, type Steps } from './search.ts';
import { TokenReader, type TokenChange } from './token-rows.ts';
import { Within } from './within.ts';
import type { Opened } from './wire.ts';
import type { WriterPort } from './writer-port.ts';

export interface OpenTenant extends TenantStore {
  /** ends the journal of this thread, while the writer still listens */
  settleAudit(): Promise<void>;
  close(): void;
}

/** A connection and what is prepared on it. */
interface Reader {
  readonly db: DatabaseSync;
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  /** what changes whenever another connection has written; begins the snapshot of a transaction */
  readonly version: () => number;
  readonly rows: Rows;
  readonly within: Within;
  readonly search: Search;
}

/** Searches that may wait for the connection of the long ones. */
const MOST_LONG = 64;

function openReader(file: string): Reader {
  const db = openForReading(file);
  const names = openNames(db);
  const [begin, commit, dataVersion] = ['BEGIN', 'COMMIT', 'PRAGMA data_version'].map((sql) =>
    db.prepare(sql),
  );
  const version = (): number => (dataVersion!.get() as { data_version: number }).data_version;
  const [rows, search] = [new Rows(db, names), new Search(db, names, PACE)];
  const within = new Within(db, names, rows);
  return { db, begin: begin!, commit: commit!, version, rows, within, search };
}

export function openTenantStore(
  name: string,
  { file, secret, tokenChanges }: Opened,
  writer: WriterPort,
): OpenTenant {
  const reader = openReader(file);
  const long = longSearches(file);
  const settle = (): Promise<unknown> => writer.ask({ op: 'settle', tenant: name });
  const resources: ResourceStore = {
    read: async (keys, scope) =>
      scope ? readWithin(reader, keys, scope) : keys.map((key) => reader.rows.current(key)),
    // A read costs no round trip here.
    recall: () => undefined,
    vread: async (key, versionId) => reader.rows.version(key, versionId),
    history: async (query) => reader.rows.history(query),
    search: (plan) => searchSettled(reader, long, plan, settle),
    keys: async (query) => {
      if (reader.rows.hasBacklog()) await settle();
      const work = (on: Reader): Steps<readonly string[]> => on.search.keys(query, on.version());
      return inOneStep(reader, work)?.value ?? long.run(work);
    },
    commit: (unit) => writer.commit(name, unit),
    reindex: async (changed) => void (await writer.reindex(name, changed)),
  };
  const feed: FeedStore = {
    read: async (after, limit) => reader.rows.feed(after, limit),
    last: async () => reader.rows.last(),
    cursor: async (of) => reader.rows.cursor(of),
    advance: (of, from, to) =>
      writer.ask({ op: 'advance', tenant: name, name: of, from, to }) as Promise<boolean>,
  };
  const ping = async (): Promise<void> => {
    reader.rows.last();
    await writer.ask({ op: 'ping', tenant: name });
  };
  const close = (): void => {
    reader.db.close();
    long.close();
  };
  const jobs = jobStore(name, writer, reader.db);
  const tokens = tokenStore(name, writer, new TokenReader(reader.db, tokenChanges));
  const journal = new AuditJournal({
    file,
    secret,
    begin: (chain) => writer.ask({ op: 'audit-begin', tenant: name, chain }),
    end: (chain) => writer.ask({ op: 'audit-end', tenant: name, chain }),
    move: () => writer.ask({ op: 'audit-move', tenant: name }),
  });
  const audit = auditStore(new AuditReader(reader.db), journal);
  return { resources, feed, jobs, tokens, audit, secret, ping, settleAudit: () => journal.close(), close };
}

function jobStore(tenant: string, writer: WriterPort, db: DatabaseSync): JobStore {
  const yes = (answer: Promise<unknown>): Promise<boolean> => answer as Promise<boolean>;
  return {
    claim: (queues, limit, leaseMs, now) =>
      writer.ask({ op: 'claim', tenant, queues, limit, leaseMs, now }) as Promise<Job[]>,
    extend: ({ id, lease }, leaseMs, now) =>
      yes(writer.ask({ op: 'extend', tenant, id, lease, until: now + leaseMs })),
    complete: ({ id, lease }) => yes(writer.ask({ op: 'complete', tenant, id, lease })),
    fail: ({ id, lease }, error, retryAt, now) =>
      yes(writer.ask({ op: 'fail', tenant, id, lease, error, retryAt, now })),
    dead: async (queue, limit) => deadJobs(db, queue, limit),
    revive: (id, now) => yes(writer.ask({ op: 'revive', tenant, id, now })),
  };
}

function tokenStore(tenant: string, writer: WriterPort, reader: TokenReader): TokenStore {
  const change = <T>(what: TokenChange): Promise<T> => writer.change(tenant, what) as Promise<T>;
  return {
    find: async (model, id, now) => reader.find(model, id, now),
    findBy: async (by, value, now, options) => reader.findBy(by, value, now, options?.model, options?.limit),
    list: async (model, now, limit, after) => reader.list(model, now, limit, after),
    put: async (record) => void (await change({ kind: 'put', record })),
    add: (record, now) => change({ kind: 'add', record, now }),
    consume: (model, id, now) => change({ kind: 'consume', model, id, now }),
    remove: (model, id) => change({ kind: 'remove', model, id }),
    removeGrant: (grantId) => change({ kind: 'removeGrant', grantId }),
    purge: (now, limit) => change({ kind: 'purge', now, limit }),
  };
}

function readWithin(
  { begin, commit, within }: Reader,
  keys: readonly ResourceKey[],
  scope: Scope,
): (StoredResource | undefined)[] {
  if (keys.length === 1) {
    const [key] = keys as [ResourceKey];
    const found = within.surely(key, scope(key.type));
    if (found) return [found];
  }
  begin.run();
  try {
    return keys.map((key) => within.current(key, scope(key.type)));
  } finally {
    commit.run();
  }
}

/** Rounds in which a search looks for a moment when none of its matches is being changed. */
const MOST_ROUNDS = 3;

/**
 * Searches once the index holds everything that was committed before. A resource that others change meanwhile is never answered with a text of which
 * its index rows do not tell yet: the search begins again, and in the end answers with the version that they do tell of.
 */
async function searchSettled(
  reader: Reader,
  long: ReturnType<typeof longSearches>,
  plan: SearchPlan,
  settle: () => Promise<unknown>,
): Promise<SearchPage> {
  for (let round = 1; ; round++) {
    let done = inOneStep(reader, (on) => foundPage(on, plan, true));
    if (done?.value === undefined && done) {
      await settle();
      done = inOneStep(reader, (on) => foundPage(on, plan, false));
    }
    const found = (done ?? { value: await long.run((on) => foundPage(on, plan, false)) }).value!;
    if (!found.isChanging || round === MOST_ROUNDS) return found.page;
  }
}

interface FoundPage {
  readonly page: SearchPage;
  /** a match has a newer version than the index */
  readonly isChanging: boolean;
}

/** `onlySettled`: undefined when index rows wait to be moved. */
function* foundPage(on: Reader, plan: SearchPlan, onlySettled: boolean): Steps<FoundPage | undefined> {
  const { rows, search } = on;
  const version = on.version();
  const hasBacklog = rows.hasBacklog(version);
  if (onlySettled && hasBacklog) return undefined;
  return pageOf(rows, yield* search.find(plan, version), hasBacklog);
}

function pageOf(rows: Rows, { rids, ...rest }: Found, hasBacklog: boolean): FoundPage {
  const waiting = hasBacklog ? rows.waiting() : undefined;
  const isChanging = waiting !== undefined && rids.some((rid) => waiting.has(rid));
  if (!isChanging) return { page: { resources: rows.byRids(rids), ...rest }, isChanging };
  const found = rids.map((rid) => indexed(rows, rid, waiting.get(rid)));
  const isThere = (i: number): boolean => found[i]?.body !== undefined;
  const resources = found.filter((_, i) => isThere(i)) as StoredResource[];
  const places = rest.places && { places: rest.places.filter((_, i) => isThere(i)) };
  return { page: { resources, ...rest, ...places }, isChanging };
}

/** The version of a resource that its index rows tell of. `waits`: the first of which they do not tell yet. */
function indexed(rows: Rows, rid: number, waits: number | undefined): StoredResource | undefined {
  return waits === undefined ? rows.byRid(rid) : rows.before(rid, waits);
}

/** Work that needs one step only, in one snapshot; undefined when it needs more. */
function inOneStep<T>(reader: Reader, work: (on: Reader) => Steps<T>): { readonly value: T } | undefined {
  reader.begin.run();
  try {
    const step = work(reader).next();
    return step.done ? step : undefined;
  } finally {
    reader.commit.run();
  }
}

/** Long searches run one after the other on a second connection, each in one snapshot, and let the event loop turn between their steps. */
function longSearches(file: string): {
  run<T>(work: (on: Reader) => Steps<T>): Promise<T>;
  close(): void;
} {
  let reader: Reader | undefined;
  let waiting = 0;
  let before: Promise<unknown> = Promise.resolve();
  let closed = false;

  const runNext = async <T>(work: (on: Reader) => Steps<T>): Promise<T> => {
    if (closed) throw fault('busy', 'The store is closing: try again');
    const { db } = (reader ??= openReader(file));
    db.exec('BEGIN');
    try {
      const steps = work(reader);
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done) return step.value;
        await nextTurn();
        if (closed) throw fault('busy', 'The store was closed');
      }
    } finally {
      if (db.isOpen) db.exec('COMMIT');
      if (closed && db.isOpen) db.close();
    }
  };
  const run = async <T>(work: (on: Reader) => Steps<T>): Promise<T> => {
    if (waiting >= MOST_LONG)
      throw fault('busy', 'Too many long searches are waiting: narrow the search, or try again');
    waiting++;
    const result = before.then(() => runNext(work));
    before = result.catch(() => undefined);
    return result.finally(() => waiting--);
  };
  const close = (): void => {
    closed = true;
    if (reader?.db.isOpen && waiting === 0) reader.db.close();
  };
  return { run, close };
}
