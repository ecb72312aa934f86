/** Which units of a group hold, judged in memory: the rules of `ResourceStore.commit` without a database. */
import { describe, expect, it } from '@jest/globals';
import { ALL } from '../../../../src/fhir/search/expression.ts';
import { REFERENCE, type IndexValue } from '../../../../src/fhir/search/index-value.ts';
import { searchPlan } from '../../../../src/fhir/search/plan.ts';
import { judgeUnits, type Accepted, type Current, type Snapshot } from '../../../../src/store/mongo/judge.ts';
import type { Guard, ResourceKey, UnitOfWork, Write } from '../../../../src/store/ports.ts';

const key = (text: string): ResourceKey => ({ type: text.split('/')[0]!, id: text.split('/')[1]! });
const coded = (code: string): IndexValue => ({ kind: 'key', param: 'code', key: code });
const refers = (to: string): IndexValue => ({ kind: 'key', param: REFERENCE, key: to });

function put(name: string, expected: number, ...index: IndexValue[]): Write {
  const content = { body: new Uint8Array(2), stampAt: -1, index };
  return { ...key(name), expected, versionId: expected + 1, method: 'PUT', content };
}

const del = (name: string, expected: number): Write => ({
  ...key(name),
  expected,
  versionId: expected + 1,
  method: 'DELETE',
});

function guard(code: string, ...matches: string[]): Guard {
  const where = { op: 'key', param: 'code', keys: [code] } as const;
  const plan = searchPlan({ branches: [{ type: 'Patient', where }], count: matches.length + 1 }, () => ALL);
  return { plan, matches: matches.map(key) };
}

interface Start {
  readonly current?: Readonly<Record<string, Current>>;
  readonly found?: readonly (readonly [Guard, readonly string[]])[];
  readonly referrers?: Snapshot['referrers'];
}

const judged = (
  units: readonly UnitOfWork[],
  { current = {}, found = [], referrers = new Map() }: Start = {},
) =>
  judgeUnits(
    units,
    { current: new Map(Object.entries(current)), found: new Map(found), referrers, kept: new Set() },
    101,
    5000,
  );

const live = (version: number, order = 7): Current => ({ version, live: true, order });

describe('versions', () => {
  it('gives accepted writes seqs without a gap, and the order of creation of their first version', () => {
    const units = [
      { writes: [put('Patient/a', 0)] },
      { writes: [put('Patient/b', 9)] },
      { writes: [put('Patient/c', 3), put('Patient/d', 0)] },
    ];
    const { results, accepted } = judged(units, { current: { 'Patient/b': live(3), 'Patient/c': live(3) } });
    expect(results).toEqual([
      { ok: true, instant: 5000, firstSeq: 101 },
      { ok: false, conflicts: [{ kind: 'version', key: key('Patient/b'), current: 3 }] },
      { ok: true, instant: 5000, firstSeq: 102 },
    ]);
    expect(accepted.map(({ place, fresh }) => [place.seq, place.order, place.unit, fresh])).toEqual([
      [101, 101, 101, true],
      [102, 7, 102, false],
      [103, 103, 102, true],
    ]);
  });

  it('lets one of two units on one version through', () => {
    const { results } = judged([{ writes: [put('Patient/a', 1)] }, { writes: [put('Patient/a', 1)] }], {
      current: { 'Patient/a': live(1) },
    });
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    expect(results[1]).toEqual({
      ok: false,
      conflicts: [{ kind: 'version', key: key('Patient/a'), current: 2 }],
    });
  });

  it('counts a tombstone as a version', () => {
    const start = { current: { 'Patient/a': { version: 2, live: false, order: 7 } } };
    expect(judged([{ writes: [put('Patient/a', 0)] }], start).results[0]!.ok).toBe(false);
    expect(judged([{ writes: [put('Patient/a', 2)] }], start).accepted[0]!.place.order).toBe(7);
  });

  it('refuses a unit that writes one resource twice', () => {
    expect(judged([{ writes: [put('Patient/a', 0), put('Patient/a', 1)] }]).results[0]!.ok).toBe(false);
  });
});

describe('guards', () => {
  it('sees what an accepted unit before has created', () => {
    const [one, two] = [guard('x'), guard('x')];
    const units = [
      { writes: [put('Patient/a', 0, coded('x'))], guards: [one] },
      { writes: [put('Patient/b', 0, coded('x'))], guards: [two] },
    ];
    expect(judged(units).results.map(({ ok }) => ok)).toEqual([true, false]);
  });

  it('judges against the state before the unit', () => {
    const own = guard('x', 'Patient/a');
    const units = [{ writes: [put('Patient/a', 1), put('Patient/b', 0, coded('x'))], guards: [own] }];
    const start = { current: { 'Patient/a': live(1) }, found: [[own, ['Patient/a']] as const] };
    expect(judged(units, start).results[0]!.ok).toBe(true);
  });

  it('sees that a match was changed or deleted by a unit before', () => {
    const own = guard('x', 'Patient/a');
    const start = { current: { 'Patient/a': live(1) }, found: [[own, ['Patient/a']] as const] };
    const after = (write: Write): boolean =>
      judged([{ writes: [write] }, { writes: [], guards: [own] }], start).results[1]!.ok;
    expect(after(put('Patient/a', 1, coded('x')))).toBe(true);
    expect(after(put('Patient/a', 1, coded('y')))).toBe(false);
    expect(after(del('Patient/a', 1))).toBe(false);
    expect(after(put('Observation/a', 0, coded('x')))).toBe(true);
  });

  it('fails for more matches than it may have, and for other ones', () => {
    const own = guard('x', 'Patient/a');
    const ok = (...found: string[]): boolean =>
      judged([{ writes: [], guards: [own] }], { found: [[own, found]] }).results[0]!.ok;
    expect([ok('Patient/a'), ok('Patient/a', 'Patient/b'), ok('Patient/b'), ok()]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('references', () => {
  it('wants present resources to be live after the unit', () => {
    const present = [key('Patient/a')];
    const start = { current: { 'Patient/a': live(1) } };
    expect(judged([{ writes: [], present }], start).results[0]!.ok).toBe(true);
    expect(judged([{ writes: [], present }]).results[0]).toEqual({
      ok: false,
      conflicts: [{ kind: 'missing', key: key('Patient/a') }],
    });
    expect(judged([{ writes: [del('Patient/a', 1)], present }], start).results[0]!.ok).toBe(false);
    expect(judged([{ writes: [del('Patient/a', 1)] }, { writes: [], present }], start).results[1]!.ok).toBe(
      false,
    );
    expect(judged([{ writes: [put('Patient/a', 0)] }, { writes: [], present }]).results[1]!.ok).toBe(true);
  });

  const start = { current: { 'Patient/a': live(1), 'Observation/o': live(1) } };
  const referenced = { kind: 'referenced', key: key('Patient/a'), by: key('Observation/o') };

  it('refuses a delete that the database has references to', () => {
    const unit = { writes: [del('Patient/a', 1)], integrity: true };
    const referrers = new Map([[unit, [{ by: 'Observation/o', to: ['Patient/a', 'Patient/z'] }]]]);
    expect(judged([unit], { ...start, referrers }).results[0]).toEqual({
      ok: false,
      conflicts: [referenced],
    });
  });

  it('refuses a delete that this unit or one before refers to', () => {
    const refer = put('Observation/o', 1, refers('Patient/a'));
    const own = [{ writes: [del('Patient/a', 1), refer], integrity: true }];
    expect(judged(own, start).results[0]).toEqual({ ok: false, conflicts: [referenced] });
    const before = [{ writes: [refer] }, { writes: [del('Patient/a', 1)], integrity: true }];
    expect(judged(before, start).results[1]).toEqual({ ok: false, conflicts: [referenced] });
  });

  it('lets a delete through with its referrers deleted or re-written in the same unit, or without integrity', () => {
    const both = [{ writes: [del('Patient/a', 1), del('Observation/o', 1)], integrity: true }];
    const rewritten = [{ writes: [del('Patient/a', 1), put('Observation/o', 1)], integrity: true }];
    const careless = [{ writes: [del('Patient/a', 1), put('Observation/o', 1, refers('Patient/a'))] }];
    for (const units of [both, rewritten, careless]) expect(judged(units, start).results[0]!.ok).toBe(true);
  });
});

describe('what was committed after the snapshot was read', () => {
  const accepted = (write: Write, order: number): Accepted => ({
    write,
    place: { seq: 100, order, unit: 100, instant: 4000 },
    fresh: write.expected === 0,
  });
  const since = (...all: Accepted[]) => new Map(all.map((one) => [`${one.write.type}/${one.write.id}`, one]));
  const judgedSince = (
    unit: UnitOfWork,
    changed: ReadonlyMap<string, Accepted>,
    start: Partial<Snapshot>,
  ) => {
    const snapshot = {
      current: new Map(),
      found: new Map(),
      referrers: new Map(),
      kept: new Set<string>(),
      ...start,
    };
    return judgeUnits([unit], snapshot, 101, 5000, changed);
  };

  it('stands above the snapshot: versions, order of creation, presence', () => {
    const changed = since(accepted(put('Patient/a', 3), 55), accepted(del('Patient/b', 1), 9));
    const current = new Map([
      ['Patient/a', live(3)],
      ['Patient/b', live(1)],
    ]);
    const stale = judgedSince({ writes: [put('Patient/a', 3)] }, changed, { current });
    expect(stale.results).toEqual([
      { ok: false, conflicts: [{ kind: 'version', key: key('Patient/a'), current: 4 }] },
    ]);
    const fresh = judgedSince({ writes: [put('Patient/a', 4)] }, changed, { current });
    expect(fresh.accepted[0]!.place.order).toBe(55);
    const gone = judgedSince({ writes: [], present: [key('Patient/b')] }, changed, { current });
    expect(gone.results).toEqual([{ ok: false, conflicts: [{ kind: 'missing', key: key('Patient/b') }] }]);
  });

  it('counts for conditions, and for references to what is deleted', () => {
    const changed = since(accepted(put('Patient/n', 0, coded('x'), refers('Group/g')), 100));
    const born = guard('x');
    const conditional = judgedSince({ writes: [put('Patient/o', 0)], guards: [born] }, changed, {
      found: new Map([[born, []]]),
    });
    expect(conditional.results[0]).toEqual({ ok: false, conflicts: [{ kind: 'guard', guard: 0 }] });
    const deleting = judgedSince({ writes: [del('Group/g', 1)], integrity: true }, changed, {
      current: new Map([['Group/g', live(1)]]),
    });
    expect(deleting.results[0]).toEqual({
      ok: false,
      conflicts: [{ kind: 'referenced', key: key('Group/g'), by: key('Patient/n') }],
    });
  });
});
