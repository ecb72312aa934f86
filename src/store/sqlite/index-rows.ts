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

type Row = readonly (number | string)[];

/** Key rows a statement: most rows are of this kind, and a call costs as much as a row. */
const TOGETHER = 8;

const KINDS = ['keys', 'ranges', 'texts'] as const;
const TABLES = {
  keys: { kind: 'key', columns: ['param', 'key'] },
  ranges: { kind: 'range', columns: ['param', 'key', 'low', 'high'] },
  texts: { kind: 'text', columns: ['param', 'text', 'exact'] },
} as const;
type Kind = (typeof KINDS)[number];

export class IndexWriter {
  readonly #tables: Record<Kind, ReturnType<typeof prepareTable>>;
  readonly #insertKeys: StatementSync;

  constructor(db: DatabaseSync) {
    this.#tables = {
      keys: prepareTable(db, 'keys'),
      ranges: prepareTable(db, 'ranges'),
      texts: prepareTable(db, 'texts'),
    };
    this.#insertKeys = prepareInsert(db, 'keys', TOGETHER);
  }

  /** The resource has no rows yet. */
  insert(rid: number, rows: IndexRows): void {
    for (const kind of KINDS) this.#insert(kind, rid, rows[kind]);
  }

  /** Makes the rows of a resource these ones. */
  replace(rid: number, rows: IndexRows): void {
    for (const kind of KINDS) this.#replace(kind, rid, rows[kind]);
  }

  remove(rid: number): void {
    for (const kind of KINDS) this.#tables[kind].removeAll.run(rid);
  }

  #insert(kind: Kind, rid: number, rows: Row): void {
    const width = TABLES[kind].columns.length;
    let at = 0;
    if (kind === 'keys') {
      for (const many = TOGETHER * width; at + many <= rows.length; at += many) {
        const values: (number | string)[] = [];
        for (let i = at; i < at + many; i += width) values.push(rows[i]!, rows[i + 1]!, rid);
        this.#insertKeys.run(...values);
      }
    }
    for (; at < rows.length; at += width) this.#tables[kind].insert.run(...rows.slice(at, at + width), rid);
  }

  #replace(kind: Kind, rid: number, rows: Row): void {
    const { select, remove } = this.#tables[kind];
    const width = TABLES[kind].columns.length;
    const old = new Map((select.all(rid) as unknown as Row[]).map((row) => [JSON.stringify(row), row]));
    const fresh: (number | string)[] = [];
    for (let at = 0; at < rows.length; at += width) {
      const row = rows.slice(at, at + width);
      if (!old.delete(JSON.stringify(row))) fresh.push(...row);
    }
    for (const row of old.values()) remove.run(...row, rid);
    this.#insert(kind, rid, fresh);
  }
}

function prepareTable(db: DatabaseSync, of: Kind) {
  const { kind, columns } = TABLES[of];
  const same = columns.map((column) => `${column} = ?`).join(' AND ');
  const select = db.prepare(
    `SELECT ${columns.join(', ')} FROM ${kind}_index INDEXED BY ${kind}_of WHERE rid = ?`,
  );
  select.setReturnArrays(true);
  return {
    insert: prepareInsert(db, of, 1),
    select,
    remove: db.prepare(`DELETE FROM ${kind}_index WHERE ${same} AND rid = ?`),
    removeAll: db.prepare(`DELETE FROM ${kind}_index WHERE rid = ?`),
  };
}

/** A resource may have the same value twice: one row tells as much. */
function prepareInsert(db: DatabaseSync, of: Kind, together: number): StatementSync {
  const { kind, columns } = TABLES[of];
  const row = `(${[...columns, 'rid'].map(() => '?').join(', ')})`;
  return db.prepare(
    `INSERT OR IGNORE INTO ${kind}_index VALUES ${Array.from({ length: together }, () => row).join(', ')}`,
  );
}
