/**
 * The MongoDB reader of a search plan: filter, sort and, for sorts by parameter, computed fields. All values are data: they stand behind
 * an operator of ours or in a `$literal`, so none can become an operator or a field path.
 * https://www.mongodb.com/docs/manual/reference/operator/query/
 */
import type { Document, Filter } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { Bound, Expression } from '../../fhir/search/expression.ts';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { SearchPlan, SortKey } from '../../fhir/search/plan.ts';
import { entriesFrom, entry, EXACT, KEY, plain, successor, TEXT, type ResourceDocument } from './layout.ts';

type Condition = Filter<ResourceDocument>;

/** One field of the order, 1 ascending or -1 descending. */
export interface SortField {
  readonly name: string;
  readonly direction: 1 | -1;
}

export interface CompiledSearch {
  readonly filter: Condition;
  /** computed from the index values before the sort; undefined when the stored fields will do */
  readonly computed: Document | undefined;
  /** ends with a field that no two resources share */
  readonly order: readonly SortField[];
}

const NOTHING: Condition = { _id: { $in: [] } };

export function compileSearch(plan: SearchPlan): CompiledSearch {
  const single = plan.branches.length === 1;
  const keys = plan.sort.map((key, i) => compileSortKey(key, i, single));
  const computed = Object.assign({}, ...keys.map((key) => key.computed)) as Document;
  return {
    filter: compileUntil(compileBranches(plan), plan),
    computed: Object.keys(computed).length > 0 ? computed : undefined,
    order: totalOrder(keys.flatMap((key) => key.order)),
  };
}

const compileUntil = (filter: Condition, { until }: SearchPlan): Condition =>
  until === undefined || filter === NOTHING ? filter : { $and: [filter, { o: { $lte: until } }] };

/** Ends with a field that no two resources share, and names no field twice. */
function totalOrder(fields: readonly SortField[]): SortField[] {
  const order = [...fields, { name: 'o', direction: -1 as const }];
  const unique = order.findIndex(({ name }) => name === 'o' || name === '_id');
  return order
    .slice(0, unique + 1)
    .filter(({ name }, i) => order.findIndex((one) => one.name === name) === i);
}

/** The resources that a plan means, without its position. */
export function compileBranches({ branches }: Pick<SearchPlan, 'branches'>): Condition {
  const open = branches.filter(({ where }) => where.op === 'all').map(({ type }) => type);
  const parts: Condition[] = branches
    .filter(({ where }) => where.op !== 'all' && where.op !== 'none')
    .map(({ type, where }) => ({ $and: [{ t: type }, compileExpression(where, type)] }));
  if (open.length > 0) parts.unshift({ t: open.length === 1 ? open[0]! : { $in: open } });
  return parts.length === 0 ? NOTHING : parts.length === 1 ? parts[0]! : { $or: parts };
}

/** An Expression on the resources of one type as a filter. */
export function compileExpression(expression: Expression, type: string): Condition {
  const all = (of: readonly Expression[]): Condition[] => of.map((part) => compileExpression(part, type));
  switch (expression.op) {
    case 'all':
      return {};
    case 'none':
      return NOTHING;
    case 'and':
      return expression.of.length > 0 ? { $and: all(expression.of) } : {};
    case 'or':
      return expression.of.length > 0 ? { $or: all(expression.of) } : NOTHING;
    case 'not':
      return { $nor: all([expression.of]) };
    case 'id':
      return { _id: oneOf(expression.ids.map((id) => `${type}/${id}`)) };
    case 'updated':
      return { $and: [{}, ...expression.bounds.map((bound) => ({ at: comparison(bound) }))] };
    case 'key':
      return keyCondition(expression.param, expression.keys);
    case 'range':
      return rangeCondition(entry(expression.param, KEY, expression.key), expression.bounds);
    case 'text':
      return textCondition(expression);
    case 'present':
      return presentCondition(expression);
  }
}

const oneOf = (values: readonly string[]): { $eq: string } | { $in: string[] } =>
  values.length === 1 ? { $eq: values[0]! } : { $in: [...values] };

const COMPARE = { '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const;
const comparison = ({ is, value }: Bound): Record<string, number> => ({ [COMPARE[is]]: value });

function keyCondition(param: string, keys: readonly string[]): Condition {
  return param === REFERENCE ? { f: oneOf(keys) } : { k: oneOf(keys.map((key) => entry(param, KEY, key))) };
}

/**
 * `$elemMatch`: one and the same element must satisfy all bounds. What bounds the high end from above bounds the low end too, and it is the low
 * end that the index is ordered by.
 */
function rangeCondition(p: string, bounds: readonly Bound[]): Condition {
  const implied = bounds.filter(({ end, is }) => end === 'high' && is.startsWith('<'));
  const ends = [...bounds, ...implied.map((bound): Bound => ({ ...bound, end: 'low' }))];
  return { r: { $elemMatch: { $and: [{ p }, ...ends.map(boundOn)] } } };
}

const boundOn = (bound: Bound): Document => ({ [bound.end === 'low' ? 'l' : 'h']: comparison(bound) });

function textCondition({ param, test, value }: Extract<Expression, { op: 'text' }>): Condition {
  switch (test) {
    case 'exact':
      return { k: { $eq: entry(param, EXACT, value) } };
    case 'equals':
      return { k: { $eq: entry(param, TEXT, value) } };
    case 'starts':
      return { k: { $elemMatch: between(entriesFrom(param, TEXT, value)) } };
    case 'contains':
    case 'ends': {
      const $regex = containing(param, value) + (test === 'ends' ? '\\z' : '');
      return { k: { $elemMatch: { ...between(entriesFrom(param, TEXT)), $regex } } };
    }
  }
}

/** The server refuses longer patterns; no name is that long. */
const MOST_CHARACTERS = 8_000;

function containing(param: string, value: string): string {
  if (value.length > MOST_CHARACTERS) {
    throw fault('too-costly', `A text to look for has at most ${MOST_CHARACTERS} characters here`);
  }
  return `(?s)^${escapePattern(entry(param, TEXT, ''))}.*${escapePattern(plain(value))}`;
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|\-#/]/g, '\\$&');

const between = ({ from, to }: { from: string; to: string }): { $gte: string; $lt: string } => ({
  $gte: from,
  $lt: to,
});

function presentCondition({ param, kind }: Extract<Expression, { op: 'present' }>): Condition {
  if (kind === 'range') return { r: { $elemMatch: { p: between(entriesFrom(param, KEY)) } } };
  if (param === REFERENCE && kind === 'key') return { 'f.0': { $exists: true } };
  return { k: { $elemMatch: between(entriesFrom(param, kind === 'key' ? KEY : TEXT)) } };
}

interface CompiledSortKey {
  readonly computed?: Document;
  readonly order: readonly SortField[];
}

function compileSortKey(key: SortKey, place: number, single: boolean): CompiledSortKey {
  const direction = key.descending ? -1 : 1;
  switch (key.by) {
    case 'created':
      return { order: [{ name: 'o', direction }] };
    case 'updated':
      return { order: [{ name: 'at', direction }] };
    case 'id':
      // Within one type `_id` has the same order, and an index.
      return { order: [{ name: single ? '_id' : 'i', direction }] };
    case 'param':
      return paramOrder(key, `_s${place}`, direction);
  }
}

/** The smallest or largest value, and before it whether there is one: MongoDB would sort resources without a value first. */
function paramOrder(
  key: Extract<SortKey, { by: 'param' }>,
  name: string,
  direction: 1 | -1,
): CompiledSortKey {
  const least = {
    [direction === 1 ? '$min' : '$max']: key.kind === 'range' ? lows(key.param) : entries(key),
  };
  return {
    computed: { [name]: { $ifNull: [least, null] } },
    order: [
      { name: `${name}_absent`, direction: 1 },
      { name, direction },
    ],
  };
}

function entries({ param, kind, prefix = '' }: Extract<SortKey, { by: 'param' }>): Document {
  if (kind === 'text') return filtered('$k', '$$one', entriesFrom(param, TEXT));
  if (param === REFERENCE) return filtered('$f', '$$one', { from: prefix, to: successor(prefix) });
  return filtered('$k', '$$one', entriesFrom(param, KEY, prefix));
}

function lows(param: string): Document {
  return { $map: { input: filtered('$r', '$$one.p', entriesFrom(param, KEY)), as: 'one', in: '$$one.l' } };
}

function filtered(input: string, value: string, { from, to }: { from: string; to: string }): Document {
  const cond = { $and: [{ $gte: [value, { $literal: from }] }, { $lt: [value, { $literal: to }] }] };
  return { $filter: { input: { $ifNull: [input, []] }, as: 'one', cond } };
}

/** The stages that add the computed fields of an order. */
export function computeStages(computed: Document): Document[] {
  const absent = Object.keys(computed).map((name) => [
    `${name}_absent`,
    { $cond: [{ $eq: [`$${name}`, null] }, 1, 0] },
  ]);
  return [{ $set: computed }, { $set: Object.fromEntries(absent) as Document }];
}

/** What comes after the resource with these values in the order: greater in the first field, or equal there and greater in the next … */
export function afterPosition(order: readonly SortField[], values: readonly unknown[]): Document {
  const alternatives = order.map(({ name, direction }, i) => ({
    ...Object.fromEntries(order.slice(0, i).map((field, j) => [field.name, { $eq: values[j] }])),
    [name]: { [direction === 1 ? '$gt' : '$lt']: values[i] },
  }));
  return alternatives.length === 1 ? alternatives[0]! : { $or: alternatives };
}

export const sortDocument = (order: readonly SortField[]): Record<string, 1 | -1> =>
  Object.fromEntries(order.map(({ name, direction }) => [name, direction]));
