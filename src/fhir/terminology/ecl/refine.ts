/**
 * Refinements: which concepts have relationships of a kind, in one group where the expression says so, and how many.
 * https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language (6.2 refinements, 6.3 cardinality)
 */
import type { ConceptIndex } from '../concept-index.ts';
import * as sets from '../concept-set.ts';
import {
  EclError,
  type Attribute,
  type Cardinality,
  type Comparison,
  type Ecl,
  type Refinement,
} from './parse.ts';

type ConceptSet = sets.ConceptSet;
type Evaluate = (tree: Ecl) => ConceptSet;

export function refine(
  index: ConceptIndex,
  base: ConceptSet,
  by: Refinement,
  evaluate: Evaluate,
): ConceptSet {
  switch (by.kind) {
    case 'and':
      return by.parts.map((one) => refine(index, base, one, evaluate)).reduce(sets.and);
    case 'or':
      return by.parts.map((one) => refine(index, base, one, evaluate)).reduce(sets.or);
    case 'group':
      return counted(index, base, countsOfGroups(index, base, by.of, evaluate), by.cardinality);
    case 'attribute':
      if (by.isReverse) return reversed(index, base, by, evaluate);
      return counted(index, base, countsOf(index, base, by, evaluate), by.cardinality);
  }
}

/** concept -> how often, of those that have it at all */
type Counts = ReadonlyMap<number, number>;

function counted(
  index: ConceptIndex,
  base: ConceptSet,
  counts: Counts,
  cardinality: Cardinality = SOME,
): ConceptSet {
  const { min, max } = cardinality;
  const within = sets.emptySet(index.size);
  const outside = sets.emptySet(index.size);
  for (const [id, count] of counts) sets.addBit(count >= min && count <= max ? within : outside, id);
  return min === 0 ? sets.minus(base, outside) : within;
}

const SOME: Cardinality = { min: 1, max: Infinity };

type Row = (source: number, group: number) => void;

/** Calls for each relationship of a concept of `base` that the attribute means. */
function eachMatch(
  index: ConceptIndex,
  base: ConceptSet,
  attribute: Attribute,
  evaluate: Evaluate,
  each: Row,
): void {
  const { name, value, comparison } = attribute;
  const types = typesOf(index, evaluate(name));
  if (value.kind === 'literal') {
    for (const type of types)
      for (const [text, rows] of index.concrete(type)) {
        if (!compares(text, comparison, value.value)) continue;
        for (let at = 0; at < rows.length; at += 2)
          if (sets.hasBit(base, rows[at]!)) each(rows[at]!, rows[at + 1]!);
      }
    return;
  }
  const targets = evaluate(value);
  const wanted = comparison === '=';
  for (const type of types) {
    const rows = index.attribute(type);
    if (!rows) continue;
    for (let at = 0; at < rows.length; at += 3)
      if (sets.hasBit(base, rows[at]!) && sets.hasBit(targets, rows[at + 2]!) === wanted)
        each(rows[at]!, rows[at + 1]!);
  }
}

const typesOf = (index: ConceptIndex, names: ConceptSet): readonly number[] =>
  index.attributeTypes.filter((type) => sets.hasBit(names, type));

function compares(kept: string, comparison: Comparison, value: number | string | boolean): boolean {
  const own = kept.startsWith('#') ? Number(kept.slice(1)) : kept.replace(/^"|"$/g, '');
  const other = typeof value === 'boolean' ? String(value) : value;
  if (typeof own !== typeof other) return false;
  switch (comparison) {
    case '=':
      return own === other;
    case '!=':
      return own !== other;
    case '<':
      return own < other;
    case '<=':
      return own <= other;
    case '>':
      return own > other;
    case '>=':
      return own >= other;
  }
}

function countsOf(index: ConceptIndex, base: ConceptSet, attribute: Attribute, evaluate: Evaluate): Counts {
  const counts = new Map<number, number>();
  eachMatch(index, base, attribute, evaluate, (source) => counts.set(source, (counts.get(source) ?? 0) + 1));
  return counts;
}

/** A place for each group of each concept. Group 0 says nothing together: each of its relationships is a group of its own. */
const MOST_GROUPS = 4096;

function countsOfGroups(index: ConceptIndex, base: ConceptSet, of: Refinement, evaluate: Evaluate): Counts {
  const counts = new Map<number, number>();
  for (const place of groupsOf(index, base, of, evaluate)) {
    const source = Math.floor(place / MOST_GROUPS);
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return counts;
}

function groupsOf(
  index: ConceptIndex,
  base: ConceptSet,
  of: Refinement,
  evaluate: Evaluate,
): ReadonlySet<number> {
  if (of.kind === 'group') throw new EclError('a group within a group means nothing');
  if (of.kind !== 'attribute') {
    const parts = of.parts.map((one) => groupsOf(index, base, one, evaluate));
    return parts.reduce((a, b) => (of.kind === 'and' ? both(a, b) : new Set([...a, ...b])));
  }
  if (of.isReverse) throw new EclError('a reversed attribute stands in no group');
  const { min, max } = of.cardinality ?? SOME;
  const counts = new Map<number, number>();
  const count = (source: number, group: number): void => {
    if (group === 0) return;
    const place = source * MOST_GROUPS + (group % MOST_GROUPS);
    counts.set(place, (counts.get(place) ?? 0) + 1);
  };
  eachMatch(index, base, of, evaluate, count);
  const found = new Set<number>();
  for (const [place, number] of counts) if (number >= min && number <= max) found.add(place);
  if (min > 0) return found;
  // Groups that have none of it count as well.
  const all = everyGroup(index, base);
  for (const [place, number] of counts) if (number > max) all.delete(place);
  return all;
}

const both = (a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> =>
  new Set([...a].filter((one) => b.has(one)));

function everyGroup(index: ConceptIndex, base: ConceptSet): Set<number> {
  const all = new Set<number>();
  for (const type of index.attributeTypes) {
    const rows = index.attribute(type);
    for (let at = 0; rows && at < rows.length; at += 3)
      if (rows[at + 1] !== 0 && sets.hasBit(base, rows[at]!))
        all.add(rows[at]! * MOST_GROUPS + (rows[at + 1]! % MOST_GROUPS));
  }
  return all;
}

/** Concepts of `base` that stand as value of a relationship of those that the attribute's value means. */
function reversed(
  index: ConceptIndex,
  base: ConceptSet,
  { name, value, comparison, cardinality }: Attribute,
  evaluate: Evaluate,
): ConceptSet {
  if (value.kind === 'literal') throw new EclError('a reversed attribute needs concepts as its value');
  const sources = evaluate(value);
  const counts = new Map<number, number>();
  for (const type of typesOf(index, evaluate(name))) {
    const rows = index.attribute(type);
    for (let at = 0; rows && at < rows.length; at += 3)
      if (sets.hasBit(sources, rows[at]!) === (comparison === '=') && sets.hasBit(base, rows[at + 2]!))
        counts.set(rows[at + 2]!, (counts.get(rows[at + 2]!) ?? 0) + 1);
  }
  return counted(index, base, counts, cardinality);
}

/** `A.attribute`: the values that concepts of A have for it. */
export function targetsOf(index: ConceptIndex, of: ConceptSet, names: ConceptSet): ConceptSet {
  const found = sets.emptySet(index.size);
  for (const type of typesOf(index, names)) {
    const rows = index.attribute(type);
    for (let at = 0; rows && at < rows.length; at += 3)
      if (sets.hasBit(of, rows[at]!)) sets.addBit(found, rows[at + 2]!);
  }
  return found;
}
