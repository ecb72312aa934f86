/** The tables of a tenant's database and the numbered migrations that make them. See docs/adr/0004-sqlite-layout.md. */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/**
 * Index tables are clustered on the search key (WITHOUT ROWID), and each has a second index by rid for updates, sorting and residual checks. A rid is
 * the seq of a resource's first version, so rid order is the order of creation.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE param (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

  CREATE TABLE resource (
    rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, live INTEGER NOT NULL);
  CREATE UNIQUE INDEX resource_key ON resource (type, id);
  CREATE INDEX resource_live ON resource (type) WHERE live = 1;
  CREATE INDEX resource_seq ON resource (seq);

  CREATE TABLE version (
    seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, type INTEGER NOT NULL, version INTEGER NOT NULL, method INTEGER NOT NULL,
    instant INTEGER NOT NULL, body BLOB);
  CREATE UNIQUE INDEX version_rid ON version (rid, version);
  CREATE INDEX version_type ON version (type);

  CREATE TABLE key_index (
    param INTEGER NOT NULL, key INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (param, key, rid)) WITHOUT ROWID;
  CREATE INDEX key_rid ON key_index (rid, param);
  CREATE TABLE range_index (
    param INTEGER NOT NULL, key INTEGER NOT NULL, low NUMERIC NOT NULL, high NUMERIC NOT NULL, rid INTEGER NOT NULL,
    PRIMARY KEY (param, key, low, high, rid)) WITHOUT ROWID;
  CREATE INDEX range_rid ON range_index (rid, param);
  CREATE TABLE text_index (
    param INTEGER NOT NULL, text TEXT NOT NULL, exact TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (param, text, exact, rid)) WITHOUT ROWID;
  CREATE INDEX text_rid ON text_index (rid, param);

  CREATE TABLE cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, payload TEXT NOT NULL, run_at INTEGER NOT NULL, attempt INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL, lease TEXT, lease_until INTEGER NOT NULL);
  CREATE INDEX job_due ON job (queue, run_at);
  CREATE TABLE dead_job (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL, max_attempts INTEGER NOT NULL,
    error TEXT NOT NULL, died_at INTEGER NOT NULL);
  CREATE INDEX dead_job_queue ON dead_job (queue, id);
  `,
];

/** Brings a database to the newest layout, one migration a transaction. Throws an Error with one clear line for a database of a newer program. */
export function migrate(db: DatabaseSync): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`the database has layout ${version}, this program knows ${MIGRATIONS.length}: use a newer version of Embergate`);
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(MIGRATIONS[next]!);
      if (next === 0) db.prepare('INSERT INTO meta VALUES (?, ?)').run('secret', randomBytes(32));
      db.exec(`PRAGMA user_version = ${next + 1}; COMMIT`);
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Codes of the methods in `version.method`. */
export const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
