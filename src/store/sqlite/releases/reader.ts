/** One release as a graph of concepts and as sets of them, read from its file as it is asked. Statements are prepared once; what is asked again and again is kept, within bounds. */
import type { CodeSystem, CodeSystemConceptProperty } from '@medplum/fhirtypes';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import type { Concept, Designation } from '../../../fhir/terminology/code-system.ts';
import type { ConceptIndex, IndexedGraph } from '../../../fhir/terminology/concept-index.ts';
import * as sets from '../../../fhir/terminology/concept-set.ts';
import type { Release, ReleaseHead } from '../../concept-port.ts';
import { FLAG, NAMES, RELEASE_LAYOUT } from './layout.ts';

export interface OpenRelease {
  readonly release: Release;
  readonly graph: IndexedGraph;
  close(): void;
}

/** Bytes of the file that may stand in memory as pages of the system. */
const MAPPED = 1 << 30;
const KEPT_CONCEPTS = 20_000;
const KEPT_SETS = 64;

/** Opens a whole release. Undefined where it is of another layout. */
export function openRelease(path: string, bytes: number): OpenRelease | undefined {
  // Nothing ever changes in it: no lock needs to be taken for a read.
  const address = pathToFileURL(path);
  address.search = '?immutable=1&mode=ro';
  const database = new DatabaseSync(address, { readOnly: true });
  database.exec(`PRAGMA mmap_size = ${MAPPED}; PRAGMA cache_size = -8192; PRAGMA query_only = 1`);
  const { text } = database.prepare('SELECT text FROM head').get() as { text: string };
  const { layout, ...head } = JSON.parse(text) as Release & { layout: number };
  if (layout !== RELEASE_LAYOUT) {
    database.close();
    return undefined;
  }
  const release: Release = { ...head, bytes };
  return { release, graph: graphOf(database, release), close: () => database.close() };
}

interface ConceptRow {
  readonly id: number;
  readonly code: string;
  readonly flags: number;
  readonly definition: string | null;
  readonly properties: string | null;
  readonly display: string | null;
}

const CONCEPT =
  'SELECT c.id, c.code, c.flags, c.definition, c.properties, d.value AS display FROM concept c LEFT JOIN designation d ON d.concept = c.id AND d.n = 0';

function graphOf(database: DatabaseSync, release: Release): IndexedGraph {
  const index = indexOf(database, release);
  const { system: url, version, isCaseSensitive } = release;
  return {
    url,
    version,
    content: 'complete',
    isCaseSensitive,
    index,
    find: (code) => {
      const id = index.idOf(code);
      return id === undefined ? undefined : index.concept(id);
    },
    concepts: {
      *[Symbol.iterator]() {
        for (let id = 0; id < release.concepts; id++) yield index.concept(id);
      },
    },
    get roots() {
      const roots: Concept[] = [];
      for (const id of sets.idsOf(index.inner))
        if (index.parents(id).length === 0) roots.push(index.concept(id));
      return roots;
    },
    resource: resourceOf(release),
  };
}

const resourceOf = ({ properties = [], ...head }: ReleaseHead): CodeSystem => ({
  resourceType: 'CodeSystem',
  url: head.system,
  version: head.version,
  name: head.title.replace(/\W+/g, '_'),
  title: head.title,
  status: 'active',
  content: 'complete',
  language: head.language,
  caseSensitive: head.isCaseSensitive,
  ...(head.copyright !== undefined && { copyright: head.copyright }),
  property: properties.map(({ code, description, type }) => ({
    code,
    ...(description !== undefined && { description }),
    type,
  })),
});

function indexOf(database: DatabaseSync, release: Release): ConceptIndex {
  const size = release.concepts;
  const collation = release.isCaseSensitive ? 'BINARY' : 'NOCASE';
  const get = {
    id: database.prepare(`SELECT id FROM concept WHERE code = ? COLLATE ${collation}`),
    concept: database.prepare(`${CONCEPT} WHERE c.id = ?`),
    up: database.prepare('SELECT parents, above FROM above WHERE id = ?'),
    down: database.prepare('SELECT children, below FROM below WHERE id = ?'),
    inner: database.prepare('SELECT json_group_array(id) AS ids FROM below'),
    words: database.prepare(`SELECT json_group_array(rowid / ${NAMES}) AS ids FROM word WHERE word MATCH ?`),
    codes: database.prepare(
      `SELECT json_group_array(id) AS ids FROM concept WHERE code >= ? COLLATE ${collation} AND code < ? COLLATE ${collation}`,
    ),
    value: database.prepare('SELECT value, found FROM property WHERE code = ? AND value = ?'),
    values: database.prepare('SELECT value, found FROM property WHERE code = ?'),
    types: database.prepare('SELECT type FROM attribute UNION SELECT type FROM concrete'),
    attribute: database.prepare('SELECT found FROM attribute WHERE type = ?'),
    concrete: database.prepare('SELECT value, found FROM concrete WHERE type = ?'),
    member: database.prepare('SELECT found FROM member WHERE refset = ?'),
    refsets: database.prepare('SELECT refset FROM member'),
  };
  const listed = (row: unknown): readonly number[] => JSON.parse((row as { ids: string }).ids) as number[];
  const bytesOf = (row: unknown, name: string): Uint8Array | undefined =>
    (row as Readonly<Record<string, Uint8Array | null>> | undefined)?.[name] ?? undefined;
  const numbersOf = (row: unknown): Int32Array => {
    const bytes = bytesOf(row, 'found')!;
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  };
  const concepts = keeper<number, Concept>(KEPT_CONCEPTS);
  const ids = keeper<string, { readonly id: number | undefined }>(KEPT_CONCEPTS);
  const known = keeper<string, sets.ConceptSet>(KEPT_SETS);
  const rows = keeper<number, { readonly found: Int32Array | undefined }>(KEPT_SETS);
  const once = <T>(make: () => T): (() => T) => {
    let made: { readonly value: T } | undefined;
    return () => (made ??= { value: make() }).value;
  };
  const inactive = once(() =>
    sets.unpackInto(sets.emptySet(size), bytesOf(get.value.get('inactive', 'true'), 'found')),
  );
  const inner = once(() => sets.setOf(size, listed(get.inner.get())));
  const types = once(() => get.types.all().map((row) => Number(row['type'])));
  const refsets = once(() => get.refsets.all().map((row) => Number(row['refset'])));
  const unpacked = (bytes: Uint8Array | undefined): readonly number[] => (bytes ? sets.unpack(bytes) : []);
  const reader = conceptReader(database, release, () => index);
  const index: ConceptIndex = {
    size,
    idOf: (code) => ids(code, () => ({ id: (get.id.get(code) as { id: number } | undefined)?.id })).id,
    concept: (id) => concepts(id, () => reader(get.concept.get(id) as unknown as ConceptRow)),
    get inactive() {
      return inactive();
    },
    get inner() {
      return inner();
    },
    parents: (id) => unpacked(bytesOf(get.up.get(id), 'parents')),
    above: (id) => unpacked(bytesOf(get.up.get(id), 'above')),
    children: (id) => unpacked(bytesOf(get.down.get(id), 'children')),
    below: (id) =>
      known(`below ${id}`, () => sets.unpackInto(sets.emptySet(size), bytesOf(get.down.get(id), 'below'))),
    named(words) {
      const match = words.flatMap(tokensOf).map((word) => `"${word}"*`);
      if (match.length === 0) return sets.emptySet(size);
      return known(`named ${match.join(' ')}`, () =>
        sets.setOf(size, listed(get.words.get(match.join(' AND ')))),
      );
    },
    codesFrom: (prefix) => sets.setOf(size, listed(get.codes.get(prefix, `${prefix}\u{10ffff}`))),
    *values(property, value) {
      const found = value === undefined ? get.values.all(property) : [get.value.get(property, value)];
      for (const row of found) {
        if (!row) continue;
        yield [
          String(row['value']),
          sets.unpackInto(sets.emptySet(size), row['found'] as Uint8Array),
        ] as const;
      }
    },
    get attributeTypes() {
      return types();
    },
    attribute: (type) => rows(type, () => ({ found: optional(get.attribute.get(type), numbersOf) })).found,
    *concrete(type) {
      for (const row of get.concrete.all(type)) yield [String(row['value']), numbersOf(row)] as const;
    },
    members(refset) {
      const bytes = bytesOf(get.member.get(refset), 'found');
      return bytes && known(`member ${refset}`, () => sets.unpackInto(sets.emptySet(size), bytes));
    },
    get refsets() {
      return refsets();
    },
  };
  return index;
}

const optional = <T, R>(value: T | undefined, then: (value: T) => R): R | undefined =>
  value === undefined ? undefined : then(value);

/** Words as the index cuts them: what is neither letter nor digit parts them. */
const tokensOf = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u).filter((one) => one !== '');

/** Keeps the answers that were asked last. */
function keeper<K, V>(most: number): (key: K, make: () => V) => V {
  const kept = new Map<K, V>();
  return (key, make) => {
    const found = kept.get(key);
    if (found !== undefined) return found;
    const made = make();
    if (kept.size >= most) kept.delete(kept.keys().next().value!);
    kept.set(key, made);
    return made;
  };
}

/** Turns a row into a concept, of which names, parents and relationships are read when they are asked for. */
function conceptReader(
  database: DatabaseSync,
  release: Release,
  index: () => ConceptIndex,
): (row: ConceptRow) => Concept {
  const names = database.prepare(
    'SELECT n, language, use, value FROM designation WHERE concept = ? ORDER BY n',
  );
  const attributes = database.prepare('SELECT attributes FROM above WHERE id = ?');
  const types = new Map((release.properties ?? []).map(({ code, type }) => [code, type] as const));
  return (row) => {
    const { id, code } = row;
    let designations: readonly Designation[] | undefined;
    let properties: ReadonlyMap<string, readonly string[]> | undefined;
    let source: Concept['source'] | undefined;
    let above: ReadonlySet<number> | undefined;
    const pairs = (): readonly (readonly [string, string])[] => [
      ...((row.properties === null ? [] : JSON.parse(row.properties)) as [string, string][]),
      ...relationships(
        (attributes.get(id) as { attributes: Uint8Array | null } | undefined)?.attributes,
        index(),
      ),
    ];
    const concept: Concept = {
      code,
      display: row.display ?? undefined,
      definition: row.definition ?? undefined,
      isInactive: (row.flags & FLAG.inactive) !== 0,
      isAbstract: (row.flags & FLAG.abstract) !== 0,
      get designations() {
        return (designations ??= names.all(id).flatMap((one) => designationOf(one, release)));
      },
      get properties() {
        return (properties ??= grouped(pairs()));
      },
      get parents() {
        return index()
          .parents(id)
          .map((one) => index().concept(one));
      },
      get children() {
        return index()
          .children(id)
          .map((one) => index().concept(one));
      },
      get source() {
        return (source ??= {
          code,
          ...(row.display !== null && { display: row.display }),
          ...(row.definition !== null && { definition: row.definition }),
          designation: [...concept.designations],
          property: pairs().map(([name, value]) => propertyOf(name, value, types.get(name))),
        });
      },
      isAtOrBelow(other) {
        if (other === code) return true;
        const wanted = index().idOf(other);
        if (wanted === undefined) return false;
        return (above ??= new Set(index().above(id))).has(wanted);
      },
    };
    return concept;
  };
}

const SNOMED = 'http://snomed.info/sct';

function designationOf(row: Record<string, unknown>, { system, language }: Release): Designation[] {
  const use = String(row['use']);
  if (use === 'display' || (row['n'] === 0 && use === '')) return [];
  const own = String(row['language']);
  return [
    {
      language: own === '' ? language : own,
      ...(use !== '' && { use: system === SNOMED ? { system, code: use } : { code: use } }),
      value: String(row['value']),
    },
  ];
}

function relationships(bytes: Uint8Array | null | undefined, index: ConceptIndex): [string, string][] {
  if (!bytes) return [];
  const numbers = new Int32Array(bytes.slice().buffer);
  return Array.from({ length: numbers.length / 3 }, (_, at) => [
    index.concept(numbers[at * 3 + 1]!).code,
    index.concept(numbers[at * 3 + 2]!).code,
  ]);
}

function grouped(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs) found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

function propertyOf(code: string, value: string, type: string | undefined): CodeSystemConceptProperty {
  if (type === undefined || type === 'code') return { code, valueCode: value };
  if (type === 'boolean') return { code, valueBoolean: value === 'true' };
  if (type === 'decimal') return { code, valueDecimal: Number(value) };
  return { code, valueString: value };
}
