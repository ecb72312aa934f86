/**
 * The tables of a tenant's database and the numbered migrations that bring an older one up to date (docs/adr/0004-sqlite-layout.md).
 * https://www.sqlite.org/withoutrowid.html, https://www.sqlite.org/wal.html
 */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { indexInGroups } from './index-in-groups.ts';

/** Bytes that every database file of ours carries in its header ("EmbG"). */
const APPLICATION_ID = 0x456d6247;

/**
 * Each runs once, in its own transaction, in this order; the number of those done stands in `user_version`.
 * Never change one that was released: append.
 */
export const MIGRATIONS: readonly (string | ((db: DatabaseSync) => void))[] = [
  `CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE cursor(name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

   -- Names and key strings are written once and stand for small integers everywhere else. None is ever removed.
   CREATE TABLE type(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
   CREATE TABLE param(id INTEGER PRIMARY KEY, type INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(type, name));
   CREATE INDEX param_name ON param(name);
   CREATE TABLE term(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

   -- rid is the seq of the first version, so it grows in order of creation and never changes.
   CREATE TABLE resource(
     rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
     version INTEGER NOT NULL, instant INTEGER NOT NULL, deleted INTEGER NOT NULL, UNIQUE(type, id));
   CREATE INDEX resource_updated ON resource(type, instant) WHERE deleted = 0;

   -- rest: how many versions of the same commit follow. body comes last, so that the columns before it are read without it.
   CREATE TABLE version(
     seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, type INTEGER NOT NULL, version INTEGER NOT NULL,
     method INTEGER NOT NULL, instant INTEGER NOT NULL, rest INTEGER NOT NULL, body BLOB);
   CREATE UNIQUE INDEX version_of ON version(rid, version);
   CREATE INDEX version_type ON version(type, seq);

   -- Live resources only. The table is clustered on the search key; the index serves replacing, sorting and tests on one resource.
   CREATE TABLE key_index(
     param INTEGER NOT NULL, key INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY(param, key, rid)) WITHOUT ROWID;
   CREATE INDEX key_of ON key_index(rid, param, key);
   CREATE TABLE range_index(
     param INTEGER NOT NULL, key INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, rid INTEGER NOT NULL,
     PRIMARY KEY(param, key, low, high, rid)) WITHOUT ROWID;
   CREATE INDEX range_of ON range_index(rid, param, key, low, high);
   CREATE TABLE text_index(
     param INTEGER NOT NULL, text TEXT NOT NULL, exact TEXT NOT NULL, rid INTEGER NOT NULL,
     PRIMARY KEY(param, text, exact, rid)) WITHOUT ROWID;
   CREATE INDEX text_of ON text_index(rid, param, text, exact);

   -- Index rows that wait to be moved into the tables above: JSON, '' for a delete.
   CREATE TABLE backlog(seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, type INTEGER NOT NULL, rows TEXT NOT NULL);
   CREATE INDEX backlog_rid ON backlog(rid);

   -- due: when it may be claimed next, which for a claimed job is the end of its lease.
   CREATE TABLE job(
     id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, payload TEXT NOT NULL, due INTEGER NOT NULL,
     attempt INTEGER NOT NULL, max_attempts INTEGER NOT NULL, lease TEXT);
   CREATE INDEX job_due ON job(queue, due, id);
   CREATE TABLE dead_job(
     id INTEGER PRIMARY KEY, queue TEXT NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL,
     max_attempts INTEGER NOT NULL, error TEXT NOT NULL, died_at INTEGER NOT NULL);
   CREATE INDEX dead_job_queue ON dead_job(queue, died_at);`,

  `-- What the authorization server keeps. made: order of making. Each lookup has an index of the rows that carry it.
   CREATE TABLE token(
     model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, expires INTEGER, consumed INTEGER,
     grant_id TEXT, uid TEXT, user_code TEXT, account_id TEXT, client_id TEXT, made INTEGER NOT NULL,
     PRIMARY KEY(model, id)) WITHOUT ROWID;
   CREATE INDEX token_grant ON token(grant_id, model, made) WHERE grant_id IS NOT NULL;
   CREATE INDEX token_uid ON token(uid, model, made) WHERE uid IS NOT NULL;
   CREATE INDEX token_user_code ON token(user_code, model, made) WHERE user_code IS NOT NULL;
   CREATE INDEX token_account ON token(account_id, model, made) WHERE account_id IS NOT NULL;
   CREATE INDEX token_client ON token(client_id, model, made) WHERE client_id IS NOT NULL;
   CREATE INDEX token_expires ON token(expires) WHERE expires IS NOT NULL;`,

  indexInGroups,

  `-- The first version of a resource needs no entry: its seq is the rid. Most resources have no other.
   DROP INDEX version_of;
   CREATE INDEX version_of ON version(rid, version) WHERE version > 1;
   DROP INDEX backlog_rid;`,

  `-- The audit trail: pages of several chains, where each ends, and whom a page is about. open: the chain has a journal that may hold more of it.
   -- Keys of pages after audit_indexed.page stand only with the page.
   CREATE TABLE audit_head(
     id INTEGER PRIMARY KEY, chain TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL, open INTEGER NOT NULL);
   CREATE TABLE audit_page(
     id INTEGER PRIMARY KEY, chain INTEGER NOT NULL, seq INTEGER NOT NULL, since INTEGER NOT NULL, at INTEGER NOT NULL,
     hash TEXT NOT NULL, mac TEXT NOT NULL, keys TEXT NOT NULL, body BLOB NOT NULL);
   CREATE INDEX audit_at ON audit_page(at);
   CREATE TABLE audit_key(key TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY(key, page)) WITHOUT ROWID;
   CREATE TABLE audit_indexed(id INTEGER PRIMARY KEY, page INTEGER NOT NULL);`,
];

/** The pseudo parameter under which every live resource of a type has one key row, with the key 0. */
export const LIVE = '';

/** Writer: pages that may wait in the write-ahead log before they are copied to the database. */
const CHECKPOINT_PAGES = 8000;
const PAGE_BYTES = 4096;
const WRITER_CACHE_KIB = 32_768;
/** A walk over the newest thousands of resources stays in it, whatever texts are read between two walks. Taken as it is needed. */
const READER_CACHE_KIB = 32_768;
const BUSY_MS = 10_000;

const COMMON = `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA temp_store = memory;`;

/** Opens the file for the one writer; makes it when absent and migrates it. Throws an Error with one clear line for a foreign or newer file. */
export function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec(`${COMMON} PRAGMA page_size = ${PAGE_BYTES}; PRAGMA cache_size = -${WRITER_CACHE_KIB};`);
    refuseForeign(db, file);
    // NORMAL: the log is synced by LogSync, which all answers wait for, and by SQLite before it is copied.
    db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
    );
    db.exec(`PRAGMA journal_size_limit = ${2 * CHECKPOINT_PAGES * PAGE_BYTES}`);
    migrate(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the file for reading, in the thread that asks. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec(`${COMMON} PRAGMA cache_size = -${READER_CACHE_KIB};`);
  return db;
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0]);
}

function refuseForeign(db: DatabaseSync, file: string): void {
  const [application, done] = [pragma(db, 'application_id'), pragma(db, 'user_version')];
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (tables.n > 0 && application !== APPLICATION_ID) {
    throw new Error(`${file} is a database of another program: name another folder`);
  }
  if (done > MIGRATIONS.length) {
    throw new Error(
      `${file} was written by a newer version (migration ${done}, this one knows ${MIGRATIONS.length}): update the program`,
    );
  }
}

function migrate(db: DatabaseSync, file: string): void {
  MIGRATIONS.forEach((step, i) => {
    if (pragma(db, 'user_version') > i) return;
    db.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have been faster while this one waited for the lock.
      if (pragma(db, 'user_version') === i) apply(db, step, i + 1);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw new Error(`${file}: migration ${i + 1} failed: ${(error as Error).message}`, { cause: error });
    }
  });
}

function apply(db: DatabaseSync, step: (typeof MIGRATIONS)[number], number: number): void {
  if (typeof step === 'string') db.exec(step);
  else step(db);
  if (number === 1) {
    db.prepare('INSERT INTO meta VALUES (?, ?)').run('secret', randomBytes(32));
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  }
  db.exec(`PRAGMA user_version = ${number}`);
}

export function readSecret(db: DatabaseSync): Uint8Array {
  return (db.prepare("SELECT value FROM meta WHERE key = 'secret'").get() as { value: Uint8Array }).value;
}
