/**
 * The rows by which a resource is found: written several at a time, and on an update only the difference.
 * https://www.sqlite.org/lang_insert.html
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Rows of one resource, flat: key rows [param, key]…, range rows [param, key, low, high]…, text rows [param, text, exact]… */
export interface IndexRows {
  readonly keys: readonly number[];
  readonly ranges: readonly number[];
  readonly texts: readonly (number | string)[];
}

export interface IndexWriter {
  insert(rid: number, rows: IndexRows): void;
  /** Makes the rows of a resource these ones. */
  replace(rid: number, rows: IndexRows): void;
  remove(rid: number): void;
}

/** Key rows a statement. */
const TOGETHER = 8;

const KINDS = { keys: ['key', 2], ranges: ['range', 4], texts: ['text', 3] } as const;
const COLUMNS = {
  keys: ['param', 'key'],
  ranges: ['param', 'key', 'low', 'high'],
  texts: ['param', 'text', 'exact'],
} as const;
type Kind = keyof typeof KINDS;

export function openIndexWriter(db: DatabaseSync): IndexWriter {
  const insertOne = (kind: Kind, together = 1): StatementSync => {
    const row = `(${Array.from({ length: KINDS[kind][1] + 1 }, () => '?').join(', ')})`;
    return db.prepare(
      `INSERT OR IGNORE INTO ${KINDS[kind][0]}_index VALUES ${Array.from({ length: together }, () => row).join(', ')}`,
    );
  };
  const inserts = { keys: insertOne('keys'), ranges: insertOne('ranges'), texts: insertOne('texts') };
  const insertKeys = insertOne('keys', TOGETHER);
  const each = <T>(make: (kind: Kind) => T): Record<Kind, T> => ({
    keys: make('keys'),
    ranges: make('ranges'),
    texts: make('texts'),
  });
  const removes = each((kind) => db.prepare(`DELETE FROM ${KINDS[kind][0]}_index WHERE rid = ?`));
  const removeOnes = each((kind) =>
    db.prepare(
      `DELETE FROM ${KINDS[kind][0]}_index WHERE ${COLUMNS[kind].map((column) => `${column} = ?`).join(' AND ')} AND rid = ?`,
    ),
  );
  const selects = each((kind) => {
    const statement = db.prepare(
      `SELECT ${COLUMNS[kind].join(', ')} FROM ${KINDS[kind][0]}_index INDEXED BY ${KINDS[kind][0]}_of WHERE rid = ?`,
    );
    statement.setReturnArrays(true);
    return statement;
  });

  const insertKind = (kind: Kind, rid: number, rows: readonly (number | string)[]): void => {
    const width = KINDS[kind][1];
    let at = 0;
    for (; kind === 'keys' && at + TOGETHER * width <= rows.length; at += TOGETHER * width) {
      const values: (number | string)[] = [];
      for (let i = at; i < at + TOGETHER * width; i += width) values.push(rows[i]!, rows[i + 1]!, rid);
      insertKeys.run(...values);
    }
    for (; at < rows.length; at += width) inserts[kind].run(...rows.slice(at, at + width), rid);
  };
  const replaceKind = (kind: Kind, rid: number, rows: readonly (number | string)[]): void => {
    const old = new Map(
      (selects[kind].all(rid) as unknown as (number | string)[][]).map((row) => [JSON.stringify(row), row]),
    );
    const fresh: (number | string)[] = [];
    for (let at = 0; at < rows.length; at += KINDS[kind][1]) {
      const row = rows.slice(at, at + KINDS[kind][1]);
      if (!old.delete(JSON.stringify(row))) fresh.push(...row);
    }
    for (const row of old.values()) removeOnes[kind].run(...row, rid);
    insertKind(kind, rid, fresh);
  };
  return {
    insert(rid, rows) {
      for (const kind of ['keys', 'ranges', 'texts'] as const) insertKind(kind, rid, rows[kind]);
    },
    replace(rid, rows) {
      for (const kind of ['keys', 'ranges', 'texts'] as const) replaceKind(kind, rid, rows[kind]);
    },
    remove(rid) {
      for (const kind of ['keys', 'ranges', 'texts'] as const) removes[kind].run(rid);
    },
  };
}
