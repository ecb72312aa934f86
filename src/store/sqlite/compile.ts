/**
 * SearchPlan -> SQL. The default order is newest created first: a key predicate is then one clustered scan in the right order, and further
 * predicates are residual checks by primary key. The adapter only spells: all FHIR meaning is in the Expression already.
 */
import type { Bound, Expression } from '../../fhir/search/expression.ts';
import type { SearchPlan, SortKey } from '../../fhir/search/plan.ts';
import type { Names } from './names.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** What compiling has to look up. */
export interface CompileContext {
  readonly names: Names;
  /** the first seq whose instant is at or after this (ms); beyond the last when there is none */
  readonly seqAt: (instant: number) => number;
  /** rows of a select, counted up to a limit */
  readonly probe: (select: Sql, limit: number) => number;
}

/** Rows up to which a predicate is counted to find the rarest. */
const PROBE = 256;
/** A range or text predicate with fewer rows than this drives the search; a denser one is checked on resources newest first. */
const SPARSE = 2000;

const FALSE: Sql = { text: '0', values: [] };
const TRUE: Sql = { text: '1', values: [] };

type Branch = SearchPlan['branches'][number];
type Position = readonly (string | number | null)[];

/** Rows of rid (and s0, s1 … when sorted), one more than the page holds. */
export function compilePage(plan: SearchPlan, context: CompileContext): Sql {
  const { sort, count } = plan;
  const after = plan.after === undefined ? undefined : (JSON.parse(plan.after) as Position);
  if (sort.length === 0) return pageByCreation(plan, context, count + 1, after);
  const candidates = union(plan.branches.map((branch) => candidatesOf(branch, context)));
  const values: (string | number)[] = [];
  const columns = sort.map((key, i) => {
    const sql = sortValue(plan, key, context);
    values.push(...sql.values);
    return `(${sql.text}) AS s${i}`;
  });
  const where = after ? afterPosition(sort, after) : TRUE;
  const order = sort.flatMap((key, i) => [`s${i} IS NULL`, `s${i} ${key.descending ? 'DESC' : 'ASC'}`]);
  return {
    text: `SELECT * FROM (SELECT c.rid AS rid, ${columns.join(', ')} FROM (${candidates.text}) c) WHERE ${where.text} ORDER BY ${[...order, 'rid DESC'].join(', ')} LIMIT ?`,
    values: [...values, ...candidates.values, ...where.values, count + 1],
  };
}

/** One row with the number of all matches. */
export function compileTotal(plan: SearchPlan, context: CompileContext): Sql {
  const candidates = union(plan.branches.map((branch) => candidatesOf(branch, context)));
  return { text: `SELECT count(*) AS total FROM (${candidates.text})`, values: candidates.values };
}

function pageByCreation(plan: SearchPlan, context: CompileContext, limit: number, after: Position | undefined): Sql {
  const below = after ? Number(after[0]) : undefined;
  const pages = plan.branches.map((branch) => {
    const { text, values } = candidatesOf(branch, context, below);
    return { text: `SELECT rid FROM (${text} ORDER BY rid DESC LIMIT ?)`, values: [...values, limit] };
  });
  if (pages.length === 1) return pages[0]!;
  const all = union(pages);
  return { text: `SELECT rid FROM (${all.text}) ORDER BY rid DESC LIMIT ?`, values: [...all.values, limit] };
}

function union(parts: readonly Sql[]): Sql {
  if (parts.length === 0) return { text: 'SELECT 0 AS rid WHERE 0', values: [] };
  return { text: parts.map(({ text }) => text).join(' UNION ALL '), values: parts.flatMap(({ values }) => values) };
}

/** A driver of candidates: a select of `d.rid`, each once. */
interface Driver {
  readonly select: Sql;
  readonly rows: number;
  readonly part: Expression | undefined;
}

/** `SELECT d.rid AS rid …` of all live resources of a branch that match, each once; with `below` only those created before. */
function candidatesOf({ type, where }: Branch, context: CompileContext, below?: number): Sql {
  const parts = where.op === 'and' ? where.of : [where];
  const driver = chooseDriver(type, parts, context);
  const rest = parts.filter((part) => part !== driver.part && part.op !== 'all').map((part) => condition(type, part, context));
  const bounded: Sql[] = below === undefined ? rest : [{ text: 'd.rid < ?', values: [below] }, ...rest];
  return {
    text: [driver.select.text, ...bounded.map(({ text }) => text)].join(' AND '),
    values: [...driver.select.values, ...bounded.flatMap(({ values }) => values)],
  };
}

/** The rarest predicate that can be scanned by itself, or all live resources of the type. */
function chooseDriver(type: string, parts: readonly Expression[], context: CompileContext): Driver {
  const all: Driver = { select: liveOf(type, context), rows: Infinity, part: undefined };
  const drivers = parts.flatMap((part) => driverOf(type, part, context));
  if (drivers.length === 0) return all;
  if (drivers.length === 1 && drivers[0]!.rows < 0) return drivers[0]!;
  const counted = drivers.map((one) => ({ ...one, rows: context.probe(one.select, one.rows < 0 ? PROBE : SPARSE) }));
  const usable = counted.filter((one, i) => drivers[i]!.rows < 0 || one.rows < SPARSE);
  return usable.reduce((best, one) => (one.rows < best.rows ? one : best), all);
}

function liveOf(type: string, { names }: CompileContext): Sql {
  const id = names.type(type);
  if (id === undefined) return { text: 'SELECT 0 AS rid FROM (SELECT 0 AS rid) d WHERE 0', values: [] };
  return { text: 'SELECT d.rid AS rid FROM resource d WHERE d.type = ? AND d.live = 1', values: [id] };
}

/** How a predicate can drive. `rows` is -1 where a scan gives rids in order and needs no counting against density. */
function driverOf(type: string, part: Expression, context: CompileContext): Driver[] {
  switch (part.op) {
    case 'key': {
      const keys = keyNumbers(part.keys, context);
      const param = context.names.param(type, part.param);
      if (param === undefined || keys.length === 0) return [{ select: nothing(), rows: -1, part }];
      if (keys.length > 1) return [{ select: distinct('key_index', `param = ? AND key IN (${marks(keys)})`, [param, ...keys]), rows: 0, part }];
      return [{ select: { text: 'SELECT d.rid AS rid FROM key_index d WHERE d.param = ? AND d.key = ?', values: [param, keys[0]!] }, rows: -1, part }];
    }
    case 'id': {
      const id = context.names.type(type);
      if (id === undefined) return [{ select: nothing(), rows: -1, part }];
      const text = `SELECT d.rid AS rid FROM resource d WHERE d.type = ? AND d.live = 1 AND d.id IN (${marks(part.ids)})`;
      return [{ select: { text, values: [id, ...part.ids] }, rows: -1, part }];
    }
    case 'range':
    case 'text': {
      if (part.op === 'text' && part.test === 'contains') return [];
      const param = context.names.param(type, part.param);
      const rows = param === undefined ? undefined : leafRows(part, param, context);
      return rows ? [{ select: distinct(part.op === 'range' ? 'range_index' : 'text_index', rows.text, rows.values), rows: 0, part }] : [{ select: nothing(), rows: -1, part }];
    }
    default:
      return [];
  }
}

const nothing = (): Sql => ({ text: 'SELECT d.rid AS rid FROM (SELECT 0 AS rid) d WHERE 0', values: [] });

function distinct(table: string, where: string, values: readonly (string | number)[]): Sql {
  return { text: `SELECT d.rid AS rid FROM (SELECT DISTINCT rid FROM ${table} WHERE ${where}) d WHERE 1`, values };
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(',');

function keyNumbers(keys: readonly string[], { names }: CompileContext): number[] {
  return keys.map((key) => names.term(key)).filter((id) => id !== undefined);
}

/** The condition on `d.rid` that an Expression is. */
function condition(type: string, part: Expression, context: CompileContext): Sql {
  switch (part.op) {
    case 'all':
      return TRUE;
    case 'none':
      return FALSE;
    case 'and':
    case 'or':
      return joined(part.of.map((one) => condition(type, one, context)), part.op);
    case 'not': {
      const inner = condition(type, part.of, context);
      return { text: `NOT (${inner.text})`, values: inner.values };
    }
    case 'id':
      return { text: `(SELECT id FROM resource WHERE rid = d.rid) IN (${marks(part.ids)})`, values: part.ids };
    case 'updated':
      return joined(part.bounds.map((bound) => seqBound(bound, context)), 'and');
    default:
      return leafCondition(type, part, context);
  }
}

function joined(parts: readonly Sql[], operator: 'and' | 'or'): Sql {
  if (parts.length === 0) return operator === 'and' ? TRUE : FALSE;
  return { text: `(${parts.map(({ text }) => text).join(` ${operator.toUpperCase()} `)})`, values: parts.flatMap(({ values }) => values) };
}

/** Instants never fall as seq rises, so a bound on lastUpdated is one on seq. */
function seqBound({ is, value }: Bound, { seqAt }: CompileContext): Sql {
  const column = '(SELECT seq FROM resource WHERE rid = d.rid)';
  const next = is === '>' || is === '<=' ? Math.floor(value) + 1 : Math.ceil(value);
  return { text: `${column} ${is === '>' || is === '>=' ? '>=' : '<'} ?`, values: [seqAt(next)] };
}

type Leaf = Extract<Expression, { param: string }>;
const TABLES = { key: 'key_index', range: 'range_index', text: 'text_index' } as const;

function leafCondition(type: string, leaf: Leaf, context: CompileContext): Sql {
  const param = context.names.param(type, leaf.param);
  if (param === undefined) return FALSE;
  if (leaf.op === 'present') {
    return { text: `EXISTS (SELECT 1 FROM ${TABLES[leaf.kind]} WHERE rid = d.rid AND param = ?)`, values: [param] };
  }
  const rows = leafRows(leaf, param, context);
  return rows ? { text: `EXISTS (SELECT 1 FROM ${TABLES[leaf.op]} WHERE ${rows.text} AND rid = d.rid)`, values: rows.values } : FALSE;
}

/** The condition on the rows of a leaf's table; undefined when none can hold. */
function leafRows(leaf: Exclude<Leaf, { op: 'present' }>, param: number, context: CompileContext): Sql | undefined {
  switch (leaf.op) {
    case 'key': {
      const keys = keyNumbers(leaf.keys, context);
      return keys.length > 0 ? { text: `param = ? AND key IN (${marks(keys)})`, values: [param, ...keys] } : undefined;
    }
    case 'range': {
      const key = context.names.term(leaf.key);
      if (key === undefined) return undefined;
      const bounds = leaf.bounds.flatMap(implied);
      const text = ['param = ? AND key = ?', ...bounds.map(({ end, is }) => `${end} ${is} ?`)].join(' AND ');
      return { text, values: [param, key, ...bounds.map(({ value }) => value)] };
    }
    case 'text':
      return textRows(leaf, param);
  }
}

/** `low <= high` always, so an upper bound on high is one on low too: it bounds the clustered scan. */
function implied(bound: Bound): Bound[] {
  return bound.end === 'high' && (bound.is === '<' || bound.is === '<=') ? [bound, { ...bound, end: 'low' }] : [bound];
}

function textRows({ test, value }: Extract<Leaf, { op: 'text' }>, param: number): Sql {
  switch (test) {
    case 'equals':
      return { text: 'param = ? AND text = ?', values: [param, value] };
    case 'starts':
      return { text: 'param = ? AND text >= ? AND text < ?', values: [param, value, `${value}\u{10ffff}`] };
    case 'contains':
      return { text: 'param = ? AND instr(text, ?) > 0', values: [param, value] };
    case 'exact':
      return { text: "param = ? AND CASE exact WHEN '' THEN text ELSE exact END = ?", values: [param, value] };
  }
}

/** The value that a resource `c.rid` is sorted by. */
function sortValue(plan: SearchPlan, key: SortKey, context: CompileContext): Sql {
  switch (key.by) {
    case 'created':
      return { text: 'c.rid', values: [] };
    case 'updated':
      return { text: 'SELECT seq FROM resource WHERE rid = c.rid', values: [] };
    case 'id':
      return { text: 'SELECT id FROM resource WHERE rid = c.rid', values: [] };
    case 'param':
      return paramSortValue(plan, key, context);
  }
}

function paramSortValue(plan: SearchPlan, key: Extract<SortKey, { by: 'param' }>, { names }: CompileContext): Sql {
  const params = plan.branches.map(({ type }) => names.param(type, key.param)).filter((id) => id !== undefined);
  if (params.length === 0) return { text: 'NULL', values: [] };
  const pick = key.descending ? 'max' : 'min';
  if (key.kind !== 'key') {
    const column = key.kind === 'range' ? 'low' : 'text';
    return { text: `SELECT ${pick}(${column}) FROM ${TABLES[key.kind]} WHERE rid = c.rid AND param IN (${marks(params)})`, values: params };
  }
  const prefix = key.prefix ?? '';
  const from = `FROM key_index k JOIN term t ON t.id = k.key WHERE k.rid = c.rid AND k.param IN (${marks(params)})`;
  return { text: `SELECT ${pick}(t.text) ${from} AND t.text >= ? AND t.text < ?`, values: [...params, prefix, `${prefix}\u{10ffff}`] };
}

/** Rows that come after a position: greater on the first key that differs; a missing value is after every value. */
function afterPosition(sort: readonly SortKey[], position: Position): Sql {
  const rid = position[sort.length]!;
  const alternatives: Sql[] = [];
  const equal: Sql[] = [];
  sort.forEach((key, i) => {
    const value = position[i]!;
    if (value !== null) {
      const beyond: Sql = { text: `(s${i} IS NULL OR s${i} ${key.descending ? '<' : '>'} ?)`, values: [value] };
      alternatives.push(joined([...equal, beyond], 'and'));
    }
    equal.push(value === null ? { text: `s${i} IS NULL`, values: [] } : { text: `s${i} = ?`, values: [value] });
  });
  alternatives.push(joined([...equal, { text: 'rid < ?', values: [rid] }], 'and'));
  return joined(alternatives, 'or');
}
