/**
 * Searches one connection: chooses how each branch is driven, pages, counts. Long work is cut into steps: the generators yield between them, so
 * that a thread can do other things meanwhile. https://hl7.org/fhir/R4/search.html
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SearchPlan, SortKey } from '../../fhir/search/plan.ts';
import type { ResourceKey } from '../ports.ts';
import {
  choose,
  EVERYWHERE,
  isOrdered,
  LONG,
  spellStretch,
  type Chosen,
  type Stretch,
  type Window,
} from './arms.ts';
import {
  compareRows,
  countStatement,
  isDefaultOrder,
  pageStatement,
  resolveOrder,
  type Order,
  type Row,
  type SortValue,
  type Statement,
} from './compile.ts';
import { recent, type Names } from './names.ts';
import { Binding, resolve } from './predicate.ts';
import { LIVE } from './schema.ts';

/** A branch of a plan, ready to be asked. */
export interface Branch extends Chosen {
  readonly type: string;
  readonly order: Order;
}

export interface Found {
  readonly rids: readonly number[];
  readonly next?: string;
  readonly total?: number;
}

export interface Search {
  /** Yields before each further step of a long search. Must be run to its end within one transaction. */
  find(plan: SearchPlan): Generator<undefined, Found>;
  /** whether the plan finds exactly these resources; to its end at once */
  findsExactly(plan: SearchPlan, keys: readonly ResourceKey[]): boolean;
  /** how the plan would be driven */
  prepare(plan: SearchPlan): Branch[];
}

/** Candidates of the first step, which is done at once, and of each further one. */
const FIRST_STEP = 500;
const STEP = 2000;
/** Index entries that a step only counts. */
const COUNT_STEP = 50_000;
/** How long "there are many" is believed, in ms. */
const BELIEF_MS = 30_000;

export function openSearch(db: DatabaseSync, names: Names): Search {
  const statements = recent<string, StatementSync>(250);
  const many = recent<string, number>(2000);

  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    statements.set(sql, statement);
    return statement;
  };
  const all = ({ sql, values }: Statement): SortValue[][] =>
    prepared(sql).all(...values) as unknown as SortValue[][];
  const number = ({ sql, values }: Statement): number =>
    (prepared(sql).get(...values) as unknown as number[])[0]!;

  const estimate = (stretch: Stretch, cap: number): number => {
    const bind = new Binding();
    const sql = `SELECT count(*) FROM (SELECT 1 ${spellStretch(stretch, bind)} LIMIT ${bind.add(cap)})`;
    const name = `${sql} ${bind.values.join(' ')}`;
    if ((many.get(name) ?? 0) > Date.now()) return cap;
    const rows = number({ sql, values: bind.values });
    if (rows >= cap) many.set(name, Date.now() + BELIEF_MS);
    return rows;
  };

  const prepareBranch = (
    sort: readonly SortKey[],
    { type, where }: SearchPlan['branches'][number],
  ): Branch[] => {
    const typeId = names.type(type);
    const live = typeId === undefined ? undefined : names.param(typeId, LIVE);
    if (typeId === undefined || live === undefined) return [];
    const chosen = choose(resolve(names, typeId, where), live, estimate);
    return chosen.source.length > 0 ? [{ ...chosen, type, order: resolveOrder(names, typeId, sort) }] : [];
  };
  const prepare = (plan: SearchPlan): Branch[] =>
    plan.branches.flatMap((branch) => prepareBranch(plan.sort, branch));

  /** The window below `below` that holds the next `step` candidates of a long branch, which has one ordered stretch. */
  const nextWindow = ({ source }: Branch, below: number, step: number): Window => {
    const bind = new Binding();
    const sql = `SELECT d.rid ${spellStretch(source[0]!.stretch, bind)} AND d.rid < ${bind.add(below)} ORDER BY d.rid DESC LIMIT 1 OFFSET ${bind.add(step)}`;
    const row = all({ sql, values: bind.values })[0];
    return { above: row ? (row[0] as number) - 1 : EVERYWHERE.above, below };
  };

  function* windows(
    branch: Branch,
    below: number,
    first: number,
    step: number,
  ): Generator<Window | undefined> {
    if (branch.cost < LONG) return yield { above: EVERYWHERE.above, below };
    for (
      let window = nextWindow(branch, below, first);
      ;
      window = nextWindow(branch, window.above + 1, step)
    ) {
      yield window;
      if (window.above === EVERYWHERE.above) return;
      yield undefined;
    }
  }

  function* rowsOf(
    branch: Branch,
    sort: readonly SortKey[],
    limit: number,
    after?: Row,
  ): Generator<undefined, Row[]> {
    const byCreation = isDefaultOrder(sort);
    const page = (window: Window): Row[] =>
      all(pageStatement(branch.source, branch.order, { window, limit, after })).map(([rid, ...sorts]) => ({
        rid: rid as number,
        sorts,
      }));
    if (byCreation && isListing(branch)) return page(EVERYWHERE);
    let rows: Row[] = [];
    for (const window of windows(
      branch,
      byCreation && after ? after.rid : EVERYWHERE.below,
      FIRST_STEP,
      STEP,
    )) {
      if (window) rows = firstRows(sort, limit, rows, page(window));
      else if (byCreation && rows.length >= limit) return rows;
      else yield;
    }
    return rows;
  }

  function* countOf(branch: Branch): Generator<undefined, number> {
    const step = isListing(branch) ? COUNT_STEP : STEP;
    let count = 0;
    for (const window of windows(branch, EVERYWHERE.below, step, step)) {
      if (window) count += number(countStatement(branch.source, window));
      else yield;
    }
    return count;
  }

  function* find(plan: SearchPlan): Generator<undefined, Found> {
    const branches = prepare(plan);
    const after = plan.after === undefined ? undefined : readPosition(plan.after);
    let rows: Row[] = [];
    if (plan.count > 0) {
      for (const branch of branches)
        rows = firstRows(
          plan.sort,
          plan.count + 1,
          rows,
          yield* rowsOf(branch, plan.sort, plan.count + 1, after),
        );
    }
    let total: number | undefined;
    if (plan.total === 'accurate') {
      total = 0;
      for (const branch of branches) total += yield* countOf(branch);
    }
    const more = rows.length > plan.count;
    const rids = rows.slice(0, plan.count).map(({ rid }) => rid);
    return { rids, next: more && plan.count > 0 ? writePosition(rows[plan.count - 1]!) : undefined, total };
  }

  const nameOf = db.prepare('SELECT type, id FROM resource WHERE rid = ?');
  const findsExactly = (plan: SearchPlan, keys: readonly ResourceKey[]): boolean => {
    const { rids } = atOnce(find(plan));
    if (rids.length !== keys.length) return false;
    const wanted = new Set(keys.map(({ type, id }) => `${type}/${id}`));
    return rids.every((rid) => {
      const row = nameOf.get(rid) as { type: number; id: string };
      return wanted.has(`${names.typeName(row.type)}/${row.id}`);
    });
  };

  return { find, findsExactly, prepare };
}

/** One index gives all matches of the branch in order and nothing has to be tested. */
function isListing({ source }: Branch): boolean {
  return source.every(({ stretch, rest }) => rest.op === 'all' && isOrdered(stretch));
}

function firstRows(sort: readonly SortKey[], limit: number, a: Row[], b: Row[]): Row[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...a, ...b].sort((one, other) => compareRows(sort, one, other)).slice(0, limit);
}

/** Runs a search to its end without a pause. */
export function atOnce<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function writePosition({ rid, sorts }: Row): string {
  return JSON.stringify([rid, ...sorts]);
}

/** Positions come back signed by us, so they are as `writePosition` made them. */
function readPosition(text: string): Row {
  const [rid, ...sorts] = JSON.parse(text) as [number, ...SortValue[]];
  return { rid, sorts };
}
