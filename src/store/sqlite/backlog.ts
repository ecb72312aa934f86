/**
 * Index rows that are durable but not yet in the index tables. A commit only appends here, which touches a page or two; the rows are moved many
 * resources at a time, which touches each page of the index once for all of them. Whoever searches has them moved first (ADR 0004).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { encloses, groupOf, refers } from './groups.ts';
import { IndexWriter, type IndexRows } from './index-rows.ts';
import type { NameMaker } from './names.ts';
import { LIVE } from './schema.ts';
import { ANY_KEY, signatureOf } from './signature.ts';
import { Waiting } from './waiting.ts';

/** The index values of one version, as the wire has them: [group, key …] twice, [group, key, low, high …], [group, text, exact …]. */
export type PlainRows = readonly [
  keys: readonly string[],
  coded: readonly string[],
  ranges: readonly (string | number)[],
  texts: readonly string[],
];

/** One version whose rows wait. They are kept in memory, too, so that nothing is read to move them. */
interface Entry {
  readonly seq: number;
  readonly rid: number;
  readonly type: number;
  /** PlainRows in JSON, '' for a delete */
  readonly rows: string;
}

/** Everything here happens inside a transaction of the writer. */
export class Backlog {
  readonly #names: NameMaker;
  readonly #index: IndexWriter;
  readonly #insert: StatementSync;
  readonly #all: StatementSync;
  readonly #forget: StatementSync;
  readonly #waiting = new Waiting();
  /** in the order of seq */
  #entries: Entry[] = [];

  constructor(db: DatabaseSync, names: NameMaker) {
    this.#names = names;
    this.#index = new IndexWriter(db);
    this.#insert = db.prepare('INSERT INTO backlog(seq, rid, type, rows) VALUES (?, ?, ?, ?)');
    this.#all = db.prepare('SELECT seq, rid, type, rows FROM backlog ORDER BY seq');
    this.#forget = db.prepare('DELETE FROM backlog WHERE seq <= ?');
  }

  /** versions that wait, as far as this connection knows */
  get size(): number {
    return this.#entries.length;
  }

  /** what is known of them */
  get waiting(): Omit<Waiting, 'add' | 'settled' | 'clear'> {
    return this.#waiting;
  }

  /** `targets`: what the version refers to. */
  add(entry: Entry & { readonly targets: readonly string[] }): void {
    const { seq, rid, type, rows, targets } = entry;
    this.#insert.run(seq, rid, type, rows);
    this.#remember({ seq, rid, type, rows }, targets);
  }

  /** Writes the rows at once; nothing of the resource may be waiting. `isNew`: it has no rows yet. */
  write(rid: number, type: number, isNew: boolean, rows: string): void {
    const plain = parseRows(rows);
    if (!plain) this.#index.remove(rid);
    else if (isNew) this.#index.insert(rid, numbered(this.#names, type, plain));
    else this.#index.replace(rid, numbered(this.#names, type, plain));
  }

  /** Moves the oldest versions, at most this many. */
  settle(most = Number.MAX_SAFE_INTEGER): void {
    const entries = this.#entries.slice(0, most);
    const newest = entries.at(-1);
    if (!newest) return;
    // Of several versions of one resource only the last one counts.
    const last = new Map(entries.map((entry) => [entry.rid, entry]));
    const first = new Set(entries.filter(({ seq, rid }) => seq === rid).map(({ rid }) => rid));
    for (const { seq, rid, type, rows } of last.values()) {
      this.write(rid, type, first.has(rid), rows);
      this.#waiting.settled(rid, seq);
    }
    this.#forget.run(newest.seq);
    this.#entries = this.#entries.slice(entries.length);
  }

  /** Learns anew what waits: after a rollback, or when another connection has written. */
  learn(): void {
    this.#waiting.clear();
    this.#entries = [];
    for (const entry of this.#all.all() as unknown as Entry[])
      this.#remember(entry, targetsOf(parseRows(entry.rows)));
  }

  #remember(entry: Entry, targets: readonly string[]): void {
    this.#entries.push(entry);
    this.#waiting.add(entry.rid, { seq: entry.seq, type: entry.type, targets });
  }
}

export function parseRows(rows: string): PlainRows | undefined {
  return rows === '' ? undefined : (JSON.parse(rows) as PlainRows);
}

function targetsOf(rows: PlainRows | undefined): string[] {
  const keys = rows?.[0] ?? [];
  const targets: string[] = [];
  for (let i = 0; i < keys.length; i += 2) if (refers(keys[i]!)) targets.push(keys[i + 1]!);
  return targets;
}

const ALIVE = groupOf([LIVE]);

function numbered(names: NameMaker, type: number, [keys, coded, ranges, texts]: PlainRows): IndexRows {
  const rangeRows: number[] = [];
  for (let i = 0; i < ranges.length; i += 4) {
    const key = ranges[i + 1] as string;
    rangeRows.push(names.makeGroup(type, ranges[i] as string), key === '' ? 0 : names.makeTerm(key));
    rangeRows.push(ranges[i + 2] as number, ranges[i + 3] as number);
  }
  const textRows: (number | string)[] = [];
  for (let i = 0; i < texts.length; i += 3)
    textRows.push(names.makeGroup(type, texts[i]!), texts[i + 1]!, texts[i + 2]!);
  return { ...numberedKeys(names, type, keys, coded), ranges: rangeRows, texts: textRows };
}

function numberedKeys(
  names: NameMaker,
  type: number,
  keys: readonly string[],
  coded: readonly string[],
): Pick<IndexRows, 'keys' | 'signatures'> {
  const rows: number[] = [names.makeGroup(type, ALIVE), 0];
  const signatures = [ANY_KEY];
  const [signed, compartments]: [number[], number[]] = [[], []];
  for (let i = 0; i < keys.length; i += 2) {
    const key = names.makeTerm(keys[i + 1]!);
    rows.push(names.makeGroup(type, keys[i]!), key);
    if (encloses(keys[i]!)) compartments.push(signatures.length);
    else signed.push(key);
    signatures.push(ANY_KEY);
  }
  for (let i = 0; i < coded.length; i += 2) {
    const key = names.makeCoded(coded[i + 1]!);
    rows.push(names.makeGroup(type, coded[i]!), key);
    signed.push(key);
    signatures.push(ANY_KEY);
  }
  if (compartments.length > 0) {
    const signature = signatureOf([...signed, ...compartments.map((at) => rows[2 * at + 1]!)]);
    for (const at of compartments) signatures[at] = signature;
  }
  return { keys: rows, signatures };
}
