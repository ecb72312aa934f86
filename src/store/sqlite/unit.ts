/**
 * One unit of work in the writer's transaction: all its conditions are judged before its first row is written, so a refused unit leaves no trace
 * and the other units of the transaction are not touched. https://hl7.org/fhir/R4/http.html#transaction
 */
import type { DatabaseSync } from 'node:sqlite';
import { ONCE, type CommitResult, type Conflict, type ResourceKey } from '../ports.ts';
import type { Backlog } from './backlog.ts';
import type { NameMaker } from './names.ts';
import type { Search } from './search.ts';
import type { TokenWriter } from './token-rows.ts';
import { unpackHeads, type Head, type UnitWire } from './wire.ts';

/** The current row of a resource in the writer's eyes. */
interface State {
  readonly rid: number;
  readonly version: number;
  readonly deleted: number;
}

/** A unit with what is there before it. */
interface Task {
  readonly unit: UnitWire;
  readonly heads: readonly Head[];
  /** of each write, undefined where there never was such a resource */
  readonly states: readonly (State | undefined)[];
}

/** Where the one sequence of the tenant stands. */
export interface Clock {
  seq: number;
  instant: number;
}

/** What a unit is judged and written with. */
export interface UnitTools {
  readonly names: NameMaker;
  readonly search: Search;
  readonly backlog: Backlog;
  readonly tokens: TokenWriter;
  readonly clock: Clock;
}

/** A unit of so many writes touches each page of the index often enough by itself: its rows need not wait for those of others. */
const LARGE = 100;

export class UnitWriter {
  readonly #tools: UnitTools;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(db: DatabaseSync, tools: UnitTools) {
    this.#tools = tools;
    this.#statements = prepareAll(db);
  }

  /** Inside a transaction. `bodies` holds the texts of the unit; it is stamped in place. */
  commit(unit: UnitWire, bodies: Uint8Array): CommitResult {
    const { clock } = this.#tools;
    const heads = unpackHeads(unit);
    refuseDoubles(heads);
    const task = { unit, heads, states: heads.map((head) => this.#state(head)) };
    this.#settleFor(task);
    const conflicts = this.#judge(task);
    if (conflicts.length > 0) return { ok: false, conflicts };
    clock.instant = Math.max(clock.instant, Date.now());
    const firstSeq = clock.seq + 1;
    this.#writeAll(task, bodies);
    this.#enqueue(unit);
    this.#keep(unit);
    return { ok: true, instant: clock.instant, firstSeq };
  }

  /** Replaces the index rows of the versions that are still the current ones. Inside a transaction. */
  reindex(unit: UnitWire): void {
    const { backlog, names } = this.#tools;
    if (backlog.size > 0) backlog.settle();
    unpackHeads(unit).forEach((head, i) => {
      const state = this.#state(head);
      if (state?.version === head.version && state.deleted === 0)
        backlog.write(state.rid, names.makeType(head.type), false, unit.rows[i]!);
    });
  }

  #state({ type, id }: ResourceKey): State | undefined {
    const number = this.#tools.names.type(type);
    return number === undefined ? undefined : (this.#statements.find.get(number, id) as State | undefined);
  }

  /** Guards ask the index of some types, and a large unit writes to it: what waits is moved first. */
  #settleFor({ unit, heads }: Task): void {
    const { backlog, names } = this.#tools;
    const asked = (unit.guards ?? []).flatMap(({ plan }) =>
      plan.branches.map(({ type }) => names.type(type)),
    );
    const isAsked = asked.some((type) => type !== undefined && backlog.waiting.hasType(type));
    if (isAsked || (heads.length >= LARGE && backlog.size > 0)) backlog.settle();
  }

  #judge(task: Task): Conflict[] {
    const { unit } = task;
    return [
      ...this.#again(unit),
      ...stale(task),
      ...this.#broken(unit),
      ...this.#missing(task),
      ...this.#referenced(task),
    ];
  }

  #again({ once }: UnitWire): Conflict[] {
    const isKept = once && this.#statements.kept.get(ONCE, once.id, Date.now()) !== undefined;
    return isKept ? [{ kind: 'once' }] : [];
  }

  #keep({ once }: UnitWire): void {
    if (once) this.#tools.tokens.apply({ kind: 'put', record: { model: ONCE, ...once } });
  }

  #broken({ guards = [] }: UnitWire): Conflict[] {
    return guards.flatMap(({ plan, matches }, guard): Conflict[] =>
      this.#tools.search.findsExactly(plan, matches) ? [] : [{ kind: 'guard', guard }],
    );
  }

  #missing({ unit, heads }: Task): Conflict[] {
    if (!unit.present || unit.present.length === 0) return [];
    const written = new Map(heads.map((head) => [nameOf(head), head.start >= 0]));
    return unit.present.flatMap((key): Conflict[] => {
      const there = written.get(nameOf(key)) ?? this.#state(key)?.deleted === 0;
      return there ? [] : [{ kind: 'missing', key }];
    });
  }

  #referenced({ unit, heads, states }: Task): Conflict[] {
    const deletes = unit.integrity ? heads.filter(({ start }) => start < 0) : [];
    if (deletes.length === 0) return [];
    const rewritten = new Set(states.map((one) => one?.rid));
    const inside = referencesInside(unit, heads);
    return deletes.flatMap(({ type, id }): Conflict[] => {
      const key = { type, id };
      const by = inside.get(nameOf(key)) ?? this.#referrer(nameOf(key), rewritten);
      return by ? [{ kind: 'referenced', key, by }] : [];
    });
  }

  /** A live resource that refers to the target, other than those that the unit writes. Waiting rows overrule those of the index. */
  #referrer(target: string, rewritten: ReadonlySet<number | undefined>): ResourceKey | undefined {
    const { names, backlog } = this.#tools;
    for (const rid of backlog.waiting.referrers(target)) {
      if (!rewritten.has(rid)) return this.#keyOf(rid);
    }
    const term = names.term(target);
    if (term === undefined) return undefined;
    for (const { rid } of this.#statements.referrers.iterate(term) as Iterable<{ rid: number }>) {
      if (!rewritten.has(rid) && !backlog.waiting.has(rid)) return this.#keyOf(rid);
    }
    return undefined;
  }

  #keyOf(rid: number): ResourceKey {
    const { type, id } = this.#statements.name.get(rid) as { type: number; id: string };
    return { type: this.#tools.names.typeName(type), id };
  }

  #writeAll({ unit, heads, states }: Task, bodies: Uint8Array): void {
    const stamp = Buffer.from(new Date(this.#tools.clock.instant).toISOString(), 'latin1');
    let at = 0;
    heads.forEach((head, i) => {
      const live = head.start >= 0;
      if (live && head.stampAt >= 0) bodies.set(stamp, head.start + head.stampAt);
      const body = live ? bodies.subarray(head.start, head.end) : null;
      const targets = unit.targets.slice(at, (at += head.targets));
      const content = { rest: heads.length - 1 - i, body, rows: unit.rows[i]!, targets };
      this.#write(head, states[i], { ...content, waits: heads.length < LARGE });
    });
  }

  #write(head: Head, before: State | undefined, content: Content): void {
    const { clock, names, backlog } = this.#tools;
    const { insertResource, updateResource, insertVersion } = this.#statements;
    const { rest, body, rows } = content;
    const type = names.makeType(head.type);
    const seq = ++clock.seq;
    const rid = before?.rid ?? seq;
    const deleted = body ? 0 : 1;
    if (before) updateResource.run(seq, head.version, clock.instant, deleted, rid);
    else insertResource.run(rid, type, head.id, seq, head.version, clock.instant, deleted);
    insertVersion.run(seq, rid, type, head.version, head.method, clock.instant, rest, body);
    if (content.waits) backlog.add({ seq, rid, type, rows, targets: content.targets });
    else backlog.write(rid, type, before?.deleted !== 0, rows);
  }

  #enqueue({ jobs = [] }: UnitWire): void {
    for (const { queue, payload, runAt, maxAttempts } of jobs) {
      this.#statements.insertJob.run(queue, payload, runAt ?? this.#tools.clock.instant, maxAttempts);
    }
  }
}

interface Content {
  /** writes of the unit that follow */
  readonly rest: number;
  readonly body: Uint8Array | null;
  /** PlainRows in JSON, '' for a delete */
  readonly rows: string;
  readonly targets: readonly string[];
  /** whether the rows wait in the backlog */
  readonly waits: boolean;
}

function prepareAll(db: DatabaseSync) {
  return {
    find: db.prepare('SELECT rid, version, deleted FROM resource WHERE type = ? AND id = ?'),
    insertResource: db.prepare(
      'INSERT INTO resource(rid, type, id, seq, version, instant, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    updateResource: db.prepare(
      'UPDATE resource SET seq = ?, version = ?, instant = ?, deleted = ? WHERE rid = ?',
    ),
    insertVersion: db.prepare(
      'INSERT INTO version(seq, rid, type, version, method, instant, rest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    insertJob: db.prepare(
      'INSERT INTO job(queue, payload, due, attempt, max_attempts) VALUES (?, ?, ?, 0, ?)',
    ),
    name: db.prepare('SELECT type, id FROM resource WHERE rid = ?'),
    kept: db.prepare('SELECT 1 FROM token WHERE model = ? AND id = ? AND expires > ?'),
    referrers: db.prepare(
      'SELECT k.rid FROM param p CROSS JOIN key_index k ON k.param = p.id AND k.key = ? WHERE p.refers = 1',
    ),
  };
}

const nameOf = ({ type, id }: ResourceKey): string => `${type}/${id}`;

function stale({ heads, states }: Task): Conflict[] {
  return heads.flatMap(({ type, id, expected }, i): Conflict[] => {
    const current = states[i]?.version ?? 0;
    return current === expected ? [] : [{ kind: 'version', key: { type, id }, current }];
  });
}

/** Target -> one of the unit's own new versions that refers to it. */
function referencesInside(unit: UnitWire, heads: readonly Head[]): Map<string, ResourceKey> {
  const found = new Map<string, ResourceKey>();
  let at = 0;
  for (const { type, id, targets } of heads) {
    for (const target of unit.targets.slice(at, at + targets)) found.set(target, { type, id });
    at += targets;
  }
  return found;
}

function refuseDoubles(heads: readonly Head[]): void {
  if (heads.length < 2) return;
  if (new Set(heads.map(nameOf)).size < heads.length)
    throw new Error('A unit of work writes one resource twice');
}
