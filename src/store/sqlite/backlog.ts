/**
 * Index rows that are durable but not yet in the index tables. A commit only appends here, which touches a page or two; the rows are moved many
 * resources at a time, which touches each page of the index once for all of them. Whoever searches has them moved first (ADR 0004).
 */
import type { DatabaseSync } from 'node:sqlite';
import { IndexWriter, type IndexRows } from './index-rows.ts';
import type { NameMaker } from './names.ts';
import { LIVE } from './schema.ts';

/** The index values of one version, as the wire has them: [param, key …], [param, key, low, high …], [param, text, exact …]. */
export type PlainRows = readonly [
  keys: readonly string[],
  ranges: readonly (string | number)[],
  texts: readonly string[],
];

export interface Backlog {
  /** `rows` undefined: a delete. Inside a transaction. */
  add(seq: number, rid: number, type: number, rows: PlainRows | undefined): void;
  /** Writes the rows at once; nothing of the resource may be waiting. `isNew`: it has no rows yet. Inside a transaction. */
  write(rid: number, type: number, isNew: boolean, rows: PlainRows | undefined): void;
  /** entries that wait, as far as this connection knows */
  readonly size: number;
  /** counts anew: after a rollback, or when another connection has written */
  recount(): void;
  /** Moves the oldest entries, at most this many. Inside a transaction. */
  settle(most: number): void;
}

interface Entry {
  readonly seq: number;
  readonly rid: number;
  readonly type: number;
  readonly rows: string;
}

export function openBacklog(db: DatabaseSync, names: NameMaker): Backlog {
  const index = new IndexWriter(db);
  const insert = db.prepare('INSERT INTO backlog(seq, rid, type, rows) VALUES (?, ?, ?, ?)');
  const oldest = db.prepare('SELECT seq, rid, type, rows FROM backlog ORDER BY seq LIMIT ?');
  const forget = db.prepare('DELETE FROM backlog WHERE seq <= ?');
  const count = db.prepare('SELECT count(*) AS n FROM backlog');
  let size = 0;

  const write = (rid: number, type: number, isNew: boolean, rows: PlainRows | undefined): void => {
    if (!rows) index.remove(rid);
    else if (isNew) index.insert(rid, numbered(names, type, rows));
    else index.replace(rid, numbered(names, type, rows));
  };
  const recount = (): void => {
    size = (count.get() as { n: number }).n;
  };
  return {
    add(seq, rid, type, rows) {
      insert.run(seq, rid, type, rows ? JSON.stringify(rows) : '');
      size++;
    },
    write,
    get size() {
      return size;
    },
    recount,
    settle(most) {
      const entries = oldest.all(most) as unknown as Entry[];
      // Of several versions of one resource only the last one counts.
      const last = new Map(entries.map((entry) => [entry.rid, entry]));
      const first = new Set(entries.filter(({ seq, rid }) => seq === rid).map(({ rid }) => rid));
      for (const { rid, type, rows } of last.values()) {
        write(rid, type, first.has(rid), rows === '' ? undefined : (JSON.parse(rows) as PlainRows));
      }
      if (entries.length > 0) forget.run(entries.at(-1)!.seq);
      recount();
    },
  };
}

function numbered(names: NameMaker, type: number, [keys, ranges, texts]: PlainRows): IndexRows {
  const numbers: number[] = [names.makeParam(type, LIVE), 0];
  for (let i = 0; i < keys.length; i += 2)
    numbers.push(names.makeParam(type, keys[i]!), names.makeTerm(keys[i + 1]!));
  const rangeRows: number[] = [];
  for (let i = 0; i < ranges.length; i += 4) {
    const key = ranges[i + 1] as string;
    rangeRows.push(names.makeParam(type, ranges[i] as string), key === '' ? 0 : names.makeTerm(key));
    rangeRows.push(ranges[i + 2] as number, ranges[i + 3] as number);
  }
  const textRows: (number | string)[] = [];
  for (let i = 0; i < texts.length; i += 3)
    textRows.push(names.makeParam(type, texts[i]!), texts[i + 1]!, texts[i + 2]!);
  return { keys: numbers, ranges: rangeRows, texts: textRows };
}
