/** The index rows of a resource: written for a new one, and for a changed one only where they differ. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { writingNames } from './names.ts';
import type { FlatIndex } from './protocol.ts';

export interface IndexWriter {
  /** `hadRows`: the resource was live before. Without `index` (a delete) all its rows go. */
  replace(type: string, rid: number, index: FlatIndex | undefined, hadRows: boolean): void;
}

type Value = number | string;
type Row = readonly Value[];

/** One index table: its columns without rid, which is always the last of its primary key. */
interface Table {
  readonly insert: StatementSync;
  readonly remove: StatementSync;
  readonly select: StatementSync;
  readonly columns: readonly string[];
}

function table(db: DatabaseSync, name: string, columns: readonly string[]): Table {
  const all = columns.join(', ');
  return {
    insert: db.prepare(`INSERT OR IGNORE INTO ${name} (${all}, rid) VALUES (${columns.map(() => '?').join(', ')}, ?)`),
    remove: db.prepare(`DELETE FROM ${name} WHERE ${columns.map((one) => `${one} = ?`).join(' AND ')} AND rid = ?`),
    select: db.prepare(`SELECT ${all} FROM ${name} WHERE rid = ?`),
    columns,
  };
}

export function writeIndex(db: DatabaseSync, names: ReturnType<typeof writingNames>): IndexWriter {
  const keys = table(db, 'key_index', ['param', 'key']);
  const ranges = table(db, 'range_index', ['param', 'key', 'low', 'high']);
  const texts = table(db, 'text_index', ['param', 'text', 'exact']);
  return {
    replace: (type, rid, index, hadRows) => {
      put(keys, rid, index ? keyRows(names, type, index.keys) : [], hadRows);
      put(ranges, rid, index ? rangeRows(names, type, index.ranges) : [], hadRows);
      put(texts, rid, index ? textRows(names, type, index.texts) : [], hadRows);
    },
  };
}

function put({ insert, remove, select, columns }: Table, rid: number, rows: readonly Row[], hadRows: boolean): void {
  if (!hadRows) {
    for (const row of rows) insert.run(...row, rid);
    return;
  }
  const old = new Map((select.all(rid) as Record<string, Value>[]).map((row) => columns.map((one) => row[one]!)).map((row) => [row.join('\n'), row]));
  for (const row of rows) if (!old.delete(row.join('\n'))) insert.run(...row, rid);
  for (const row of old.values()) remove.run(...row, rid);
}

type Names = ReturnType<typeof writingNames>;

function keyRows(names: Names, type: string, flat: FlatIndex['keys']): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += 2) rows.push([names.makeParam(type, flat[i]!), names.makeTerm(flat[i + 1]!)]);
  return rows;
}

function rangeRows(names: Names, type: string, flat: FlatIndex['ranges']): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += 4) {
    rows.push([names.makeParam(type, flat[i] as string), names.makeTerm(flat[i + 1] as string), flat[i + 2]!, flat[i + 3]!]);
  }
  return rows;
}

/** `exact` is '' where it is the same as the folded text: most often it is. */
function textRows(names: Names, type: string, flat: FlatIndex['texts']): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += 3) {
    const [text, exact] = [flat[i + 1]!, flat[i + 2]!];
    rows.push([names.makeParam(type, flat[i]!), text, exact === text ? '' : exact]);
  }
  return rows;
}
