/**
 * The rows by which a resource is found: written several at a time, and on an update only the difference.
 * https://www.sqlite.org/lang_insert.html
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Rows of one resource, flat: key rows [group, key]…, range rows [group, key, low, high]…, text rows [group, text, exact]… */
export interface IndexRows {
  readonly keys: readonly number[];
  /** the signature of each key row */
  readonly signatures: readonly number[];
  readonly ranges: readonly number[];
  readonly texts: readonly (number | string)[];
}

type Row = readonly (number | string)[];

/** Rows a statement: a call costs as much as a row. */
const TOGETHER = 16;

const TABLES = {
  keys: { kind: 'key', columns: ['param', 'key'], extra: ['signature'] },
  ranges: { kind: 'range', columns: ['param', 'key', 'low', 'high'], extra: [] },
  texts: { kind: 'text', columns: ['param', 'text', 'exact'], extra: [] },
} as const;
type Kind = keyof typeof TABLES;
const KINDS: readonly Kind[] = ['keys', 'ranges', 'texts'];

export class IndexWriter {
  readonly #tables: Record<Kind, ReturnType<typeof prepareTable>>;
  readonly #sign: StatementSync;

  constructor(db: DatabaseSync) {
    this.#tables = {
      keys: prepareTable(db, 'keys'),
      ranges: prepareTable(db, 'ranges'),
      texts: prepareTable(db, 'texts'),
    };
    this.#sign = db.prepare(
      'UPDATE key_index SET signature = ?1 WHERE param = ?2 AND key = ?3 AND rid = ?4 AND signature <> ?1',
    );
  }

  /** The resource has no rows yet. */
  insert(rid: number, rows: IndexRows): void {
    this.#insertKeys(rid, rows.keys, rows.signatures);
    this.#insert('ranges', rid, rows.ranges);
    this.#insert('texts', rid, rows.texts);
  }

  /** Makes the rows of a resource these ones. */
  replace(rid: number, rows: IndexRows): void {
    this.#replaceKeys(rid, rows);
    for (const kind of ['ranges', 'texts'] as const)
      this.#insert(kind, rid, this.#removeOthers(kind, rid, rows[kind]));
  }

  remove(rid: number): void {
    for (const kind of KINDS) this.#tables[kind].removeAll.run(rid);
  }

  #insertKeys(rid: number, keys: readonly number[], signatures: readonly number[]): void {
    const values: number[] = [];
    for (let i = 0; i < signatures.length; i++)
      values.push(keys[2 * i]!, keys[2 * i + 1]!, rid, signatures[i]!);
    this.#run('keys', values);
  }

  #insert(kind: 'ranges' | 'texts', rid: number, rows: Row): void {
    const width = TABLES[kind].columns.length;
    const values: (number | string)[] = [];
    for (let at = 0; at < rows.length; at += width) values.push(...rows.slice(at, at + width), rid);
    this.#run(kind, values);
  }

  /** Inserts rows that are whole, as few statements as can be. */
  #run(kind: Kind, values: readonly (number | string)[]): void {
    const width = TABLES[kind].columns.length + 1 + TABLES[kind].extra.length;
    for (let at = 0; at < values.length; at += TOGETHER * width) {
      const some =
        at === 0 && values.length <= TOGETHER * width ? values : values.slice(at, at + TOGETHER * width);
      this.#tables[kind].insert(some.length / width).run(...some);
    }
  }

  #replaceKeys(rid: number, { keys, signatures }: IndexRows): void {
    const fresh: number[] = [];
    const freshSignatures: number[] = [];
    const old = this.#old('keys', rid);
    for (let i = 0; i < signatures.length; i++) {
      const [group, key, signature] = [keys[2 * i]!, keys[2 * i + 1]!, signatures[i]!];
      if (old.delete(`[${group},${key}]`)) {
        if (signature >= 0) this.#sign.run(signature, group, key, rid);
      } else {
        fresh.push(group, key);
        freshSignatures.push(signature);
      }
    }
    for (const row of old.values()) this.#tables.keys.remove.run(...row, rid);
    this.#insertKeys(rid, fresh, freshSignatures);
  }

  /** Removes the rows that are not among these; gives those of these that are not there. */
  #removeOthers(kind: Kind, rid: number, rows: Row): Row {
    const width = TABLES[kind].columns.length;
    const old = this.#old(kind, rid);
    const fresh: (number | string)[] = [];
    for (let at = 0; at < rows.length; at += width) {
      const row = rows.slice(at, at + width);
      if (!old.delete(JSON.stringify(row))) fresh.push(...row);
    }
    for (const row of old.values()) this.#tables[kind].remove.run(...row, rid);
    return fresh;
  }

  #old(kind: Kind, rid: number): Map<string, Row> {
    const rows = this.#tables[kind].select.all(rid) as unknown as Row[];
    return new Map(rows.map((row) => [JSON.stringify(row), row]));
  }
}

function prepareTable(db: DatabaseSync, of: Kind) {
  const { kind, columns } = TABLES[of];
  const same = columns.map((column) => `${column} = ?`).join(' AND ');
  const select = db.prepare(
    `SELECT ${columns.join(', ')} FROM ${kind}_index INDEXED BY ${kind}_of WHERE rid = ?`,
  );
  select.setReturnArrays(true);
  const inserts: StatementSync[] = [];
  return {
    insert: (rows: number): StatementSync => (inserts[rows] ??= prepareInsert(db, of, rows)),
    select,
    remove: db.prepare(`DELETE FROM ${kind}_index WHERE ${same} AND rid = ?`),
    removeAll: db.prepare(`DELETE FROM ${kind}_index WHERE rid = ?`),
  };
}

/** A resource may have the same value twice: one row tells as much. */
function prepareInsert(db: DatabaseSync, of: Kind, together: number): StatementSync {
  const { kind, columns, extra } = TABLES[of];
  const all = [...columns, 'rid', ...extra];
  const row = `(${all.map(() => '?').join(', ')})`;
  return db.prepare(
    `INSERT OR IGNORE INTO ${kind}_index(${all.join(', ')}) VALUES ${Array.from({ length: together }, () => row).join(', ')}`,
  );
}
