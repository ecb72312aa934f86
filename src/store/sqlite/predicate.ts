/**
 * An Expression with its names looked up: parameters and keys are numbers, what can match nothing is gone, and each node is spelled as an SQL
 * condition on one resource (`d.rid`). https://www.sqlite.org/lang_expr.html
 */
import type { Bound, Expression } from '../../fhir/search/expression.ts';
import type { IndexKind } from '../../fhir/search/index-value.ts';
import type { Names } from './names.ts';

export interface KeyTest {
  readonly op: 'key';
  /** groups that hold the parameter; at least one, distinct */
  readonly params: readonly number[];
  /** at least one, distinct */
  readonly keys: readonly number[];
}
export interface RangeTest {
  readonly op: 'range';
  readonly param: number;
  readonly key: number;
  readonly bounds: readonly Bound[];
}
export interface TextTest {
  readonly op: 'text';
  readonly param: number;
  readonly test: 'starts' | 'ends' | 'equals' | 'contains' | 'exact';
  readonly value: string;
}
export interface UpdatedTest {
  readonly op: 'updated';
  readonly type: number;
  readonly bounds: readonly Bound[];
}
export interface IdTest {
  readonly op: 'id';
  readonly type: number;
  readonly ids: readonly string[];
}

/** `type` is part of what a parameter's number stands for, so a predicate belongs to one resource type. */
export type Predicate =
  | { readonly op: 'all' }
  | { readonly op: 'none' }
  | { readonly op: 'and'; readonly of: readonly Predicate[] }
  | { readonly op: 'or'; readonly of: readonly Predicate[] }
  | { readonly op: 'not'; readonly of: Predicate }
  | { readonly op: 'present'; readonly params: readonly number[]; readonly kind: IndexKind }
  | KeyTest
  | RangeTest
  | TextTest
  | UpdatedTest
  | IdTest;

const ALL: Predicate = { op: 'all' };
const NONE: Predicate = { op: 'none' };

export function both(parts: readonly Predicate[]): Predicate {
  const flat = parts
    .flatMap((part) => (part.op === 'and' ? part.of : [part]))
    .filter((part) => part.op !== 'all');
  if (flat.some((part) => part.op === 'none')) return NONE;
  return flat.length > 1 ? { op: 'and', of: flat } : (flat[0] ?? ALL);
}

function either(parts: readonly Predicate[]): Predicate {
  const flat = parts
    .flatMap((part) => (part.op === 'or' ? part.of : [part]))
    .filter((part) => part.op !== 'none');
  if (flat.some((part) => part.op === 'all')) return ALL;
  return flat.length > 1 ? { op: 'or', of: flat } : (flat[0] ?? NONE);
}

function inverse(part: Predicate): Predicate {
  if (part.op === 'all') return NONE;
  if (part.op === 'none') return ALL;
  return part.op === 'not' ? part.of : { op: 'not', of: part };
}

/** Whether there is a row at all. */
export type HasRow = (param: number, key: number) => boolean;

/** Looks up all names of an expression on resources of one type. Where `hasRow` is given, groups and keys without rows are left out. */
export function resolve(names: Names, type: number, expression: Expression, hasRow?: HasRow): Predicate {
  switch (expression.op) {
    case 'all':
      return ALL;
    case 'none':
      return NONE;
    case 'and':
      return resolveAll(names, type, expression.of, hasRow);
    case 'or':
      return either(expression.of.map((part) => resolve(names, type, part, hasRow)));
    case 'not':
      return inverse(resolve(names, type, expression.of, hasRow));
    case 'id':
      return expression.ids.length > 0 ? { op: 'id', type, ids: expression.ids } : NONE;
    case 'updated':
      return expression.bounds.length > 0 ? { op: 'updated', type, bounds: expression.bounds } : ALL;
    case 'key':
    case 'range':
    case 'text':
    case 'present':
      return resolveLeaf(names, type, expression, hasRow);
  }
}

/** What comes after a part that finds nothing is not looked up. */
function resolveAll(
  names: Names,
  type: number,
  of: readonly Expression[],
  hasRow: HasRow | undefined,
): Predicate {
  const parts: Predicate[] = [];
  for (const part of of) {
    const one = resolve(names, type, part, hasRow);
    if (one.op === 'none') return NONE;
    parts.push(one);
  }
  return both(parts);
}

function resolveLeaf(
  names: Names,
  type: number,
  leaf: Extract<Expression, { op: 'key' | 'range' | 'text' | 'present' }>,
  hasRow: HasRow | undefined,
): Predicate {
  if (leaf.op === 'key') return resolveKey(names, type, leaf, hasRow);
  if (leaf.op === 'present' && leaf.kind === 'key') {
    const params = names.params(type, leaf.param);
    return params.length > 0 ? { op: 'present', params, kind: 'key' } : NONE;
  }
  const param = names.param(type, leaf.param);
  if (param === undefined) return NONE;
  if (leaf.op === 'range') {
    const key = unitKey(names, leaf.key);
    return key === undefined ? NONE : { op: 'range', param, key, bounds: leaf.bounds };
  }
  return leaf.op === 'text'
    ? { op: 'text', param, test: leaf.test, value: leaf.value }
    : { op: 'present', params: [param], kind: leaf.kind };
}

/** So many pairs of group and key are looked at to see whether they have rows. */
const MOST_PAIRS = 12;

function resolveKey(
  names: Names,
  type: number,
  leaf: Extract<Expression, { op: 'key' }>,
  hasRow: HasRow | undefined,
): Predicate {
  const all = names.params(type, leaf.param);
  if (all.length === 0) return NONE;
  const keys = [...new Set(leaf.keys.flatMap((key) => names.keys(key)))];
  if (keys.length === 0) return NONE;
  const pairs = all.length * keys.length;
  if (!hasRow || pairs === 1 || pairs > MOST_PAIRS) return { op: 'key', params: all, keys };
  const params = all.filter((param) => keys.some((key) => hasRow(param, key)));
  if (params.length === 0) return NONE;
  return { op: 'key', params, keys: keys.filter((key) => params.some((param) => hasRow(param, key))) };
}

/** Ranges without a unit stand under the key 0. */
function unitKey(names: Names, unit: string): number | undefined {
  return unit === '' ? 0 : names.term(unit);
}

/** Collects the values of a statement. The same value always gets a new place: the text then depends on the shape alone. */
export class Binding {
  readonly values: (number | string)[] = [];

  add(value: number | string): string {
    this.values.push(value);
    return `?${this.values.length}`;
  }
}

/** A sum, since SQLite prepares a statement anew whenever another value is bound to a bare place behind LIMIT. */
export const atMost = (limit: number, bind: Binding): string => `LIMIT ${bind.add(limit)} + 0`;

/** More keys than this are bound as one JSON text, so that the number of different statements stays small. */
const INLINE_KEYS = 8;

/** The condition that the resource `d.rid`, which is known to be live, satisfies the predicate. */
export function spell(predicate: Predicate, bind: Binding): string {
  switch (predicate.op) {
    case 'all':
      return '1';
    case 'none':
      return '0';
    case 'and':
      return predicate.of.map((part) => spell(part, bind)).join(' AND ');
    case 'or':
      return `(${predicate.of.map((part) => (part.op === 'and' ? `(${spell(part, bind)})` : spell(part, bind))).join(' OR ')})`;
    case 'not':
      return `NOT (${spell(predicate.of, bind)})`;
    case 'id':
      return `(SELECT id FROM resource WHERE rid = d.rid) IN ${list(predicate.ids, bind)}`;
    case 'updated':
      return `EXISTS (SELECT 1 FROM resource x WHERE x.rid = d.rid AND ${updatedBounds('x', predicate, bind)})`;
    case 'present':
      return `EXISTS (SELECT 1 FROM ${predicate.kind}_index x INDEXED BY ${predicate.kind}_of WHERE x.rid = d.rid AND ${oneOf('x.param', predicate.params, bind)})`;
    case 'key':
      return spellKey(predicate, bind);
    case 'range':
      return `EXISTS (SELECT 1 FROM range_index x INDEXED BY range_of WHERE x.rid = d.rid AND ${rangeCondition('x', predicate, bind)})`;
    case 'text':
      return `EXISTS (SELECT 1 FROM text_index x INDEXED BY text_of WHERE x.rid = d.rid AND ${textCondition('x', predicate, bind)})`;
  }
}

/** A few keys are looked up one by one in the table; many are compared with the few that the resource has. */
function spellKey(test: KeyTest, bind: Binding): string {
  const { params, keys } = test;
  if (params.length * keys.length > INLINE_KEYS) {
    const of = `x.rid = d.rid AND ${oneOf('x.param', params, bind)}`;
    return `EXISTS (SELECT 1 FROM key_index x INDEXED BY key_of WHERE ${of} AND +x.key IN ${list(keys, bind)})`;
  }
  return `EXISTS (SELECT 1 FROM key_index x NOT INDEXED WHERE ${keyCondition('x', test, bind)} AND x.rid = d.rid)`;
}

export function oneOf(column: string, values: readonly (number | string)[], bind: Binding): string {
  return values.length === 1 ? `${column} = ${bind.add(values[0]!)}` : `${column} IN ${list(values, bind)}`;
}

function list(values: readonly (number | string)[], bind: Binding): string {
  if (values.length > INLINE_KEYS)
    return `(SELECT value FROM json_each(${bind.add(JSON.stringify(values))}))`;
  return `(${values.map((value) => bind.add(value)).join(', ')})`;
}

export function keyCondition(alias: string, { params, keys }: KeyTest, bind: Binding): string {
  return `${oneOf(`${alias}.param`, params, bind)} AND ${oneOf(`${alias}.key`, keys, bind)}`;
}

export function rangeCondition(alias: string, { param, key, bounds }: RangeTest, bind: Binding): string {
  const ends = bounds.map(({ end, is, value }) => ` AND ${alias}.${end} ${is} ${bind.add(value)}`);
  return `${alias}.param = ${bind.add(param)} AND ${alias}.key = ${bind.add(key)}${ends.join('')}`;
}

/** `%` and `_` mean nothing here: a prefix is a range, a substring is found by instr. */
export function textCondition(alias: string, { param, test, value }: TextTest, bind: Binding): string {
  const of = `${alias}.param = ${bind.add(param)}`;
  switch (test) {
    case 'equals':
      return `${of} AND ${alias}.text = ${bind.add(value)}`;
    case 'exact':
      return `${of} AND ${alias}.exact = ${bind.add(value)}`;
    case 'ends':
      return `${of} AND substr(${alias}.text, length(${alias}.text) - length(${bind.add(value)}) + 1) = ${bind.add(value)}`;
    case 'contains':
      return `${of} AND instr(${alias}.text, ${bind.add(value)}) > 0`;
    case 'starts':
      return `${of} AND ${alias}.text >= ${bind.add(value)} AND ${alias}.text < ${bind.add(afterPrefix(value))}`;
  }
}

/** Greater than every text that begins so: U+10FFFF is no character and sorts last in UTF-8. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}\u{10ffff}`;
}

export function updatedBounds(alias: string, { bounds }: UpdatedTest, bind: Binding): string {
  return bounds.map(({ is, value }) => `${alias}.instant ${is} ${bind.add(value)}`).join(' AND ');
}

export function idCondition(alias: string, { type, ids }: IdTest, bind: Binding): string {
  return `${alias}.type = ${bind.add(type)} AND ${oneOf(`${alias}.id`, ids, bind)}`;
}
