/**
 * Resources within resources: contained ones, and the Composition or MessageHeader that begins a Bundle. Their index values stand on the resource around them,
 * under names that begin with the place of the inner one, so that what is asked of it is met by one and the same inner resource (docs/adr/0030-search-completed.md).
 * https://hl7.org/fhir/R4/search.html#contained, https://hl7.org/fhir/R4/bundle.html#search
 */
import { isObject, type JsonObject, type ResourceTree } from '../model/tree.ts';
import type { Bound, Expression } from './expression.ts';
import { CONTAINS, type IndexValue } from './index-value.ts';
import { every, no, some, type Asked, type Question } from './question.ts';

/** Contained resources of one type that are told apart; those beyond share the last place. */
export const PLACES = 8;

/** `#Medication/0`: the first Medication that a resource contains. */
const placeOf = (type: string, number: number): string => `#${type}/${Math.min(number, PLACES - 1)}`;
const placesOf = (type: string): string[] => Array.from({ length: PLACES }, (_, i) => placeOf(type, i));

/** What begins a Bundle, by the search parameter that leads to it. */
export const BUNDLE_HEADS: ReadonlyMap<string, string> = new Map([
  ['composition', 'Composition'],
  ['message', 'MessageHeader'],
]);

/** A contained resource, and its place among those of its type. */
export interface Contained {
  readonly place: string;
  readonly tree: ResourceTree;
}

export function containedIn({ contained }: JsonObject): Contained[] {
  if (!Array.isArray(contained)) return [];
  const counts = new Map<string, number>();
  return contained.filter(isResource).map((tree) => {
    const number = counts.get(tree.resourceType) ?? 0;
    counts.set(tree.resourceType, number + 1);
    return { place: placeOf(tree.resourceType, number), tree };
  });
}

export const isResource = (value: unknown): value is ResourceTree =>
  isObject(value as JsonObject) && typeof (value as JsonObject)['resourceType'] === 'string';

const ID = '_id';
const UPDATED = '_lastUpdated';

/** The index values of an inner resource as they stand on the outer one. */
export function placedValues(place: string, tree: ResourceTree, values: readonly IndexValue[]): IndexValue[] {
  const own = values
    .filter(({ param }) => !param.startsWith('#'))
    .map((value) => ({ ...value, param: `${place}.${value.param}` }));
  const { id, meta } = tree;
  if (typeof id === 'string') own.push({ kind: 'key', param: `${place}.${ID}`, key: id });
  const at = isObject(meta) ? Date.parse(String(meta['lastUpdated'])) : Number.NaN;
  if (Number.isFinite(at))
    own.push({ kind: 'range', param: `${place}.${UPDATED}`, key: '', low: at, high: at });
  return own;
}

/** What is asked of a resource, asked of the one at a place within. Nothing refers to an inner resource from outside, so a `_has` finds none. */
export function nested(question: Question, place: string): Question {
  switch (question.op) {
    case 'and':
      return every(...question.of.map((part) => nested(part, place)));
    case 'or':
      return some(...question.of.map((part) => nested(part, place)));
    case 'not':
      return no(nested(question.of, place));
    case 'id':
      return { op: 'key', param: `${place}.${ID}`, keys: question.ids };
    case 'updated':
      return updatedWithin(place, question.bounds);
    case 'has':
      return { op: 'none' };
    case 'chain':
      return { ...question, param: `${place}.${question.param}`, inside: undefined };
    case 'all':
    case 'none':
      return question;
    default:
      return { ...question, param: `${place}.${question.param}` };
  }
}

const updatedWithin = (place: string, bounds: readonly Bound[]): Expression => ({
  op: 'range',
  param: `${place}.${UPDATED}`,
  key: '',
  bounds,
});

/** Whether a question holds a `_has`. */
export function hasReverse(question: Question): boolean {
  if (question.op === 'and' || question.op === 'or') return question.of.some(hasReverse);
  return question.op === 'has' || (question.op === 'not' && hasReverse(question.of));
}

/** A contained resource answers one of the branches. */
export function contains(branches: readonly Asked[]): Question {
  const answers = branches.flatMap(({ type, where }) =>
    placesOf(type).map((place) => every(isAt(place), nested(where, place))),
  );
  // The first test is cheap, and for most resources the only one.
  return every(isAt(...branches.flatMap(({ type }) => placesOf(type))), some(...answers));
}

const isAt = (...keys: readonly string[]): Question => ({ op: 'key', param: CONTAINS, keys });

/** The reference `param` leads to a contained resource that answers one of the branches. */
export function leadsInside(param: string, branches: readonly Asked[]): Question {
  const answers = branches.flatMap(({ type, where }) =>
    placesOf(type).map((place) => every({ op: 'key', param, keys: [place] }, nested(where, place))),
  );
  return every(isAt(...branches.flatMap(({ type }) => placesOf(type))), some(...answers));
}
