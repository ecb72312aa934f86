/**
 * The documents of a tenant's database and how resources, versions and index values become them (docs/adr/0005-mongodb-layout.md).
 * Field names are short because every document repeats them: t type, i id, o order of creation, s seq, v version, at instant, m method,
 * b body, k entries, r ranges, f references.
 */
import { Binary, type Collection, type CollectionOptions, type Db, type Document } from 'mongodb';
import { REFERENCE, type IndexValue } from '../../fhir/search/index-value.ts';
import type { AuditRegister } from '../audit-port.ts';
import type { ResourceKey, StoredResource, Write, WriteMethod } from '../ports.ts';

/** One range value: `p` is the parameter and the unit, so that one equality finds both. */
export interface RangeEntry {
  readonly p: string;
  readonly l: number;
  readonly h: number;
}

/** The current version. A tombstone has no `t`, so that no search can find it, and no index values. */
export interface ResourceDocument {
  /** `Type/id` */
  readonly _id: string;
  readonly t?: string;
  readonly i: string;
  readonly o: number;
  readonly s: number;
  readonly v: number;
  readonly at: number;
  readonly m: WriteMethod;
  readonly b?: Body;
  /** key and text values as one string each, see `entry` */
  readonly k?: readonly string[];
  readonly r?: readonly RangeEntry[];
  /** `Type/id` of each local literal reference */
  readonly f?: readonly string[];
}

/** One version. `u` is the first seq of its unit: versions with one `u` were committed together. */
export interface HistoryDocument {
  /** seq */
  readonly _id: number;
  /** `Type/id` */
  readonly r: string;
  readonly t: string;
  readonly v: number;
  readonly at: number;
  readonly m: WriteMethod;
  readonly u: number;
  readonly b?: Body;
}

/**
 * The counter of commits stands among the resources, so that one command changes it with them; it has no `t`, so no search finds it. `n`: the
 * last seq given, `w`: the last instant, `j`: the last job id. (Not `at`: that is indexed.)
 */
export interface Counter {
  readonly n: number;
  readonly w: number;
  readonly j: number;
}
export const COUNTER = 'commit';

/** `due`: when it may be claimed (next); absent once it is a dead letter. Payload is JSON text: data is never a document of the server. */
export interface JobDocument {
  readonly _id: number;
  readonly q: string;
  readonly p: string;
  readonly due?: number;
  readonly n: number;
  readonly max: number;
  readonly lease?: string;
  readonly died?: number;
  readonly error?: string;
}

/**
 * What the authorization server keeps. `m` model, `p` payload, `n` order of making, `x` expires, `used` consumed, `g` grant, `u` uid, `k` user
 * code, `a` account, `c` client.
 */
export interface TokenDocument {
  /** `Model/id` */
  readonly _id: string;
  readonly m: string;
  readonly p: string;
  readonly n: number;
  readonly x?: number;
  readonly used?: number;
  readonly g?: string;
  readonly u?: string;
  readonly k?: string;
  readonly a?: string;
  readonly c?: string;
}

/** A page of the audit trail. `c` chain, `n` number in it, `f` time of the oldest and `at` of the newest of it, `k` keys, `h` hash, `m` mac, `b` body. */
export interface AuditDocument {
  /** chain and number, so that the order of ids is that of each chain */
  readonly _id: string;
  readonly c: string;
  readonly n: number;
  readonly f: number;
  readonly at: number;
  readonly k: readonly string[];
  readonly h: string;
  readonly m: string;
  readonly b: Body;
}

/** Where a chain ends. It stands among the pages, so that one command writes both; it has no `c`, so that it is never taken for one. */
export interface AuditHeadDocument {
  /** `~` and the chain */
  readonly _id: string;
  readonly n: number;
  readonly h: string;
  readonly m: string;
}

export interface CursorDocument {
  readonly _id: string;
  readonly at: number;
}

export interface SettingDocument {
  readonly _id: string;
  readonly number?: number;
  readonly bytes?: Uint8Array | Binary;
  readonly holder?: string;
  readonly until?: number;
  readonly audit?: AuditRegister;
}

/** Bytes go out as they are and come back as a Buffer (promoteBuffers). */
type Body = Uint8Array | Binary;

/** The collections of one tenant. */
export interface Rooms {
  readonly db: Db;
  readonly resources: Collection<ResourceDocument>;
  readonly history: Collection<HistoryDocument>;
  readonly jobs: Collection<JobDocument>;
  readonly tokens: Collection<TokenDocument>;
  readonly audit: Collection<AuditDocument>;
  readonly auditHeads: Collection<AuditHeadDocument>;
  readonly cursors: Collection<CursorDocument>;
  readonly settings: Collection<SettingDocument>;
}

const LOCAL: CollectionOptions = { readConcern: { level: 'local' } };

export function rooms(db: Db): Rooms {
  return {
    db,
    resources: db.collection<ResourceDocument>('resources'),
    history: db.collection<HistoryDocument>('history'),
    jobs: db.collection<JobDocument>('jobs'),
    tokens: db.collection<TokenDocument>('tokens'),
    // What this process has written a moment ago is read, too: it need not be on a majority yet.
    audit: db.collection<AuditDocument>('audit', LOCAL),
    auditHeads: db.collection<AuditHeadDocument>('audit', LOCAL),
    cursors: db.collection<CursorDocument>('cursors'),
    settings: db.collection<SettingDocument>('settings'),
  };
}

export const keyText = ({ type, id }: ResourceKey): string => `${type}/${id}`;

export function keyOf(text: string): ResourceKey {
  const slash = text.indexOf('/');
  return { type: text.slice(0, slash), id: text.slice(slash + 1) };
}

/** Stand between parameter and value of an entry. They sort before all letters, so entries keep the order of their values. */
export const KEY = '\u0001';
export const TEXT = '\u0002';
export const EXACT = '\u0003';
/** Greater than any separator and less than anything that a value starts with: the end of the entries of one kind. */
const AFTER: Readonly<Record<string, string>> = { [KEY]: TEXT, [TEXT]: EXACT, [EXACT]: '\u0004' };

const SEPARATORS = new RegExp(`[${KEY}${TEXT}${EXACT}\u0004]`, 'g');

/** Data cannot forge a separator: those four control characters take the place of their pictures in a private area. */
export const plain = (text: string): string =>
  text.replace(SEPARATORS, (one) => String.fromCharCode(0xe000 + one.charCodeAt(0)));

/** `param` + separator + value: what stands in `k` and in `r.p`. */
export const entry = (param: string, separator: string, value: string): string =>
  plain(param) + separator + plain(value);

/** All entries of a parameter and kind that begin with `prefix`: from inclusive, to exclusive. */
export function entriesFrom(
  param: string,
  separator: string,
  prefix = '',
): { readonly from: string; readonly to: string } {
  const from = entry(param, separator, prefix);
  return { from, to: prefix === '' ? plain(param) + AFTER[separator]! : successor(from) };
}

/** The least text that is greater than all texts which begin with `prefix`, in the order of UTF-8. */
export function successor(prefix: string): string {
  const points = [...prefix].map((one) => one.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return '\u{10ffff}'.repeat(8);
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

interface Found {
  readonly k: readonly string[];
  readonly r: readonly RangeEntry[];
  readonly f: readonly string[];
}

/** Index values as the three arrays of a document, without doubles. */
export function found(index: readonly IndexValue[]): Found {
  const k = new Set<string>();
  const f = new Set<string>();
  const r = new Map<string, RangeEntry>();
  for (const value of index) {
    if (value.kind === 'range') {
      const one = { p: entry(value.param, KEY, value.key), l: value.low, h: value.high };
      r.set(`${one.l} ${one.h} ${one.p}`, one);
    } else if (value.kind === 'text') {
      k.add(entry(value.param, TEXT, value.text)).add(entry(value.param, EXACT, value.exact));
    } else if (value.param === REFERENCE) f.add(value.key);
    else k.add(entry(value.param, KEY, value.key));
  }
  return { k: [...k], r: [...r.values()], f: [...f] };
}

/** Where and when a write is committed. */
export interface Place {
  readonly seq: number;
  readonly order: number;
  readonly unit: number;
  readonly instant: number;
}

export function resourceDocument(write: Write, { seq, order, instant }: Place): ResourceDocument {
  const { type, id, versionId, method, content } = write;
  const base = { _id: keyText(write), i: id, o: order, s: seq, v: versionId, at: instant, m: method };
  if (!content) return base;
  const { k, r, f } = found(content.index);
  return {
    ...base,
    t: type,
    b: content.body,
    ...(k.length > 0 && { k }),
    ...(r.length > 0 && { r }),
    ...(f.length > 0 && { f }),
  };
}

export function historyDocument(write: Write, { seq, unit, instant }: Place): HistoryDocument {
  const { type, versionId, method, content } = write;
  const base = {
    _id: seq,
    r: keyText(write),
    t: type,
    v: versionId,
    at: instant,
    m: method,
    u: unit,
  };
  return content ? { ...base, b: content.body } : base;
}

/** What a read of the resources must bring, and nothing of the index values. */
export const RESOURCE_FIELDS = { s: 1, v: 1, at: 1, m: 1, b: 1 } as const satisfies Document;

type Kept = Pick<HistoryDocument, 'v' | 'at' | 'm' | 'b'>;

function stored(key: string, seq: number, { v, at, m, b }: Kept): StoredResource {
  const body = b instanceof Binary ? b.buffer : b;
  return { ...keyOf(key), versionId: v, seq, instant: at, method: m, body };
}

export const storedResource = (
  one: Pick<ResourceDocument, '_id' | 's' | 'v' | 'at' | 'm' | 'b'>,
): StoredResource => stored(one._id, one.s, one);

export const storedVersion = (one: HistoryDocument): StoredResource => stored(one.r, one._id, one);
