/**
 * Sorting without sorting: a long list of candidates is not collected and sorted, but the index of the sort key is walked in its order until the
 * page is full. What has no value of the key comes after that, by creation. https://www.sqlite.org/queryplanner.html#sorting
 */
import type { SortKey } from '../../fhir/search/plan.ts';
import type { Row } from './compile.ts';
import { atMost, Binding, both, spell, type Predicate } from './predicate.ts';
import type { Cell, Statement, Statements } from './statements.ts';

/** A stretch of an index in the order of one sort key; its rows are called `d`, and each resource counts once. */
export interface Walk {
  /** the way it goes; turned round from the end for a page back */
  readonly descending: boolean;
  readonly back: boolean;
  readonly predicate: Predicate;
  /** what is left when the walk is over; absent where every resource has a value */
  readonly missing?: Predicate;
  readonly column: string;
  spell(bind: Binding): string;
}

/** What a walk needs to know of a branch. */
export interface Walkable {
  readonly type: number;
  readonly predicate: Predicate;
  readonly key: SortKey;
  /** the sort parameter of this type */
  readonly params: readonly number[];
  /** from the end to the beginning */
  readonly back: boolean;
}

/** The walk that gives the order of a single sort key, where an index has that order. */
export function walkFor(
  statements: Statements,
  { type, predicate, key, params, back }: Walkable,
): Walk | undefined {
  const descending = key.descending !== back;
  const [param] = params;
  if (key.by === 'updated') {
    const spellUpdated = (bind: Binding): string =>
      `FROM resource d INDEXED BY resource_updated WHERE d.deleted = 0 AND d.type = ${bind.add(type)}`;
    return { descending, back, predicate, column: 'd.instant', spell: spellUpdated };
  }
  if (key.by !== 'param' || key.kind === 'key' || param === undefined) return undefined;
  const missing = both([predicate, { op: 'not', of: { op: 'present', params, kind: key.kind } }]);
  if (key.kind === 'text') {
    const spellText = (bind: Binding): string =>
      `FROM text_index d WHERE d.param = ${bind.add(param)} AND ${noneBefore('text', ['text', 'exact'], key.descending)}`;
    return { descending, back, predicate, missing, column: 'd.text', spell: spellText };
  }
  const unit = onlyUnit(statements, param);
  if (unit === undefined) return undefined;
  const spellRange = (bind: Binding): string =>
    `FROM range_index d WHERE d.param = ${bind.add(param)} AND d.key = ${bind.add(unit)} AND ${noneBefore('range', ['low', 'high'], key.descending)}`;
  return { descending, back, predicate, missing, column: 'd.low', spell: spellRange };
}

/** The unit of all ranges of a parameter; ranges of several units do not stand in one order. */
function onlyUnit(statements: Statements, param: number): number | undefined {
  const end = (order: string): number =>
    statements.row({
      sql: `SELECT key FROM range_index WHERE param = ?1 ORDER BY key ${order} LIMIT 1`,
      values: [param],
    })?.[0] as number;
  const unit = end('ASC');
  return unit === end('DESC') ? unit : undefined;
}

/** Of several values of a resource only the first in the order counts. */
function noneBefore(
  kind: 'range' | 'text',
  [one, two]: readonly [string, string],
  descending: boolean,
): string {
  const before = descending ? '>' : '<';
  const earlier = `x.${one} ${before} d.${one} OR (x.${one} = d.${one} AND x.${two} ${before} d.${two})`;
  return `NOT EXISTS (SELECT 1 FROM ${kind}_index x INDEXED BY ${kind}_of WHERE x.rid = d.rid AND x.param = d.param AND (${earlier}))`;
}

/** Where a step of a walk begins and ends: behind a row or a value, up to a value with all that is equal to it. */
export interface Stage {
  readonly after?: Row;
  readonly beyond?: Cell;
  readonly upTo?: Cell;
}

function spellStage(
  { descending, back, column }: Walk,
  { after, beyond, upTo }: Stage,
  bind: Binding,
): string {
  const [behind, reach] = descending ? ['<', '>='] : ['>', '<='];
  const tests: string[] = [];
  if (after) {
    const value = after.sorts[0]!;
    const tie = `${column} ${behind} ${bind.add(value)} OR d.rid ${back ? '>' : '<'} ${bind.add(after.rid)}`;
    tests.push(`${column} ${behind}= ${bind.add(value)}`, `(${tie})`);
  }
  if (beyond != null) tests.push(`${column} ${behind} ${bind.add(beyond)}`);
  if (upTo != null) tests.push(`${column} ${reach} ${bind.add(upTo)}`);
  return tests.map((test) => ` AND ${test}`).join('');
}

/** The next `limit` matches, as [rid, value]. */
export function walkStatement(walk: Walk, stage: Stage, limit: number, below: number): Statement {
  const bind = new Binding();
  const from = `${walk.spell(bind)}${spellStage(walk, stage, bind)}`;
  const tests = walk.predicate.op === 'all' ? '' : ` AND ${spell(walk.predicate, bind)}`;
  const order = `${walk.column} ${walk.descending ? 'DESC' : 'ASC'}, d.rid ${walk.back ? 'ASC' : 'DESC'}`;
  const until = ` AND d.rid < ${bind.add(below)}`;
  return {
    sql: `SELECT d.rid, ${walk.column} ${from}${until}${tests} ORDER BY ${order} ${atMost(limit, bind)}`,
    values: bind.values,
  };
}

/** The value that stands `step` index rows further; no row when the walk ends before. */
export function stepStatement(walk: Walk, stage: Stage, step: number): Statement {
  const bind = new Binding();
  const from = `${walk.spell(bind)}${spellStage(walk, stage, bind)}`;
  const order = `${walk.column} ${walk.descending ? 'DESC' : 'ASC'}`;
  return {
    sql: `SELECT ${walk.column} ${from} ORDER BY ${order} LIMIT 1 OFFSET ${bind.add(step)}`,
    values: bind.values,
  };
}
