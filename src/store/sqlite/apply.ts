/** Applies units of work on the writing connection, one after the other inside one transaction. All conditions of a unit come before its first write. */
import type { DatabaseSync } from 'node:sqlite';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { CommitResult, Conflict, NewJob, ResourceKey } from '../ports.ts';
import { finder, type Finder } from './find.ts';
import { writeIndex, type IndexWriter } from './index-rows.ts';
import { writingNames } from './names.ts';
import type { FlatUnit, FlatWrite } from './protocol.ts';
import { METHODS } from './schema.ts';

interface Current {
  readonly rid: number;
  readonly version: number;
  readonly live: number;
}

/** What applying needs of one tenant's connection. */
export interface Applier {
  /** Judges and applies a unit; a conflict changes nothing. Must run inside a transaction. */
  apply(unit: FlatUnit): CommitResult;
  /** Forgets what a rolled-back transaction did. */
  rolledBack(): void;
}

const DEFAULT_ATTEMPTS = 10;

export function applier(db: DatabaseSync): Applier {
  const names = writingNames(db);
  const state: State = {
    names,
    find: finder(db, names),
    index: writeIndex(db, names),
    statements: prepareAll(db),
    last: lastOf(db),
  };
  return {
    apply: (unit) => apply(state, unit),
    rolledBack: () => {
      names.reset();
      state.last = lastOf(db);
    },
  };
}

interface State {
  readonly names: ReturnType<typeof writingNames>;
  readonly find: Finder;
  readonly index: IndexWriter;
  readonly statements: ReturnType<typeof prepareAll>;
  last: { seq: number; instant: number };
}

function prepareAll(db: DatabaseSync) {
  return {
    current: db.prepare('SELECT rid, version, live FROM resource WHERE type = ? AND id = ?'),
    key: db.prepare('SELECT type, id FROM resource WHERE rid = ?'),
    insertResource: db.prepare('INSERT INTO resource (rid, type, id, seq, version, live) VALUES (?, ?, ?, ?, 1, 1)'),
    updateResource: db.prepare('UPDATE resource SET seq = ?, version = ?, live = ? WHERE rid = ?'),
    insertVersion: db.prepare('INSERT INTO version (seq, rid, type, version, method, instant, body) VALUES (?, ?, ?, ?, ?, ?, ?)'),
    referrers: db.prepare('SELECT rid FROM key_index WHERE param = ? AND key = ?'),
    insertJob: db.prepare('INSERT INTO job (queue, payload, run_at, attempt, max_attempts, lease_until) VALUES (?, ?, ?, 0, ?, 0)'),
  };
}

function lastOf(db: DatabaseSync): { seq: number; instant: number } {
  const row = db.prepare('SELECT seq, instant FROM version ORDER BY seq DESC LIMIT 1').get() as { seq: number; instant: number } | undefined;
  return row ? { seq: Number(row.seq), instant: Number(row.instant) } : { seq: 0, instant: 0 };
}

function apply(state: State, unit: FlatUnit): CommitResult {
  const current = unit.writes.map((write) => currentOf(state, write));
  const conflicts = conflictsOf(state, unit, current);
  if (conflicts.length > 0) return { ok: false, conflicts };
  const instant = Math.max(Date.now(), state.last.instant);
  const firstSeq = state.last.seq + 1;
  unit.writes.forEach((write, i) => applyWrite(state, write, current[i], firstSeq + i, instant));
  for (const job of unit.jobs) enqueue(state, job, instant);
  state.last = { seq: state.last.seq + unit.writes.length, instant };
  return { ok: true, instant, firstSeq };
}

function currentOf({ names, statements }: State, { type, id }: ResourceKey): Current | undefined {
  const number = names.type(type);
  return number === undefined ? undefined : (statements.current.get(number, id) as Current | undefined);
}

function conflictsOf(state: State, unit: FlatUnit, current: readonly (Current | undefined)[]): Conflict[] {
  const conflicts: Conflict[] = [];
  unit.writes.forEach((write, i) => {
    const version = current[i]?.version ?? 0;
    if (version !== write.expected) conflicts.push({ kind: 'version', key: keyOf(write), current: version });
  });
  unit.guards.forEach(({ plan, matches }, guard) => {
    const found = state.find(plan).rids.map((rid) => nameOf(keyByRid(state, rid)));
    const holds = found.length === matches.length && matches.every((key) => found.includes(nameOf(key)));
    if (!holds) conflicts.push({ kind: 'guard', guard });
  });
  if (unit.present.length > 0) conflicts.push(...missingOf(state, unit));
  if (unit.integrity) conflicts.push(...referencedOf(state, unit, current));
  return conflicts;
}

const keyOf = ({ type, id }: ResourceKey): ResourceKey => ({ type, id });
const nameOf = ({ type, id }: ResourceKey): string => `${type}/${id}`;

function keyByRid({ statements, names }: State, rid: number): ResourceKey {
  const { type, id } = statements.key.get(rid) as { type: number; id: string };
  return { type: names.typeName(type), id };
}

function missingOf(state: State, { present, writes }: FlatUnit): Conflict[] {
  const written = new Map(writes.map((write) => [nameOf(write), write.body !== undefined]));
  return present.flatMap((key): Conflict[] => {
    const isThere = written.get(nameOf(key)) ?? currentOf(state, key)?.live === 1;
    return isThere ? [] : [{ kind: 'missing', key }];
  });
}

/** Live resources that would be left with a reference to something deleted; those that the unit deletes or rewrites are judged as they will be. */
function referencedOf(state: State, { writes }: FlatUnit, current: readonly (Current | undefined)[]): Conflict[] {
  const { names, statements } = state;
  const param = names.param('', REFERENCE);
  const rewritten = new Map(writes.flatMap((write, i) => (current[i] ? [[current[i].rid, write] as const] : [])));
  return writes.flatMap((write): Conflict[] => {
    const term = write.body === undefined && param !== undefined ? names.term(nameOf(write)) : undefined;
    if (term === undefined || param === undefined) return [];
    for (const row of statements.referrers.iterate(param, term) as IterableIterator<{ rid: number }>) {
      const other = rewritten.get(row.rid);
      if (!other || refersTo(other, nameOf(write))) return [{ kind: 'referenced', key: keyOf(write), by: keyByRid(state, row.rid) }];
    }
    return [];
  });
}

function refersTo({ index }: FlatWrite, name: string): boolean {
  const keys = index?.keys ?? [];
  for (let i = 0; i < keys.length; i += 2) if (keys[i] === REFERENCE && keys[i + 1] === name) return true;
  return false;
}

function applyWrite(state: State, write: FlatWrite, current: Current | undefined, seq: number, instant: number): void {
  const { names, statements, index } = state;
  const type = names.makeType(write.type);
  const rid = current?.rid ?? seq;
  const live = write.body ? 1 : 0;
  if (write.body && write.stampAt >= 0) stamp(write.body, write.stampAt, instant);
  statements.insertVersion.run(seq, rid, type, write.versionId, METHODS.indexOf(write.method), instant, write.body ?? null);
  if (current) statements.updateResource.run(seq, write.versionId, live, rid);
  else statements.insertResource.run(rid, type, write.id, seq);
  if (!current && !live) statements.updateResource.run(seq, write.versionId, 0, rid);
  index.replace(write.type, rid, write.index, current !== undefined && current.live === 1);
}

function stamp(body: Uint8Array, at: number, instant: number): void {
  Buffer.from(body.buffer, body.byteOffset, body.byteLength).write(new Date(instant).toISOString(), at, 24, 'latin1');
}

function enqueue({ statements }: State, job: NewJob, instant: number): void {
  statements.insertJob.run(job.queue, JSON.stringify(job.payload ?? null), job.runAt ?? instant, job.maxAttempts ?? DEFAULT_ATTEMPTS);
}
