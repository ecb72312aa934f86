/** What an expression of ECL stands for, as a set of concepts. https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language */
import type { ConceptIndex } from '../concept-index.ts';
import * as sets from '../concept-set.ts';
import { TxRefusal } from '../issue.ts';
import { EclError, parseEcl, type ConceptFilter, type Ecl, type Operator } from './parse.ts';
import { refine, targetsOf } from './refine.ts';

type Set = sets.ConceptSet;

/** Throws TxRefusal that says where the expression cannot be read. */
export function eclSet(index: ConceptIndex, text: string): Set {
  try {
    return evaluate(index, parseEcl(text));
  } catch (error) {
    if (!(error instanceof EclError)) throw error;
    const message = `The ECL expression cannot be read: ${error.message}`;
    throw new TxRefusal(422, {
      code: 'invalid',
      type: 'vs-invalid',
      text: message,
      message: 'ECL_NOT_UNDERSTOOD',
    });
  }
}

export function evaluate(index: ConceptIndex, tree: Ecl): Set {
  const of = (one: Ecl): Set => evaluate(index, one);
  switch (tree.kind) {
    case 'any':
      return sets.minus(sets.fullSet(index.size), index.inactive);
    case 'concept': {
      const id = index.idOf(tree.code);
      return sets.setOf(index.size, id === undefined ? [] : [id]);
    }
    case 'and':
      return tree.parts.map(of).reduce(sets.and);
    case 'or':
      return tree.parts.map(of).reduce(sets.or);
    case 'minus':
      return tree.parts.map(of).reduce(sets.minus);
    case 'members':
      return membersOf(index, tree.of.kind === 'any' ? index.refsets : sets.idsOf(of(tree.of)));
    case 'hierarchy':
      return hierarchy(index, tree.operator, of(tree.of), tree.of.kind === 'any');
    case 'refined':
      return refine(index, of(tree.of), tree.by, of);
    case 'dotted':
      return targetsOf(index, of(tree.of), of(tree.attribute));
    case 'filtered':
      return tree.filters.reduce((set, one) => filtered(index, set, one), of(tree.of));
  }
}

function membersOf(index: ConceptIndex, refsets: Iterable<number>): Set {
  const found = sets.emptySet(index.size);
  for (const refset of refsets) {
    const members = index.members(refset);
    if (members) for (let at = 0; at < found.length; at++) found[at]! |= members[at]!;
  }
  return found;
}

function hierarchy(index: ConceptIndex, operator: Operator, of: Set, isAny: boolean): Set {
  // Everything is below the root, and the root above everything: no need to ask each.
  if (isAny && (operator === '<<' || operator === '>>')) return of;
  switch (operator) {
    case '<':
    case '<<':
      return operator === '<' ? belowAll(index, of) : sets.or(of, belowAll(index, of));
    case '>':
    case '>>':
      return sets.setOf(
        index.size,
        each(of, (id) => index.above(id), operator === '>>'),
      );
    case '<!':
    case '<<!':
      return sets.setOf(
        index.size,
        each(of, (id) => index.children(id), operator === '<<!'),
      );
    case '>!':
    case '>>!':
      return sets.setOf(
        index.size,
        each(of, (id) => index.parents(id), operator === '>>!'),
      );
    case '!!>':
      return sets.minus(of, belowAll(index, of));
    case '!!<':
      return sets.minus(
        of,
        sets.setOf(
          index.size,
          each(of, (id) => index.above(id), false),
        ),
      );
  }
}

function* each(of: Set, next: (id: number) => readonly number[], withSelf: boolean): Generator<number> {
  for (const id of sets.idsOf(of)) {
    if (withSelf) yield id;
    yield* next(id);
  }
}

/** What is below one that has been met is known to be below: it is not asked again. */
function belowAll(index: ConceptIndex, of: Set): Set {
  const found = sets.emptySet(index.size);
  for (const id of sets.idsOf(sets.and(of, index.inner))) {
    if (sets.hasBit(found, id)) continue;
    const below = index.below(id);
    for (let at = 0; at < found.length; at++) found[at]! |= below[at]!;
  }
  return found;
}

function filtered(index: ConceptIndex, set: Set, filter: ConceptFilter): Set {
  const found = filter.kind === 'term' ? termSet(index, filter) : propertySet(index, filter);
  return filter.isNot ? sets.minus(set, found) : sets.and(set, found);
}

function termSet(index: ConceptIndex, { isWild, terms }: ConceptFilter & { kind: 'term' }): Set {
  if (isWild) throw new EclError('term filters match beginnings of words here: wild is not supported');
  return terms.map((term) => index.named(term.split(/\s+/))).reduce(sets.or, sets.emptySet(index.size));
}

function propertySet(index: ConceptIndex, { property, values }: ConceptFilter & { kind: 'property' }): Set {
  const all = sets.fullSet(index.size);
  const one = (value: string): Set => {
    if (property === 'active') return value === 'true' ? sets.minus(all, index.inactive) : index.inactive;
    return [...index.values(property, value)].map(([, set]) => set)[0] ?? sets.emptySet(index.size);
  };
  return values.map(one).reduce(sets.or, sets.emptySet(index.size));
}
