/**
 * Judges the units of one transaction in order, in memory: which of them hold, given what the transaction read at its start and what the
 * accepted units before have changed. Pure, so that the rules of commit are tested without a database.
 */
import { match } from '../../fhir/search/match.ts';
import { REFERENCE, type IndexValue } from '../../fhir/search/index-value.ts';
import type { CommitResult, Conflict, Guard, ResourceKey, UnitOfWork, Write } from '../ports.ts';
import { keyOf, keyText, type Place } from './layout.ts';

/** The current version of a resource when the transaction began. `order` is its creation. */
export interface Current {
  readonly version: number;
  readonly live: boolean;
  readonly order: number;
}

/** What the transaction read at its start, by `Type/id`. */
export interface Snapshot {
  readonly current: ReadonlyMap<string, Current>;
  /** what the plan of a guard finds, at most its count */
  readonly found: ReadonlyMap<Guard, readonly string[]>;
  /** live resources outside the writes of a unit that refer to something it deletes (some of them) */
  readonly referrers: ReadonlyMap<UnitOfWork, readonly Referrer[]>;
  /** ids of `once` that are kept and living; what was kept since the reading shows when it is kept again */
  readonly kept: ReadonlySet<string>;
}

export interface Referrer {
  readonly by: string;
  readonly to: readonly string[];
}

export interface Accepted {
  readonly write: Write;
  readonly place: Place;
  /** there never was a version before */
  readonly fresh: boolean;
}

export interface Verdict {
  readonly results: readonly CommitResult[];
  readonly accepted: readonly Accepted[];
}

/** Judges all; the first accepted write gets `firstSeq`, and so on. `since`: what was committed after the snapshot was read. */
export function judgeUnits(
  units: readonly UnitOfWork[],
  snapshot: Snapshot,
  firstSeq: number,
  instant: number,
  since: ReadonlyMap<string, Accepted> = new Map(),
): Verdict {
  const accepted: Accepted[] = [];
  const changed = new Map(since);
  const kept = new Set(snapshot.kept);
  const results = units.map((unit): CommitResult => {
    const conflicts = conflictsOf(unit, { ...snapshot, changed, kept, instant });
    if (conflicts.length > 0) return { ok: false, conflicts };
    if (unit.once) kept.add(unit.once.id);
    const first = firstSeq + accepted.length;
    for (const write of unit.writes) {
      const before = stateOf(keyText(write), snapshot, changed);
      const seq = firstSeq + accepted.length;
      const place = { seq, unit: first, instant, order: before?.order ?? seq };
      const one = { write, place, fresh: before === undefined };
      accepted.push(one);
      changed.set(keyText(write), one);
    }
    return { ok: true, instant, firstSeq: first };
  });
  return { results, accepted };
}

interface Judged extends Snapshot {
  readonly changed: ReadonlyMap<string, Accepted>;
  readonly instant: number;
}

function stateOf(
  key: string,
  { current }: Pick<Snapshot, 'current'>,
  changed: ReadonlyMap<string, Accepted>,
): Current | undefined {
  const one = changed.get(key);
  if (!one) return current.get(key);
  return stateAfter(one);
}

/** What a resource is once a write is committed. */
export const stateAfter = ({ write, place }: Accepted): Current => ({
  version: write.versionId,
  live: write.content !== undefined,
  order: place.order,
});

function conflictsOf(unit: UnitOfWork, judged: Judged): Conflict[] {
  return [
    ...(unit.once && judged.kept.has(unit.once.id) ? [{ kind: 'once' } as const] : []),
    ...staleVersions(unit, judged),
    ...brokenGuards(unit, judged),
    ...missingTargets(unit, judged),
    ...(unit.integrity ? danglingReferences(unit, judged) : []),
  ];
}

function staleVersions({ writes }: UnitOfWork, judged: Judged): Conflict[] {
  const seen = new Set<string>();
  return writes.flatMap(({ type, id, expected, versionId }): Conflict[] => {
    const text = keyText({ type, id });
    const twice = seen.has(text);
    seen.add(text);
    const current = twice ? versionId : (stateOf(text, judged, judged.changed)?.version ?? 0);
    return current === expected ? [] : [{ kind: 'version', key: { type, id }, current }];
  });
}

function brokenGuards({ guards = [] }: UnitOfWork, judged: Judged): Conflict[] {
  return guards.flatMap((guard, i): Conflict[] =>
    holds(guard, judged) ? [] : [{ kind: 'guard', guard: i }],
  );
}

/**
 * What the plan found at the start, less what was changed since, plus what was changed and matches now. Where the plan found more than it may,
 * resources beyond its count are unknown; such a guard fails, as it would have before the changes, and the caller asks anew.
 */
function holds(guard: Guard, { found, changed, instant }: Judged): boolean {
  const before = found.get(guard) ?? [];
  const wanted = new Set(guard.matches.map(keyText));
  if (before.length > wanted.size) return false;
  const now = new Set(before.filter((key) => !changed.has(key)));
  for (const [key, { write }] of changed) if (matches(guard, write, instant)) now.add(key);
  return now.size === wanted.size && [...now].every((key) => wanted.has(key));
}

function matches({ plan }: Guard, { type, id, content }: Write, instant: number): boolean {
  if (!content) return false;
  return plan.branches.some(
    (branch) => branch.type === type && match(branch.where, { id, instant, index: content.index }),
  );
}

function missingTargets({ writes, present = [] }: UnitOfWork, judged: Judged): Conflict[] {
  if (present.length === 0) return [];
  const own = new Map(writes.map((write) => [keyText(write), write.content !== undefined]));
  const live = (key: ResourceKey): boolean =>
    own.get(keyText(key)) ?? stateOf(keyText(key), judged, judged.changed)?.live ?? false;
  return present.flatMap((key): Conflict[] => (live(key) ? [] : [{ kind: 'missing', key }]));
}

function danglingReferences(unit: UnitOfWork, { referrers, changed }: Judged): Conflict[] {
  const deleted = new Set(unit.writes.filter(({ content }) => !content).map(keyText));
  if (deleted.size === 0) return [];
  const own = new Set(unit.writes.map(keyText));
  const conflicts: Conflict[] = [];
  const note = (by: string, targets: readonly string[]): void => {
    for (const to of targets)
      if (deleted.has(to)) conflicts.push({ kind: 'referenced', key: keyOf(to), by: keyOf(by) });
  };
  // Also where an accepted unit has changed `by` since: only some referrers are known, and a conflict as of the start is a true answer too.
  for (const { by, to } of referrers.get(unit) ?? []) note(by, to);
  for (const write of unit.writes) note(keyText(write), references(write.content?.index));
  for (const [key, { write }] of changed) if (!own.has(key)) note(key, references(write.content?.index));
  return conflicts;
}

const references = (index: readonly IndexValue[] = []): string[] =>
  index.flatMap((value) => (value.kind === 'key' && value.param === REFERENCE ? [value.key] : []));
