/**
 * Every way of the SQLite searcher (short and long, listed, walked, collected, in one step and in many) finds what `match` finds, in the order of the
 * oracle: with so small a pace that 150 resources are a long list.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL, and, type Expression } from '../../../src/fhir/search/expression.ts';
import { match } from '../../../src/fhir/search/match.ts';
import { searchPlan, type SearchQuery, type SortKey } from '../../../src/fhir/search/plan.ts';
import type { Write } from '../../../src/store/ports.ts';
import { openNames } from '../../../src/store/sqlite/names.ts';
import { openForReading } from '../../../src/store/sqlite/schema.ts';
import { atOnce, Search, type Pace } from '../../../src/store/sqlite/search.ts';
import { TenantWriter } from '../../../src/store/sqlite/tenant-writer.ts';
import { packUnit } from '../../../src/store/sqlite/wire.ts';
import { expression, indexValueList, sortKeys } from '../../property/arbitraries.ts';
import { ordered, type Sortable } from '../../property/order.ts';

const RESOURCES = 150;
const TYPE = 'Pear';

describe('the SQLite searcher', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-search-'));
  const file = join(folder, 't.db');
  const kept: Sortable[] = [];
  let db: ReturnType<typeof openForReading>;

  beforeAll(() => {
    const writer = new TenantWriter(file);
    const lists = fc.sample(indexValueList, { numRuns: RESOURCES, seed: 7 });
    lists.forEach((index, i) => {
      const write: Write = {
        type: TYPE,
        id: `p${i}`,
        expected: 0,
        versionId: 1,
        method: 'POST',
        content: { body: new Uint8Array(2), stampAt: -1, index },
      };
      const bodies: Uint8Array[] = [];
      const { wire } = packUnit({ writes: [write] }, bodies, 0);
      const [answer] = writer.perform([{ op: 'commit', tenant: 't', unit: wire, bodies: bodies[0]! }]);
      const { instant, firstSeq } = (answer as { value: { instant: number; firstSeq: number } }).value;
      kept.push({ id: `p${i}`, index, instant, created: firstSeq });
    });
    while (writer.waiting > 0) writer.settle();
    writer.close();
    db = openForReading(file);
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const rids = (all: readonly Sortable[]): number[] => all.map(({ created }) => created);
  function pages(
    search: Search,
    query: SearchQuery,
  ): { rids: number[]; totals: (number | undefined)[]; steps: number } {
    const [found, totals] = [[] as number[], [] as (number | undefined)[]];
    let steps = 0;
    for (let after: string | undefined; ;) {
      const work = search.find(searchPlan({ ...query, after, total: 'accurate' }, () => ALL));
      let step = work.next();
      for (; !step.done; step = work.next()) steps++;
      found.push(...step.value.rids);
      totals.push(step.value.total);
      if (step.value.next === undefined) return { rids: found, totals, steps };
      after = step.value.next;
    }
  }
  /** From the last page to the first one. */
  function backwards(search: Search, query: SearchQuery): number[] {
    const found: number[] = [];
    for (let after: string | undefined; ;) {
      const page = atOnce(search.find(searchPlan({ ...query, after, back: true }, () => ALL)));
      found.unshift(...page.rids);
      if (page.previous === undefined) return found;
      after = page.previous;
    }
  }
  function agree(pace: Pace, where: Expression, sort: readonly SortKey[], count: number): void {
    const search = new Search(db, openNames(db), pace);
    const meant = ordered(
      kept.filter((one) => match(where, one)),
      sort,
    );
    const found = pages(search, { branches: [{ type: TYPE, where }], sort, count });
    if (found.rids.join() !== rids(meant).join())
      throw new Error(`wanted ${rids(meant).join()}\ngot    ${found.rids.join()}`);
    const back = backwards(search, { branches: [{ type: TYPE, where }], sort, count });
    if (back.join() !== rids(meant).join())
      throw new Error(`wanted ${rids(meant).join()}\nback   ${back.join()}`);
    if (found.totals.some((total) => total !== meant.length))
      throw new Error(`total ${found.totals.join()} of ${meant.length}`);
  }

  const paces: [string, Pace][] = [
    ['all is long', { many: 2, first: 3, step: 5, counted: 7 }],
    ['half is long', { many: 40, first: 10, step: 25, counted: 30 }],
    ['nothing is long', { many: 2000, first: 500, step: 2000, counted: 50_000 }],
  ];
  it.each(paces)('agrees with match when %s', (_, pace) => {
    const options = {
      ids: kept.slice(0, 20).map(({ id }) => id),
      instants: kept.map(({ instant }) => instant),
    };
    const one = fc.tuple(expression(options), sortKeys, fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(one, ([where, sort, count]) => agree(pace, where, sort, count)),
      { numRuns: 400 },
    );
  });

  it('walks the index of a single sort key over dense conditions', () => {
    const walked = fc.constantFrom<SortKey>(
      { by: 'updated', descending: true },
      { by: 'updated', descending: false },
      ...(['code', 'date', 'name'] as const).flatMap((param) =>
        (['range', 'text'] as const).flatMap((kind) =>
          [true, false].map((descending) => ({ by: 'param' as const, param, kind, descending })),
        ),
      ),
    );
    const one = fc.tuple(expression(), walked, fc.integer({ min: 1, max: 40 }));
    const pace = { many: 2, first: 3, step: 5, counted: 7 };
    fc.assert(
      fc.property(one, ([where, key, count]) => agree(pace, where, [key], count)),
      { numRuns: 400 },
    );
  });

  it('finds nothing that was created after a page was read, in either direction and in any order', () => {
    const search = new Search(db, openNames(db), { many: 2, first: 3, step: 5, counted: 7 });
    const until = kept[99]!.created;
    for (const sort of [[], [{ by: 'updated', descending: false }]] as const) {
      const plan = {
        branches: [{ type: TYPE, where: ALL }],
        sort,
        count: 200,
        until,
        total: 'accurate',
      } as const;
      for (const back of [false, true]) {
        const { rids: found, total } = atOnce(search.find(searchPlan({ ...plan, back }, () => ALL)));
        expect([Math.max(...found), found.length, total]).toEqual([until, 100, 100]);
      }
    }
  });

  it('estimates from a part: exact where all are looked at, near where the density is even', () => {
    const search = new Search(db, openNames(db), { many: 2, first: 3, step: 5000, counted: 5000 });
    const plan = { branches: [{ type: TYPE, where: ALL }], count: 0, total: 'estimate' } as const;
    expect(atOnce(search.find(searchPlan(plan, () => ALL))).total).toBe(RESOURCES);
  });

  it('yields between the steps of a long search, and not in a short one', () => {
    const where: Expression = and(
      { op: 'present', param: 'code', kind: 'key' },
      { op: 'not', of: { op: 'key', param: 'code', keys: ['absent too'] } },
    );
    const query: SearchQuery = { branches: [{ type: TYPE, where }], count: 1000 };
    const long = pages(new Search(db, openNames(db), { many: 2, first: 3, step: 5, counted: 7 }), query);
    const short = pages(new Search(db, openNames(db)), query);
    expect(long.steps).toBeGreaterThan(20);
    expect(short.steps).toBe(0);
    expect(long.rids).toEqual(short.rids);
  });

  it('judges guards by the set of matches', () => {
    const search = new Search(db, openNames(db));
    const plan = searchPlan(
      { branches: [{ type: TYPE, where: { op: 'id', ids: ['p1', 'p2'] } }], count: 3 },
      () => ALL,
    );
    const keys = (...ids: string[]) => ids.map((id) => ({ type: TYPE, id }));
    expect(search.findsExactly(plan, keys('p1', 'p2'))).toBe(true);
    expect(search.findsExactly(plan, keys('p2', 'p1'))).toBe(true);
    expect(search.findsExactly(plan, keys('p1'))).toBe(false);
    expect(search.findsExactly(plan, keys('p1', 'p3'))).toBe(false);
    expect(atOnce(search.find(plan)).rids).toHaveLength(2);
  });
});
