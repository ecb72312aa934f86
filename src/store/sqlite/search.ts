/**
 * Searches one connection: chooses how each branch is driven, pages, counts. Long work is cut into steps: the generators yield between them, so
 * that a thread can do other things meanwhile. https://hl7.org/fhir/R4/search.html
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SearchPlan, SortKey } from '../../fhir/search/plan.ts';
import type { KeyQuery, ResourceKey } from '../ports.ts';
import {
  choose,
  EVERYWHERE,
  isOrdered,
  overlap,
  pieces,
  spellSource,
  spellStretch,
  spellWindow,
  type Chosen,
  type Stretch,
  type Survey,
  type Window,
} from './arms.ts';
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
import { atMost, Binding, resolve, type HasRow, type Predicate } from './predicate.ts';
import { LIVE } from './schema.ts';
import { Statements } from './statements.ts';
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
  readonly total?: number;
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
/** How long a count is believed, in ms: "there are many" for long, a number for a moment. It only chooses the way, never the answer. */
const MANY_MS = 30_000;
const COUNT_MS = 2000;

const NOWHERE: Window = { above: 0, below: 0 };

/** The window that holds two others. */
function hull(a: Window, b: Window): Window {
  if (a === NOWHERE) return b;
  return b === NOWHERE ? a : { above: Math.min(a.above, b.above), below: Math.max(a.below, b.below) };
}

export class Search {
  readonly #pace: Pace;
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #counts = recent<string, { rows: number; cap: number; until: number }>(2000);
  readonly #extents = recent<string, Window>(2000);
  readonly #present = recent<string, boolean>(2000);
  readonly #absent = recent<string, boolean>(2000);
  #seenVersion: number | undefined;

  constructor(db: DatabaseSync, names: Names, pace = PACE) {
    this.#pace = pace;
    this.#names = names;
    this.#statements = new Statements(db);
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
    if (plan.total === 'accurate') {
      total = 0;
      for (const branch of branches) total += yield* this.#count(branch);
    }
    const rids = rows.slice(0, plan.count).map(({ rid }) => rid);
    return { rids, next: rows.length > plan.count ? writePosition(rows[plan.count - 1]!) : undefined, total };
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
      for (const window of this.#windows(branch, EVERYWHERE.below, this.#pace.step)) {
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
    this.#extents.clear();
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

  readonly #survey: Survey = {
    rows: (stretch, cap, within) => {
      const window = within !== EVERYWHERE && isOrdered(stretch) ? within : undefined;
      const name = nameOf(stretch, window);
      const known = this.#counts.get(name);
      if (known && known.until > Date.now() && (known.rows < known.cap || known.cap >= cap))
        return Math.min(known.rows, cap);
      const bind = new Binding();
      const from = spellStretch(stretch, bind) + (window ? ` AND ${spellWindow(window, bind)}` : '');
      const sql = `SELECT count(*) FROM (SELECT 1 ${from} ${atMost(cap, bind)})`;
      const rows = this.#statements.count({ sql, values: bind.values });
      this.#counts.set(name, { rows, cap, until: Date.now() + (rows >= cap ? MANY_MS : COUNT_MS) });
      return rows;
    },
    extent: (stretch) =>
      pieces(stretch)
        .map((piece) => this.#extent(piece))
        .reduce(hull, NOWHERE),
  };

  /** Where the rows of one piece of an index begin and end. */
  #extent(stretch: Stretch): Window {
    const name = nameOf(stretch);
    const known = this.#extents.get(name);
    if (known) return known;
    const bind = new Binding();
    const end = (order: string): string =>
      `SELECT d.rid ${spellStretch(stretch, bind)} ORDER BY d.rid ${order} LIMIT 1`;
    const sql = `SELECT (${end('ASC')}), (${end('DESC')})`;
    const [first, last] = this.#statements.row({ sql, values: bind.values }) as [
      number | null,
      number | null,
    ];
    const extent = first === null || last === null ? NOWHERE : { above: first - 1, below: last + 1 };
    this.#extents.set(name, extent);
    return extent;
  }

  /** One row more than the page holds, where there is one. */
  *#page(branches: readonly Branch[], { sort, count, after }: SearchPlan): Steps<Row[]> {
    const from = after === undefined ? undefined : readPosition(after);
    let rows: Row[] = [];
    for (const branch of branches) {
      const more = isDefaultOrder(sort)
        ? yield* this.#newest(branch, count + 1, from?.rid)
        : yield* this.#sorted(branch, sort, count + 1, from);
      rows = firstRows(sort, count + 1, rows, more);
    }
    return rows;
  }

  /** Newest first, those created before `below`. */
  *#newest(branch: Branch, limit: number, below = EVERYWHERE.below): Steps<Row[]> {
    const rows: Row[] = [];
    const steps = isListing(branch)
      ? [{ ...EVERYWHERE, below }]
      : this.#windows(branch, below, this.#pace.first);
    let isFirst = true;
    for (const window of steps) {
      if (!isFirst) yield;
      isFirst = false;
      rows.push(...this.#rows(branch, [], { window, limit: limit - rows.length }));
      if (rows.length >= limit) break;
    }
    return rows;
  }

  *#sorted(branch: Branch, sort: readonly SortKey[], limit: number, after?: Row): Steps<Row[]> {
    const [only] = branch.order;
    if (branch.long && branch.order.length === 1) {
      const walk = walkFor(this.#statements, { ...branch, ...only! });
      if (walk) return yield* this.#walked(branch, walk, limit, after);
    }
    let rows: Row[] = [];
    let isFirst = true;
    for (const window of this.#windows(branch, EVERYWHERE.below, this.#pace.step)) {
      if (!isFirst) yield;
      isFirst = false;
      rows = firstRows(sort, limit, rows, this.#rows(branch, branch.order, { window, limit, after }));
    }
    return rows;
  }

  /** First what has a value, in its order; then the others, newest first. */
  *#walked(branch: Branch, walk: Walk, limit: number, after?: Row): Steps<Row[]> {
    const rows: Row[] = [];
    let stage: Stage | undefined = after?.sorts[0] === null ? undefined : { after };
    for (let first = true; stage && rows.length < limit; first = false) {
      if (!first) yield;
      const upTo = this.#statements.row(
        stepStatement(walk, stage, first ? this.#pace.first : this.#pace.step),
      )?.[0];
      const found = this.#statements.rows(walkStatement(walk, { ...stage, upTo }, limit - rows.length));
      rows.push(...found.map(([rid, value]) => ({ rid: rid as number, sorts: [value!] })));
      stage = upTo == null ? undefined : { beyond: upTo };
    }
    if (rows.length >= limit || !walk.missing) return rows;
    const chosen = choose(walk.missing, branch.live, this.#pace.many, this.#survey);
    const below = after?.sorts[0] === null ? after.rid : undefined;
    const others = yield* this.#newest({ ...branch, ...chosen }, limit - rows.length, below);
    return [...rows, ...others.map(({ rid }) => ({ rid, sorts: [null] }))];
  }

  *#count(branch: Branch): Steps<number> {
    const step = isListing(branch) ? this.#pace.counted : this.#pace.step;
    let [count, isFirst] = [0, true];
    for (const window of this.#windows(branch, EVERYWHERE.below, step, step)) {
      if (!isFirst) yield;
      isFirst = false;
      count += this.#statements.count(countStatement(branch.source, window));
    }
    return count;
  }

  #rows({ source }: Branch, order: Order, page: Parameters<typeof pageStatement>[2]): Row[] {
    return this.#statements
      .rows(pageStatement(source, order, page))
      .map(([rid, ...sorts]) => ({ rid: rid as number, sorts }));
  }

  /** All candidates below a rid, in windows of a number of them; a short branch has one window. */
  *#windows(branch: Branch, below: number, first: number, step = this.#pace.step): Generator<Window> {
    const all = overlap(branch.within, { ...EVERYWHERE, below });
    let window = branch.long ? this.#window(branch, all, first) : all;
    yield window;
    while (window.above > all.above) {
      window = this.#window(branch, { ...all, below: window.above + 1 }, step);
      yield window;
    }
  }

  /** The upper part of a window that holds the next candidates of a long branch, which has one ordered stretch. */
  #window({ source }: Branch, { above, below }: Window, step: number): Window {
    const bind = new Binding();
    const rids = spellSource([{ stretch: source[0]!.stretch, rest: { op: 'all' } }], { above, below }, bind);
    const sql = `${rids} ORDER BY rid DESC LIMIT 1 OFFSET ${bind.add(step)}`;
    const row = this.#statements.row({ sql, values: bind.values });
    return { above: row ? (row[0] as number) - 1 : above, below };
  }
}

/** What a stretch and a window are remembered by. */
function nameOf(stretch: Stretch, window?: Window): string {
  const at = window ? `${window.above} ${window.below} ` : '';
  return stretch.op === 'key'
    ? `${at}${stretch.params.join()} ${stretch.keys.join()}`
    : at + JSON.stringify(stretch);
}

/** Indexes alone give all matches of the branch in order: nothing has to be tested. */
function isListing({ source }: Branch): boolean {
  return source.every(({ stretch, rest }) => rest.op === 'all' && isOrdered(stretch));
}

function firstRows(sort: readonly SortKey[], limit: number, a: Row[], b: Row[]): Row[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...a, ...b].sort((one, other) => compareRows(sort, one, other)).slice(0, limit);
}

/** Runs a search to its end without a pause. */
export function atOnce<T>(work: Steps<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}
