/**
 * One unit of work in the writer's transaction: all its conditions are judged before its first row is written, so a refused unit leaves no trace
 * and the other units of the transaction are not touched. https://hl7.org/fhir/R4/http.html#transaction
 */
import type { DatabaseSync } from 'node:sqlite';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { CommitResult, Conflict, ResourceKey } from '../ports.ts';
import type { Backlog, PlainRows } from './backlog.ts';
import type { NameMaker } from './names.ts';
import type { Search } from './search.ts';
import { unpackHeads, type Head, type UnitWire } from './wire.ts';

/** The current row of a resource in the writer's eyes. */
interface State {
  readonly rid: number;
  readonly version: number;
  readonly deleted: number;
}

/** Where the one sequence of the tenant stands. */
export interface Clock {
  seq: number;
  instant: number;
}

export interface UnitWriter {
  /** `bodies` holds the texts of the unit; it is stamped in place. */
  commit(unit: UnitWire, bodies: Uint8Array): CommitResult;
}

export function openUnitWriter(
  db: DatabaseSync,
  names: NameMaker,
  search: Search,
  backlog: Backlog,
  clock: Clock,
): UnitWriter {
  const find = db.prepare('SELECT rid, version, deleted FROM resource WHERE type = ? AND id = ?');
  const insertResource = db.prepare(
    'INSERT INTO resource(rid, type, id, seq, version, instant, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const updateResource = db.prepare(
    'UPDATE resource SET seq = ?, version = ?, instant = ?, deleted = ? WHERE rid = ?',
  );
  const insertVersion = db.prepare(
    'INSERT INTO version(seq, rid, type, version, method, instant, rest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const insertJob = db.prepare(
    'INSERT INTO job(queue, payload, due, attempt, max_attempts) VALUES (?, ?, ?, 0, ?)',
  );
  const referrers = db.prepare(
    'SELECT k.rid, r.type, r.id FROM param p CROSS JOIN key_index k ON k.param = p.id AND k.key = ? CROSS JOIN resource r ON r.rid = k.rid WHERE p.name = ?',
  );

  const state = ({ type, id }: ResourceKey): State | undefined => {
    const number = names.type(type);
    return number === undefined ? undefined : (find.get(number, id) as State | undefined);
  };

  const versionConflicts = (heads: readonly Head[], states: readonly (State | undefined)[]): Conflict[] =>
    heads.flatMap(({ type, id, expected }, i): Conflict[] => {
      const current = states[i]?.version ?? 0;
      return current === expected ? [] : [{ kind: 'version', key: { type, id }, current }];
    });

  const missing = (unit: UnitWire, heads: readonly Head[]): Conflict[] => {
    if (!unit.present || unit.present.length === 0) return [];
    const written = new Map(heads.map((head) => [`${head.type}/${head.id}`, head.start >= 0]));
    return unit.present.flatMap((key): Conflict[] => {
      const there = written.get(`${key.type}/${key.id}`) ?? state(key)?.deleted === 0;
      return there ? [] : [{ kind: 'missing', key }];
    });
  };

  const referenced = (
    unit: UnitWire,
    heads: readonly Head[],
    states: readonly (State | undefined)[],
  ): Conflict[] => {
    const deletes = unit.integrity ? heads.filter(({ start }) => start < 0) : [];
    if (deletes.length === 0) return [];
    const rewritten = new Set(states.map((one) => one?.rid));
    const inside = referencesInside(unit, heads);
    return deletes.flatMap(({ type, id }): Conflict[] => {
      const by = inside.get(`${type}/${id}`) ?? referrerOutside(`${type}/${id}`, rewritten);
      return by ? [{ kind: 'referenced', key: { type, id }, by }] : [];
    });
  };

  const referrerOutside = (
    target: string,
    rewritten: ReadonlySet<number | undefined>,
  ): ResourceKey | undefined => {
    const term = names.term(target);
    if (term === undefined) return undefined;
    for (const row of referrers.iterate(term, REFERENCE) as Iterable<{
      rid: number;
      type: number;
      id: string;
    }>) {
      if (!rewritten.has(row.rid)) return { type: names.typeName(row.type), id: row.id };
    }
    return undefined;
  };

  const judge = (
    unit: UnitWire,
    heads: readonly Head[],
    states: readonly (State | undefined)[],
  ): Conflict[] => [
    ...versionConflicts(heads, states),
    ...(unit.guards ?? []).flatMap(({ plan, matches }, guard): Conflict[] =>
      search.findsExactly(plan, matches) ? [] : [{ kind: 'guard', guard }],
    ),
    ...missing(unit, heads),
    ...referenced(unit, heads, states),
  ];

  /** Guards and deletes ask the index: what waits is moved first. */
  const settleFor = (unit: UnitWire, heads: readonly Head[]): void => {
    const asks = (unit.guards?.length ?? 0) > 0 || (unit.integrity && heads.some(({ start }) => start < 0));
    if (asks && backlog.size > 0) backlog.settle(Number.MAX_SAFE_INTEGER);
  };

  const write = (
    head: Head,
    before: State | undefined,
    rest: number,
    body: Uint8Array | null,
    rows: PlainRows | undefined,
  ): void => {
    const type = names.makeType(head.type);
    const seq = ++clock.seq;
    const rid = before?.rid ?? seq;
    const deleted = body ? 0 : 1;
    if (before) updateResource.run(seq, head.version, clock.instant, deleted, rid);
    else insertResource.run(rid, type, head.id, seq, head.version, clock.instant, deleted);
    insertVersion.run(seq, rid, type, head.version, head.method, clock.instant, rest, body);
    backlog.add(seq, rid, type, rows);
  };

  const apply = (
    unit: UnitWire,
    heads: readonly Head[],
    states: readonly (State | undefined)[],
    bodies: Uint8Array,
  ): void => {
    const from: Places = { keys: 0, ranges: 0, texts: 0 };
    const stamp = Buffer.from(new Date(clock.instant).toISOString(), 'latin1');
    heads.forEach((head, i) => {
      const live = head.start >= 0;
      if (live && head.stampAt >= 0) bodies.set(stamp, head.start + head.stampAt);
      const rows = live ? plainRows(unit, head, from) : undefined;
      write(head, states[i], heads.length - 1 - i, live ? bodies.subarray(head.start, head.end) : null, rows);
      from.keys += 2 * head.keys;
      from.ranges += 4 * head.ranges;
      from.texts += 3 * head.texts;
    });
    for (const { queue, payload, runAt, maxAttempts } of unit.jobs ?? []) {
      insertJob.run(queue, payload, runAt ?? clock.instant, maxAttempts);
    }
  };

  return {
    commit(unit, bodies) {
      const heads = unpackHeads(unit);
      refuseDoubles(heads);
      const states = heads.map(state);
      settleFor(unit, heads);
      const conflicts = judge(unit, heads, states);
      if (conflicts.length > 0) return { ok: false, conflicts };
      clock.instant = Math.max(clock.instant, Date.now());
      const firstSeq = clock.seq + 1;
      apply(unit, heads, states, bodies);
      return { ok: true, instant: clock.instant, firstSeq };
    },
  };
}

/** How far the writes before a write reach into the arrays of the unit. */
interface Places {
  keys: number;
  ranges: number;
  texts: number;
}

function plainRows(unit: UnitWire, head: Head, from: Places): PlainRows {
  return [
    unit.keys.slice(from.keys, from.keys + 2 * head.keys),
    unit.ranges.slice(from.ranges, from.ranges + 4 * head.ranges),
    unit.texts.slice(from.texts, from.texts + 3 * head.texts),
  ];
}

/** Target -> one of the unit's own new versions that refers to it. */
function referencesInside(unit: UnitWire, heads: readonly Head[]): Map<string, ResourceKey> {
  const found = new Map<string, ResourceKey>();
  let at = 0;
  for (const { type, id, keys } of heads) {
    for (const end = at + 2 * keys; at < end; at += 2) {
      if (unit.keys[at] === REFERENCE) found.set(unit.keys[at + 1]!, { type, id });
    }
  }
  return found;
}

function refuseDoubles(heads: readonly Head[]): void {
  if (heads.length < 2) return;
  const seen = new Set(heads.map(({ type, id }) => `${type}/${id}`));
  if (seen.size < heads.length) throw new Error('A unit of work writes one resource twice');
}
