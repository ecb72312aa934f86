/**
 * Searches one connection: chooses how each branch is driven, pages, counts. Long work is cut into steps: the generators yield between them, so
 * that a thread can do other things meanwhile. https://hl7.org/fhir/R4/search.html
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SearchPlan, SortKey } from '../../fhir/search/plan.ts';
import type { KeyQuery, ResourceKey } from '../ports.ts';
import { choose, EVERYWHERE, isOrdered, overlap, spellSource, type Chosen, type Window } from './arms.ts';
import {
  compareRows,
  countStatement,
  isDefaultOrder,
  keysStatement,
  pageStatement,
  resolveOrder,
  type Order,
  type Row,
} from './compile.ts';
import type { Names } from './names.ts';
import { readPosition, writePosition } from './position.ts';
import { recent } from './recent.ts';
import { Binding, resolve, type HasRow, type Predicate } from './predicate.ts';
import { LIVE } from './schema.ts';
import { Statements, type Cell } from './statements.ts';
import { Surveyor } from './survey.ts';
import { stepStatement, walkFor, walkStatement, type Stage, type Walk } from './walk.ts';

/** A branch of a plan, ready to be asked. */
interface Branch extends Chosen {
  readonly type: number;
  readonly live: number;
  readonly predicate: Predicate;
  readonly order: Order;
}

export interface Found {
  readonly rids: readonly number[];
  readonly next?: string;
  readonly previous?: string;
  readonly places?: readonly string[];
  readonly until?: number;
  readonly total?: number;
}

/** The part of the order of creation, and the direction, in which a page is looked for. */
interface Way {
  readonly below: number;
  readonly back: boolean;
}

/** A page in an order of its own. */
interface Sorted {
  readonly sort: readonly SortKey[];
  readonly way: Way;
  readonly limit: number;
  readonly after?: Row;
}

interface Windows {
  readonly all: Window;
  readonly back?: boolean;
  /** candidates of the first window, and of each further one */
  readonly first: number;
  readonly step: number;
}

export type Steps<T> = Generator<undefined, T>;

/** How much is done in one go. */
export interface Pace {
  /** so many candidates or more are looked at in steps */
  readonly many: number;
  /** candidates of the first step, which is done at once */
  readonly first: number;
  /** candidates of each further step */
  readonly step: number;
  /** index entries of a step that only counts them */
  readonly counted: number;
}

export const PACE: Pace = { many: 2000, first: 500, step: 2000, counted: 50_000 };
/** An estimate looks at so many candidates. */
const SAMPLE = 10_000;

export class Search {
  readonly #pace: Pace;
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #survey: Surveyor;
  readonly #present = recent<string, boolean>(2000);
  readonly #absent = recent<string, boolean>(2000);
  #seenVersion: number | undefined;

  constructor(db: DatabaseSync, names: Names, pace = PACE) {
    this.#pace = pace;
    this.#names = names;
    this.#statements = new Statements(db);
    this.#survey = new Surveyor(this.#statements);
  }

  /**
   * The rids of a page. Yields before each further step of a long search. Must be run to its end within one transaction. `version`: of the data, where
   * nothing is written on this connection.
   */
  *find(plan: SearchPlan, version?: number): Steps<Found> {
    this.#forgetOld(version);
    const branches = plan.branches.flatMap((branch) => this.#prepare(plan.sort, branch));
    const rows = plan.count > 0 ? yield* this.#page(branches, plan) : [];
    let total: number | undefined;
    if (plan.total !== 'none') {
      total = 0;
      for (const branch of branches)
        total += yield* this.#count(branch, belowOf(plan), plan.total === 'estimate');
    }
    return { ...this.#positions(plan, rows), total };
  }

  /** The rows of a page, of which there may be one too many, and how to go on from it in both directions. */
  #positions({ count, after, back = false, until, sort, places }: SearchPlan, rows: readonly Row[]): Found {
    const page = back ? rows.slice(0, count).reverse() : rows.slice(0, count);
    const [first, last] = [page[0], page.at(-1)];
    const isMore = rows.length > count;
    const next = last && (back ? after !== undefined : isMore) ? writePosition(last) : undefined;
    const previous = first && (back ? isMore : after !== undefined) ? writePosition(first) : undefined;
    const isPaged = next !== undefined || previous !== undefined;
    const newest = (): number => (isDefaultOrder(sort) && !back ? first!.rid : this.#newestOfAll());
    return {
      rids: page.map(({ rid }) => rid),
      ...(places && { places: page.map(writePosition) }),
      ...(next !== undefined && { next }),
      ...(previous !== undefined && { previous }),
      ...(isPaged && { until: until ?? newest() }),
    };
  }

  #newestOfAll(): number {
    return (this.#statements.row({ sql: 'SELECT max(seq) FROM version', values: [] })?.[0] as number) ?? 0;
  }

  /** The keys that the matches carry, or their names. Yields like `find`. */
  *keys({ plan, param, prefix, most }: KeyQuery, version?: number): Steps<string[]> {
    this.#forgetOld(version);
    const keys = new Set<string>();
    const branches = plan.branches.flatMap((branch) => this.#prepare([], branch));
    let isFirst = true;
    for (const branch of branches) {
      const own = param === undefined ? undefined : this.#names.params(branch.type, param);
      if (own?.length === 0) continue;
      const { step } = this.#pace;
      for (const window of this.#windows(branch, { all: EVERYWHERE, first: step, step })) {
        if (!isFirst) yield;
        isFirst = false;
        const rows = this.#statements.rows(
          keysStatement(branch.source, window, { params: own, prefix, most }),
        );
        for (const [key] of rows)
          keys.add(own === undefined ? `${this.#names.typeName(branch.type)}/${key}` : (key as string));
        if (keys.size >= most) return [...keys].slice(0, most);
      }
    }
    return [...keys];
  }

  /** Whether the plan finds exactly these resources; to its end at once. */
  findsExactly(plan: SearchPlan, keys: readonly ResourceKey[]): boolean {
    const { rids } = atOnce(this.find(plan));
    if (rids.length !== keys.length) return false;
    const wanted = new Set(keys.map(({ type, id }) => `${type}/${id}`));
    return rids.every((rid) => wanted.has(this.#nameOf(rid)));
  }

  /** Extents, and what is not there, hold as long as nobody writes. */
  #forgetOld(version: number | undefined): void {
    if (version !== undefined && version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#survey.forget();
    this.#absent.clear();
    if (version !== undefined) this.#names.refresh();
  }

  #nameOf(rid: number): string {
    const [type, id] = this.#statements.row({
      sql: 'SELECT type, id FROM resource WHERE rid = ?1',
      values: [rid],
    })!;
    return `${this.#names.typeName(type as number)}/${id}`;
  }

  #prepare(sort: readonly SortKey[], { type: name, where }: SearchPlan['branches'][number]): Branch[] {
    const type = this.#names.type(name);
    const live = type === undefined ? undefined : this.#names.param(type, LIVE);
    if (type === undefined || live === undefined) return [];
    const predicate = resolve(this.#names, type, where, this.#hasRow);
    const chosen = choose(predicate, live, this.#pace.many, this.#survey);
    if (chosen.source.length === 0) return [];
    return [{ ...chosen, type, live, predicate, order: resolveOrder(this.#names, type, sort) }];
  }

  /** What has rows is believed for good: that only costs a look-up when it is not so any more. */
  readonly #hasRow: HasRow = (param, key) => {
    const name = `${param} ${key}`;
    const known = this.#present.get(name) ?? this.#absent.get(name);
    if (known !== undefined) return known;
    const sql = 'SELECT 1 FROM key_index WHERE param = ?1 AND key = ?2 LIMIT 1';
    const found = this.#statements.row({ sql, values: [param, key] }) !== undefined;
    (found ? this.#present : this.#absent).set(name, found);
    return found;
  };

  /** One row more than the page holds, where there is one. */
  *#page(branches: readonly Branch[], plan: SearchPlan): Steps<Row[]> {
    const { sort, count, after, back = false } = plan;
    const from = after === undefined ? undefined : readPosition(after);
    const way = { below: belowOf(plan), back };
    let rows: Row[] = [];
    for (const branch of branches) {
      const more = isDefaultOrder(sort)
        ? yield* this.#created(branch, count + 1, way, from?.rid)
        : yield* this.#sorted(branch, { sort, way, after: from, limit: count + 1 });
      rows = firstRows({ sort, back }, count + 1, rows, more);
    }
    return rows;
  }

  /** Newest first, those created before `rid`; or on the way back oldest first, those created after it. */
  *#created(branch: Branch, limit: number, { below, back }: Way, rid?: number): Steps<Row[]> {
    const rows: Row[] = [];
    const all: Window = back
      ? { above: rid ?? EVERYWHERE.above, below }
      : { above: EVERYWHERE.above, below: Math.min(below, rid ?? below) };
    const { first, step } = this.#pace;
    const steps = isListing(branch) ? [all] : this.#windows(branch, { all, back, first, step });
    let isFirst = true;
    for (const window of steps) {
      if (!isFirst) yield;
      isFirst = false;
      rows.push(...this.#rows(branch, [], { window, back, limit: limit - rows.length }));
      if (rows.length >= limit) break;
    }
    return rows;
  }

  *#sorted(branch: Branch, page: Sorted): Steps<Row[]> {
    const { sort, way, limit, after } = page;
    const { below, back } = way;
    const [only] = branch.order;
    if (branch.long && branch.order.length === 1) {
      const walk = walkFor(this.#statements, { ...branch, ...only!, back });
      if (walk) return yield* back ? this.#walkedBack(branch, walk, page) : this.#walked(branch, walk, page);
    }
    let rows: Row[] = [];
    let isFirst = true;
    const { step } = this.#pace;
    for (const window of this.#windows(branch, { all: { ...EVERYWHERE, below }, first: step, step })) {
      if (!isFirst) yield;
      isFirst = false;
      const more = this.#rows(branch, branch.order, { window, limit, after, back });
      rows = firstRows({ sort, back }, limit, rows, more);
    }
    return rows;
  }

  /** First what has a value, in its order; then the others, newest first. */
  *#walked(branch: Branch, walk: Walk, { limit, after, way }: Sorted): Steps<Row[]> {
    const rows = after?.sorts[0] === null ? [] : yield* this.#walk(walk, limit, way.below, after);
    if (rows.length >= limit || !walk.missing) return rows;
    const rid = after?.sorts[0] === null ? after.rid : undefined;
    const others = yield* this.#without(branch, walk.missing, limit - rows.length, way, rid);
    return [...rows, ...others];
  }

  /** From the end: first what has no value, oldest first, and then the values backwards. */
  *#walkedBack(branch: Branch, walk: Walk, { limit, after, way }: Sorted): Steps<Row[]> {
    const hasValue = after !== undefined && after.sorts[0] !== null;
    const rows =
      hasValue || !walk.missing ? [] : yield* this.#without(branch, walk.missing, limit, way, after?.rid);
    if (rows.length >= limit) return rows;
    const valued = yield* this.#walk(walk, limit - rows.length, way.below, hasValue ? after : undefined);
    return [...rows, ...valued];
  }

  /** Those that have no value of the sort key, by creation. */
  *#without(branch: Branch, missing: Predicate, limit: number, way: Way, rid?: number): Steps<Row[]> {
    const chosen = choose(missing, branch.live, this.#pace.many, this.#survey);
    const found = yield* this.#created({ ...branch, ...chosen }, limit, way, rid);
    return found.map((row) => ({ rid: row.rid, sorts: [null] }));
  }

  *#walk(walk: Walk, limit: number, below: number, after?: Row): Steps<Row[]> {
    const rows: Row[] = [];
    let stage: Stage | undefined = { after };
    for (let first = true; stage && rows.length < limit; first = false) {
      if (!first) yield;
      const upTo: Cell | undefined = this.#statements.row(
        stepStatement(walk, stage, first ? this.#pace.first : this.#pace.step),
      )?.[0];
      const statement = walkStatement(walk, { ...stage, upTo }, limit - rows.length, below);
      const found = this.#statements.rows(statement);
      rows.push(...found.map(([rid, value]) => ({ rid: rid as number, sorts: [value!] })));
      stage = upTo == null ? undefined : { beyond: upTo };
    }
    return rows;
  }

  *#count(branch: Branch, below: number, isEstimate: boolean): Steps<number> {
    const step = isListing(branch) ? this.#pace.counted : this.#pace.step;
    let [count, looked, isFirst] = [0, 0, true];
    for (const window of this.#windows(branch, { all: { ...EVERYWHERE, below }, first: step, step })) {
      if (!isFirst) yield;
      isFirst = false;
      count += this.#statements.count(countStatement(branch.source, window));
      looked += step;
      if (isEstimate && looked >= SAMPLE && window.above > branch.within.above)
        return this.#extrapolated(branch, count, { ...window, below });
    }
    return count;
  }

  /** The number of matches, from those in the upper part of a long branch, as if they stood as densely in the rest. */
  #extrapolated({ source, within }: Branch, count: number, seen: Window): number {
    const all = overlap(overlap(this.#survey.extent(source[0]!.stretch), within), {
      ...EVERYWHERE,
      below: seen.below,
    });
    const share = (all.below - Math.max(seen.above, all.above)) / (all.below - all.above);
    return Math.max(count, Math.round(count / share));
  }

  #rows({ source }: Branch, order: Order, page: Parameters<typeof pageStatement>[2]): Row[] {
    return this.#statements
      .rows(pageStatement(source, order, page))
      .map(([rid, ...sorts]) => ({ rid: rid as number, sorts }));
  }

  /** All candidates within a window, in smaller ones of a number of them, the newest first or, on the way back, the oldest; a short branch has one window. */
  *#windows(branch: Branch, { all: asked, back = false, first, step }: Windows): Generator<Window> {
    const all = overlap(branch.within, asked);
    let window = branch.long ? this.#window(branch, all, first, back) : all;
    yield window;
    while (back ? window.below < all.below : window.above > all.above) {
      const left = back ? { ...all, above: window.below - 1 } : { ...all, below: window.above + 1 };
      window = this.#window(branch, left, step, back);
      yield window;
    }
  }

  /** The part of a window that holds the next candidates of a long branch, which has one ordered stretch. */
  #window({ source }: Branch, all: Window, step: number, back: boolean): Window {
    const bind = new Binding();
    const rids = spellSource([{ stretch: source[0]!.stretch, rest: { op: 'all' } }], all, bind);
    const sql = `${rids} ORDER BY rid ${back ? 'ASC' : 'DESC'} LIMIT 1 OFFSET ${bind.add(step)}`;
    const row = this.#statements.row({ sql, values: bind.values });
    if (!row) return all;
    const rid = row[0] as number;
    return back ? { ...all, below: rid + 1 } : { ...all, above: rid - 1 };
  }
}

/** Indexes alone give all matches of the branch in order: nothing has to be tested. */
function isListing({ source }: Branch): boolean {
  return source.every(({ stretch, rest }) => rest.op === 'all' && isOrdered(stretch));
}

function firstRows(
  { sort, back }: Pick<Sorted, 'sort'> & Pick<Way, 'back'>,
  limit: number,
  a: Row[],
  b: Row[],
): Row[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const direction = back ? -1 : 1;
  return [...a, ...b].sort((one, other) => direction * compareRows(sort, one, other)).slice(0, limit);
}

const belowOf = ({ until }: SearchPlan): number => (until === undefined ? EVERYWHERE.below : until + 1);

/** Runs a search to its end without a pause. */
export function atOnce<T>(work: Steps<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}
