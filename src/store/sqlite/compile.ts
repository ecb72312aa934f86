/**
 * A branch of a search plan as SQL: the rids of a page in order, or their number. Pages go on after the sort values and rid of the last row
 * (keyset), so a page costs the same wherever it stands. https://www.sqlite.org/rowvalue.html#scrolling_window_queries
 */
import type { SortKey } from '../../fhir/search/plan.ts';
import { EVERYWHERE, spellSource, type Source, type Window } from './arms.ts';
import type { Names } from './names.ts';
import { afterPrefix, atMost, Binding, oneOf } from './predicate.ts';
import type { Cell, Statement } from './statements.ts';

/** One match: its place in the order of creation and its sort values. */
export interface Row {
  readonly rid: number;
  readonly sorts: readonly Cell[];
}

/** A sort key whose parameter is looked up, as the groups that hold it; none where the type has no such values. */
export type Order = readonly { readonly key: SortKey; readonly params: readonly number[] }[];

export function resolveOrder(names: Names, type: number, sort: readonly SortKey[]): Order {
  return sort.map((key) => ({ key, params: key.by === 'param' ? paramsOf(names, type, key) : [] }));
}

function paramsOf(
  names: Names,
  type: number,
  { param, kind }: Extract<SortKey, { by: 'param' }>,
): readonly number[] {
  if (kind === 'key') return names.params(type, param);
  const alone = names.param(type, param);
  return alone === undefined ? [] : [alone];
}

/** Whether the order is that of creation, newest first, which the indexes give without sorting. */
export function isDefaultOrder(sort: readonly SortKey[]): boolean {
  return sort.length === 0 || (sort[0]!.by === 'created' && sort[0]!.descending);
}

/** Number of matches in a window. */
export function countStatement(source: Source, window = EVERYWHERE): Statement {
  const bind = new Binding();
  return { sql: `SELECT count(*) FROM (${spellSource(source, window, bind)})`, values: bind.values };
}

/** The ids of the matches in a window, or the keys of a parameter (of the groups that hold it) that they carry and that begin with a prefix; each once. */
export function keysStatement(
  source: Source,
  window: Window,
  wanted: { readonly params?: readonly number[]; readonly prefix?: string; readonly most: number },
): Statement {
  const bind = new Binding();
  const matches = `(${spellSource(source, window, bind)}) m`;
  const { params, prefix, most } = wanted;
  if (params === undefined) {
    const sql = `SELECT r.id FROM ${matches} CROSS JOIN resource r ON r.rid = m.rid ${atMost(most, bind)}`;
    return { sql, values: bind.values };
  }
  const carried = `SELECT DISTINCT x.key AS key FROM ${matches} CROSS JOIN key_index x INDEXED BY key_of ON x.rid = m.rid AND ${oneOf('x.param', params, bind)}`;
  const texts = `WITH k AS MATERIALIZED (${carried}) SELECT DISTINCT v FROM (${keyTexts('k', '')})`;
  return { sql: `${texts}${spellPrefix(prefix, bind)} ${atMost(most, bind)}`, values: bind.values };
}

/** The texts `v` of the keys of `from`; a coded key is two. */
function keyTexts(from: string, where: string): string {
  const coded = `${from} CROSS JOIN coded c ON c.id = -k.key`;
  return [
    `SELECT t.text AS v FROM ${from} CROSS JOIN term t ON t.id = k.key${where}`,
    `SELECT '*' || char(9) || c.code FROM ${coded}${where}`,
    `SELECT t.text || c.code FROM ${coded} CROSS JOIN term t ON t.id = c.system${where}`,
  ].join(' UNION ALL ');
}

export interface Page {
  /** everywhere when absent */
  readonly window?: Window;
  readonly limit: number;
  /** the last row of the page before */
  readonly after?: Row;
  /** in the order turned round, `after` being the first row of the page behind */
  readonly back?: boolean;
}

/** The first `limit` matches in a window, in order, each as [rid, …sort values]. */
export function pageStatement(source: Source, order: Order, page: Page): Statement {
  const bind = new Binding();
  if (isDefaultOrder(order.map(({ key }) => key))) return defaultPage(source, page, bind);
  const matches = spellSource(source, page.window ?? EVERYWHERE, bind);
  const columns = order.map((one, i) => `${spellSort(one, bind)} AS s${i}`);
  const spellBehind = page.back ? spellBefore : spellAfter;
  const behind = page.after ? ` WHERE ${spellBehind(order, page.after, bind)}` : '';
  const by = order.map(({ key }, i) =>
    page.back
      ? `s${i} ${key.descending ? 'ASC' : 'DESC'} NULLS FIRST`
      : `s${i} ${key.descending ? 'DESC' : 'ASC'} NULLS LAST`,
  );
  const sql = `SELECT * FROM (SELECT rid, ${columns.join(', ')} FROM (${matches}) m)${behind} ORDER BY ${by.join(', ')}, rid ${page.back ? 'ASC' : 'DESC'} ${atMost(page.limit, bind)}`;
  return { sql, values: bind.values };
}

function defaultPage(
  source: Source,
  { window = EVERYWHERE, limit, after, back = false }: Page,
  bind: Binding,
): Statement {
  const within = !after
    ? window
    : back
      ? { ...window, above: Math.max(after.rid, window.above) }
      : { ...window, below: Math.min(after.rid, window.below) };
  const matches = spellSource(source, within, bind);
  return {
    sql: `${matches} ORDER BY rid ${back ? 'ASC' : 'DESC'} ${atMost(limit, bind)}`,
    values: bind.values,
  };
}

function spellSort({ key, params }: Order[number], bind: Binding): string {
  if (key.by === 'created') return 'm.rid';
  if (key.by === 'updated') return '(SELECT r.instant FROM resource r WHERE r.rid = m.rid)';
  if (key.by === 'id') return '(SELECT r.id FROM resource r WHERE r.rid = m.rid)';
  if (params.length === 0) return 'NULL';
  const { kind, prefix, descending } = key;
  const first = descending ? 'max' : 'min';
  if (kind === 'key')
    return `(SELECT ${first}(v) FROM (${spellKeys(params, bind)})${spellPrefix(prefix, bind)})`;
  const column = kind === 'range' ? 'x.low' : 'x.text';
  const of = `FROM ${kind}_index x INDEXED BY ${kind}_of WHERE x.rid = m.rid AND x.param = ${bind.add(params[0]!)}`;
  return `(SELECT ${first}(${column}) ${of})`;
}

/** The texts of the keys that a resource has in some groups. */
function spellKeys(params: readonly number[], bind: Binding): string {
  return keyTexts(
    'key_index k INDEXED BY key_of',
    ` WHERE k.rid = m.rid AND ${oneOf('k.param', params, bind)}`,
  );
}

function spellPrefix(prefix: string | undefined, bind: Binding): string {
  return prefix ? ` WHERE v >= ${bind.add(prefix)} AND v < ${bind.add(afterPrefix(prefix))}` : '';
}

/** The condition that a row stands behind `after`: equal in the first keys, then behind in one; at last older. Nothing comes behind a missing value. */
function spellAfter(order: Order, after: Row, bind: Binding): string {
  const equal: string[] = [];
  const ways: string[] = [];
  order.forEach(({ key }, i) => {
    const value = after.sorts[i] ?? null;
    if (value === null) return equal.push(`s${i} IS NULL`);
    const behind = `(s${i} ${key.descending ? '<' : '>'} ${bind.add(value)} OR s${i} IS NULL)`;
    ways.push([...equal, behind].join(' AND '));
    return equal.push(`s${i} = ${bind.add(value)}`);
  });
  ways.push([...equal, `rid < ${bind.add(after.rid)}`].join(' AND '));
  return `((${ways.join(') OR (')}))`;
}

/** The condition that a row stands before another: equal in the first keys, then before in one; at last newer. Whatever has a value comes before what has none. */
function spellBefore(order: Order, row: Row, bind: Binding): string {
  const equal: string[] = [];
  const ways: string[] = [];
  order.forEach(({ key }, i) => {
    const value = row.sorts[i] ?? null;
    const before =
      value === null ? `s${i} IS NOT NULL` : `s${i} ${key.descending ? '>' : '<'} ${bind.add(value)}`;
    ways.push([...equal, before].join(' AND '));
    equal.push(value === null ? `s${i} IS NULL` : `s${i} = ${bind.add(value)}`);
  });
  ways.push([...equal, `rid > ${bind.add(row.rid)}`].join(' AND '));
  return `((${ways.join(') OR (')}))`;
}

/** Order of two rows of any branches; negative when `a` comes first. */
export function compareRows(sort: readonly SortKey[], a: Row, b: Row): number {
  if (!isDefaultOrder(sort)) {
    for (let i = 0; i < sort.length; i++) {
      const order = compareValues(a.sorts[i] ?? null, b.sorts[i] ?? null, sort[i]!.descending);
      if (order !== 0) return order;
    }
  }
  return b.rid - a.rid;
}

function compareValues(a: Cell, b: Cell, descending: boolean): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  const order = typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : a < b ? -1 : 1;
  return descending ? -order : order;
}

/** SQLite compares the UTF-8 bytes, which is the order of code points, not of UTF-16 units. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
