// The floor's store on node:sqlite: one table by primary key, and one clustered table of answers.
// https://nodejs.org/api/sqlite.html, https://www.sqlite.org/withoutrowid.html

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FloorStore, Row } from './floor-store.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE resource (key TEXT PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE answer (query TEXT, position INTEGER, url TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (query, position)) WITHOUT ROWID;
`;

/** Opens a new database in the folder. */
export function openFloorSqlite(folder: string): FloorStore {
  const database = new DatabaseSync(join(folder, 'floor.db'));
  database.exec(SCHEMA);
  const read = database.prepare('SELECT text FROM resource WHERE key = ?');
  const put = database.prepare(
    'INSERT INTO resource VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text',
  );
  const remove = database.prepare('DELETE FROM resource WHERE key = ?');
  const rows = database.prepare('SELECT url, text FROM answer WHERE query = ? ORDER BY position LIMIT 20');
  const addRow = database.prepare('INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)');
  const atomically = (work: () => void): void => {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
  };
  return {
    read: (key) => (read.get(key) as { text: string } | undefined)?.text,
    write: (writes) =>
      atomically(() => {
        for (const { key, text } of writes) {
          if (text === undefined) remove.run(key);
          else put.run(key, text);
        }
      }),
    rows: (query) => rows.all(query) as unknown as readonly Row[],
    loadRows: (query, entries) =>
      atomically(() => entries.forEach(({ url, text }, position) => addRow.run(query, position, url, text))),
    close: () => database.close(),
  };
}
