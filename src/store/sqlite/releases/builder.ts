/**
 * Writes a release of a code system: into a file that nobody reads, which gets its name when it is whole (ADR 0037). What is large goes to the file at once;
 * only codes of the hierarchy and of relationships, four bytes each, stay in memory until the end.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pack } from '../../../fhir/terminology/concept-set.ts';
import type { NewConcept, Release, ReleaseBuilder, ReleaseHead } from '../../concept-port.ts';
import { append, closure, growing, inverse, rowOf, tableOf, type Growing, type Table } from './growing.ts';
import { FINAL, FLAG, NAMES, RELEASE_LAYOUT, SORTED_DESIGNATIONS, STAGING } from './layout.ts';

const DISPLAY_USE = 'display';
const SETTINGS =
  'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -32768; PRAGMA temp_store = FILE;';

interface Gathered {
  readonly parents: Growing;
  /** source, type, target, group */
  readonly relationships: Growing;
  /** type -> value -> source, group */
  readonly concrete: Map<number, Map<string, Growing>>;
  readonly properties: Map<string, Map<string, Growing>>;
  readonly members: Map<number, Growing>;
}

/** `path`: the file that is made in the end. */
export function releaseBuilder(path: string, id: string, head: ReleaseHead): ReleaseBuilder {
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const database = new DatabaseSync(draft);
  database.exec(SETTINGS + STAGING + 'BEGIN');
  const insert = {
    concept: database.prepare('INSERT INTO concept VALUES (?, ?, ?, ?, ?)'),
    designation: database.prepare('INSERT INTO staged VALUES (?, ?, ?, ?, ?)'),
  };
  const gathered: Gathered = {
    parents: growing(),
    relationships: growing(),
    concrete: new Map(),
    properties: new Map(),
    members: new Map(),
  };
  let size = 0;
  const abandon = (): void => {
    if (database.isOpen) database.close();
    rmSync(draft, { force: true });
  };
  return {
    concept(concept) {
      const number = size++;
      const { code, display, definition, properties = [], remarks = [] } = concept;
      const kept = [...properties, ...remarks];
      insert.concept.run(
        number,
        code,
        flagsOf(concept),
        definition ?? null,
        kept.length > 0 ? JSON.stringify(kept) : null,
      );
      if (display !== undefined) insert.designation.run(number, -1, head.language, DISPLAY_USE, display);
      for (const [property, value] of properties)
        append(listOf(gathered.properties, property, value), number);
      if (concept.isInactive) append(listOf(gathered.properties, 'inactive', 'true'), number);
      return number;
    },
    designation(concept, rank, language, use, value) {
      insert.designation.run(concept, rank, language, use, value);
    },
    parent: (child, parent) => append(gathered.parents, child, parent),
    relationship: (source, type, target, group) =>
      append(gathered.relationships, source, type, target, group),
    concrete: (source, type, value, group) => append(listOf(gathered.concrete, type, value), source, group),
    member(refset, concept) {
      const list = gathered.members.get(refset) ?? growing();
      gathered.members.set(refset, list);
      append(list, concept);
    },
    abandon,
    async finish(tell = () => undefined) {
      try {
        const release = write(database, gathered, { id, size, head }, tell);
        database.close();
        settleFile(draft, path);
        return { ...release, bytes: statSync(path).size };
      } catch (error) {
        abandon();
        throw error;
      }
    },
  };
}

const flagsOf = ({ isInactive, isAbstract }: NewConcept): number =>
  (isInactive ? FLAG.inactive : 0) | (isAbstract ? FLAG.abstract : 0);

function listOf<K>(lists: Map<K, Map<string, Growing>>, key: K, value: string): Growing {
  const byValue = lists.get(key) ?? new Map<string, Growing>();
  lists.set(key, byValue);
  const list = byValue.get(value) ?? { values: new Int32Array(4), length: 0 };
  byValue.set(value, list);
  return list;
}

/** What is in the file must be on the disk before it has its name. */
function settleFile(draft: string, path: string): void {
  const file = openSync(draft, 'r+');
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, path);
}

interface Facts {
  readonly id: string;
  readonly size: number;
  readonly head: ReleaseHead;
}

function write(
  database: DatabaseSync,
  gathered: Gathered,
  { id, size, head }: Facts,
  tell: (step: string) => void,
): Release {
  database.exec(`COMMIT; BEGIN; ${FINAL}`);
  tell('names');
  database.exec(SORTED_DESIGNATIONS);
  database.exec('DROP TABLE staged');
  tell('words');
  database.exec(
    `INSERT INTO word (rowid, value) SELECT concept * ${NAMES} + n, value FROM designation ORDER BY concept, n`,
  );
  database.exec("INSERT INTO word (word) VALUES ('optimize')");
  tell('codes');
  const collation = head.isCaseSensitive ? 'BINARY' : 'NOCASE';
  database.exec(`CREATE UNIQUE INDEX concept_code ON concept (code COLLATE ${collation})`);
  tell('hierarchy');
  writeHierarchy(database, gathered, size);
  tell('relationships');
  writeAttributes(database, gathered);
  tell('properties');
  writeSets(database, gathered);
  const release = { ...head, id, concepts: size, imported: Date.now(), layout: RELEASE_LAYOUT };
  database.prepare('INSERT INTO head VALUES (?)').run(JSON.stringify(release));
  database.exec('COMMIT; ANALYZE');
  return { ...release, bytes: 0 };
}

function writeHierarchy(database: DatabaseSync, gathered: Gathered, size: number): void {
  const parents = tableOf(gathered.parents, size, 0);
  const children = tableOf(gathered.parents, size, 1);
  const above = closure(parents, size);
  const attributes = attributesBySource(gathered.relationships, size);
  const up = database.prepare('INSERT INTO above VALUES (?, ?, ?, ?)');
  for (let n = 0; n < size; n++) {
    const triples = rowOf(attributes, n);
    up.run(n, packed(parents, n), packed(above, n), triples.length > 0 ? bytesOf(triples) : null);
  }
  const below = inverse(above, size);
  const down = database.prepare('INSERT INTO below VALUES (?, ?, ?)');
  for (let n = 0; n < size; n++) {
    const own = packed(children, n);
    if (own) down.run(n, own, packed(below, n));
  }
}

function packed(table: Table, n: number): Uint8Array | null {
  const row = rowOf(table, n);
  return row.length === 0 ? null : pack(row);
}

const bytesOf = (numbers: Int32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** For each concept (group, type, target) in turn. */
function attributesBySource({ values, length }: Growing, size: number): Table {
  const starts = new Int32Array(size + 1);
  for (let at = 0; at < length; at += 4) starts[values[at]! + 1]! += 3;
  for (let n = 0; n < size; n++) starts[n + 1]! += starts[n]!;
  const next = starts.slice();
  const rows = new Int32Array((length / 4) * 3);
  for (let at = 0; at < length; at += 4) {
    const to = next[values[at]!]!;
    rows[to] = values[at + 3]!;
    rows[to + 1] = values[at + 1]!;
    rows[to + 2] = values[at + 2]!;
    next[values[at]!] = to + 3;
  }
  return { starts, values: rows };
}

/** For each type of relationship (source, group, target) in turn, by rising source. */
function writeAttributes(database: DatabaseSync, { relationships, concrete }: Gathered): void {
  const byType = new Map<number, number[]>();
  const { values, length } = relationships;
  const order = Uint32Array.from({ length: length / 4 }, (_, at) => at * 4).sort(
    (a, b) => values[a]! - values[b]!,
  );
  for (const at of order) {
    const type = values[at + 1]!;
    const list = byType.get(type) ?? [];
    byType.set(type, list);
    list.push(values[at]!, values[at + 3]!, values[at + 2]!);
  }
  const insert = database.prepare('INSERT INTO attribute VALUES (?, ?)');
  for (const [type, list] of byType) insert.run(type, bytesOf(Int32Array.from(list)));
  const insertConcrete = database.prepare('INSERT INTO concrete VALUES (?, ?, ?)');
  for (const [type, lists] of concrete)
    for (const [value, list] of lists)
      insertConcrete.run(type, value, bytesOf(list.values.slice(0, list.length)));
}

function writeSets(database: DatabaseSync, { properties, members }: Gathered): void {
  const insert = database.prepare('INSERT INTO property VALUES (?, ?, ?)');
  for (const [code, lists] of properties)
    for (const [value, list] of lists) insert.run(code, value, packedList(list));
  const insertMember = database.prepare('INSERT INTO member VALUES (?, ?)');
  for (const [refset, list] of members) insertMember.run(refset, packedList(list));
}

const packedList = ({ values, length }: Growing): Uint8Array =>
  pack([...new Set(values.subarray(0, length).toSorted())]);
