/**
 * An include or exclude of an imported code system, as a set of its concepts: filters become sets, kept while they are asked again.
 * https://hl7.org/fhir/R4/snomedct.html#filters, https://hl7.org/fhir/R4/valueset-filter-operator.html
 */
import type { ValueSetComposeInclude } from '@medplum/fhirtypes';
import type { ConceptIndex, IndexedGraph } from './concept-index.ts';
import * as sets from './concept-set.ts';
import { eclSet } from './ecl/evaluate.ts';
import { testOf, type IndexedMembers, type Member, type Part } from './part.ts';

type Filter = NonNullable<ValueSetComposeInclude['filter']>[number];

const KEPT = 100;
const kept = new WeakMap<ConceptIndex, Map<string, sets.ConceptSet | undefined>>();

export function indexedPart(
  graph: IndexedGraph,
  { filter = [], system = graph.url }: ValueSetComposeInclude,
  path: string,
  withInactive: boolean,
): Part {
  const { index } = graph;
  const member = (id: number): Member => {
    const concept = index.concept(id);
    return { system, version: graph.version, code: concept.code, concept, graph };
  };
  // What no set answers (a regular expression on names) is tested concept by concept.
  const tests = filter
    .filter((one) => filterSet(index, one) === undefined)
    .map((one) => testOf(graph, one, `${path}.filter[${filter.indexOf(one)}]`));
  const found = (): readonly sets.ConceptSet[] => filter.flatMap((one) => filterSet(index, one) ?? []);
  const whole = (): sets.ConceptSet => {
    const all = found().reduce<sets.ConceptSet>(sets.and, sets.fullSet(index.size));
    return withInactive ? all : sets.minus(all, index.inactive);
  };
  return {
    isTree: false,
    find(asked, code) {
      if (asked !== undefined && asked !== system) return [];
      const id = index.idOf(code);
      if (id === undefined || !found().every((set) => sets.hasBit(set, id))) return [];
      const one = member(id);
      const passes = (withInactive || !one.concept!.isInactive) && tests.every((test) => test(one.concept!));
      return passes ? [one] : [];
    },
    *members() {
      for (const id of sets.idsOf(whole())) {
        const one = member(id);
        if (tests.every((test) => test(one.concept!))) yield one;
      }
    },
    indexed: () => (tests.length > 0 ? undefined : { graph, set: whole() }),
  };
}

/** undefined: no set answers this filter. Throws TxRefusal for an expression that cannot be read. */
export function filterSet(index: ConceptIndex, filter: Filter): sets.ConceptSet | undefined {
  const own = kept.get(index) ?? new Map<string, sets.ConceptSet | undefined>();
  kept.set(index, own);
  const { property, op, value = '' } = filter;
  const key = `${property} ${op} ${value}`;
  if (own.has(key)) return own.get(key);
  const made = makeSet(index, property, op, value);
  if (own.size >= KEPT) own.delete(own.keys().next().value!);
  own.set(key, made);
  return made;
}

function makeSet(
  index: ConceptIndex,
  property: string,
  op: Filter['op'] | 'child-of' | 'descendent-leaf',
  value: string,
): sets.ConceptSet | undefined {
  if (value === '') return undefined;
  if ((property === 'constraint' || property === 'expression') && op === '=') return eclSet(index, value);
  if (property === 'expressions' && op === '=') return sets.fullSet(index.size);
  const values = (): readonly string[] => value.split(',').map((one) => one.trim());
  const any = (): sets.ConceptSet =>
    union(
      index,
      values().map((one) => equalSet(index, property, one)),
    );
  switch (op) {
    case '=':
      return equalSet(index, property, value);
    case 'in':
      return membersOrCodes(index, property, value) ?? any();
    case 'not-in':
      return sets.minus(sets.fullSet(index.size), membersOrCodes(index, property, value) ?? any());
    case 'exists':
      return existing(index, property, value === 'true');
    default:
      return hierarchySet(index, op, value);
  }
}

export const union = (index: ConceptIndex, all: readonly sets.ConceptSet[]): sets.ConceptSet =>
  all.reduce<sets.ConceptSet>(sets.or, sets.emptySet(index.size));

/** Concepts of which a property has this value. */
export function equalSet(index: ConceptIndex, property: string, value: string): sets.ConceptSet {
  const id = index.idOf(value);
  const one = id === undefined ? [] : [id];
  if (property === 'concept' || property === 'code') return sets.setOf(index.size, one);
  if (property === 'parent')
    return sets.setOf(
      index.size,
      one.flatMap((own) => index.children(own)),
    );
  if (property === 'child')
    return sets.setOf(
      index.size,
      one.flatMap((own) => index.parents(own)),
    );
  const found = [...index.values(property, value)].map(([, set]) => set);
  const type = index.idOf(property);
  const rows = type === undefined || id === undefined ? undefined : index.attribute(type);
  const related = sets.emptySet(index.size);
  for (let at = 0; rows && at < rows.length; at += 3)
    if (rows[at + 2] === id) sets.addBit(related, rows[at]!);
  return union(index, [...found, related]);
}

/** `concept in X` means the members of reference set X where there is one. */
function membersOrCodes(index: ConceptIndex, property: string, value: string): sets.ConceptSet | undefined {
  const id = property === 'concept' ? index.idOf(value) : undefined;
  return id === undefined ? undefined : index.members(id);
}

function existing(index: ConceptIndex, property: string, wanted: boolean): sets.ConceptSet {
  const type = index.idOf(property);
  const rows = type === undefined ? undefined : index.attribute(type);
  const set = union(
    index,
    [...index.values(property)].map(([, one]) => one),
  );
  for (let at = 0; rows && at < rows.length; at += 3) sets.addBit(set, rows[at]!);
  return wanted ? set : sets.minus(sets.fullSet(index.size), set);
}

function hierarchySet(
  index: ConceptIndex,
  op: string | undefined,
  value: string,
): sets.ConceptSet | undefined {
  if (!HIERARCHY.includes(op ?? '')) return undefined;
  const id = index.idOf(value);
  const all = sets.fullSet(index.size);
  if (id === undefined) return op === 'is-not-a' ? all : sets.emptySet(index.size);
  const below = index.below(id);
  const self = sets.setOf(index.size, [id]);
  switch (op) {
    case 'is-a':
      return sets.or(below, self);
    case 'descendent-of':
      return below;
    case 'is-not-a':
      return sets.minus(all, sets.or(below, self));
    case 'generalizes':
      return sets.setOf(index.size, [id, ...index.above(id)]);
    case 'child-of':
      return sets.setOf(index.size, index.children(id));
    default:
      return sets.minus(below, index.inner);
  }
}

const HIERARCHY = ['is-a', 'descendent-of', 'is-not-a', 'generalizes', 'child-of', 'descendent-leaf'];

/** Where a set is taken from one of another version, single codes are compared instead. */
export function indexedMembers(
  includes: readonly Part[],
  excludes: readonly Part[],
): readonly IndexedMembers[] | undefined {
  const found: IndexedMembers[] = [];
  for (const part of includes) {
    const one = part.indexed?.();
    if (!one) return undefined;
    const at = found.findIndex(({ graph }) => graph === one.graph);
    if (at === -1) found.push(one);
    else found[at] = { graph: one.graph, set: sets.or(found[at]!.set, one.set) };
  }
  for (const part of excludes) {
    const out = part.indexed?.();
    if (!out || found.some(({ graph }) => graph.url === out.graph.url && graph !== out.graph))
      return undefined;
    for (const [at, { graph, set }] of found.entries())
      if (graph === out.graph) found[at] = { graph, set: sets.minus(set, out.set) };
  }
  return found.length > 0 ? found : undefined;
}
