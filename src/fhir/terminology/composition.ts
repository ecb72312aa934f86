/**
 * What a ValueSet is made of, for one question: membership of a code, and the members one by one. Versions are settled here: what an include names, what the
 * question says, else the newest. https://hl7.org/fhir/R4/valueset.html#compositions
 */
import type { ValueSet, ValueSetComposeInclude, ValueSetExpansionContains } from '@medplum/fhirtypes';
import type { CodeSystemGraph, Concept } from './code-system.ts';
import { GRAMMARS } from './grammar.ts';
import { TxRefusal } from './issue.ts';
import { isIndexed } from './concept-index.ts';
import { indexedMembers, indexedPart } from './indexed-part.ts';
import { fixed, grammarPart, testOf, type IndexedMembers, type Member, type Part } from './part.ts';
import { versionsBySystem } from './question.ts';
import { expansionParameter, settle, type Rules, type Settled, type Used } from './settle.ts';
import { canonicalOf, compareVersions } from './world.ts';

export interface Composition {
  readonly resource: ValueSet;
  readonly used: Used;
  /** members with this code; `system` undefined: of any system. More than one where several versions are included */
  find(system: string | undefined, code: string, version?: string): readonly Member[];
  /** in the order of the value set, each once */
  members(): Iterable<Member>;
  /** members stand below others of their code system */
  readonly isTree: boolean;
  /** all members as sets of imported code systems, in the order of the value set; undefined: some are not */
  indexed(): readonly IndexedMembers[] | undefined;
  /** the graph of a system as this question means it; undefined: not at hand */
  graphOf(system: string, version?: string): CodeSystemGraph | undefined;
}

export function compose(
  rules: Rules,
  resource: ValueSet,
  stack: readonly string[] = [],
  used = nothing(),
): Composition {
  const canonical = canonicalOf(resource);
  if (stack.includes(canonical) || stack.length > MOST_DEPTH)
    throw circular(canonical, [...stack, canonical]);
  const settled = settle(rules, resource, used);
  const within = [...stack, canonical];
  const { compose: composed, expansion } = resource;
  const part =
    (path: string) =>
    (one: ValueSetComposeInclude, at: number): Part =>
      partOf(settled, one, `ValueSet.compose.${path}[${at}]`, within, composed?.inactive !== false);
  const includes = composed
    ? composed.include.map(part('include'))
    : [fixed((expansion?.contains ?? []).flatMap((one) => contained(settled, one)))];
  const excludes = (composed?.exclude ?? []).map((one, at) => ({
    part: part('exclude')(one, at),
    isWhole: isWhole(one),
  }));
  const isExcluded = (member: Member): boolean =>
    excludes.some(({ part: one, isWhole: anyVersion }) =>
      one
        .find(member.system, member.code)
        .some((out) => anyVersion || settled.versionsMatch || out.version === member.version),
    );
  return {
    resource,
    used,
    isTree: includes.every(({ isTree }) => isTree),
    indexed: () =>
      indexedMembers(
        includes,
        excludes.map((one) => one.part),
      ),
    graphOf: (system, version) => settled.graphOf(system, version),
    find: (system, code, version) =>
      distinct(
        includes.flatMap((one) => one.find(system, code)),
        false,
      ).filter(
        (member) =>
          (version === undefined || member.version === undefined || member.version === version) &&
          !isExcluded(member),
      ),
    members: () => {
      const all = distinctMembers(includes, isExcluded, settled.versionsMatch);
      return settled.versionsMatch ? withNewest(all, includes) : all;
    },
  };
}

const nothing = (): Used => ({
  systems: new Set(),
  sets: new Set(),
  supplements: new Set(),
  unknown: new Set(),
});
const MOST_DEPTH = 50;

const isWhole = ({ concept, filter, valueSet }: ValueSetComposeInclude): boolean =>
  !concept && !filter && !valueSet;

function circular(canonical: string, chain: readonly string[]): TxRefusal {
  const text = `Cyclic reference detected when including ${canonical} via ${JSON.stringify(chain.map((one) => one.split('|')[0]))}`;
  return new TxRefusal(422, {
    code: 'processing',
    type: 'vs-invalid',
    text,
    message: 'VALUESET_CIRCULAR_REFERENCE',
  });
}

const key = (member: Member, versionsMatch: boolean): string =>
  versionsMatch
    ? `${member.system}|${member.code}`
    : `${member.system}|${member.version ?? ''}|${member.code}`;

function distinct(members: readonly Member[], versionsMatch: boolean): readonly Member[] {
  const seen = new Set<string>();
  return members.filter((member) => {
    const name = key(member, versionsMatch);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function* distinctMembers(
  includes: readonly Part[],
  isExcluded: (member: Member) => boolean,
  versionsMatch: boolean,
): Generator<Member> {
  const seen = new Set<string>();
  for (const include of includes) {
    for (const member of include.members()) {
      const name = key(member, versionsMatch);
      if (seen.has(name) || isExcluded(member)) continue;
      seen.add(name);
      yield member;
    }
  }
}

/** Where versions count as one, a code is shown as the newest one that has it. */
function* withNewest(members: Iterable<Member>, includes: readonly Part[]): Generator<Member> {
  for (const member of members) {
    const all = includes.flatMap((one) => one.find(member.system, member.code));
    const newest = all.reduce((a, b) => (compareVersions(a.version, b.version) >= 0 ? a : b), member);
    yield { ...member, version: newest.version };
  }
}

/** Codes of different versions of a code system were held to be the same. */
export function crossesVersions({ resource }: Composition): boolean {
  if (expansionParameter(resource, 'versionsMatch') !== undefined)
    return expansionParameter(resource, 'versionsMatch') === 'true';
  const { include = [], exclude = [] } = resource.compose ?? {};
  return exclude.some(
    (out) => isWhole(out) && include.some((one) => one.system === out.system && one.version !== out.version),
  );
}

function partOf(
  settled: Settled,
  include: ValueSetComposeInclude,
  path: string,
  stack: readonly string[],
  withInactive: boolean,
): Part {
  const sets = (include.valueSet ?? []).map((canonical) => imported(settled, canonical, stack));
  const own = include.system === undefined ? undefined : systemPart(settled, include, path, withInactive);
  if (sets.length === 0) return own ?? fixed([]);
  const only = !own && sets.length === 1 ? sets[0] : undefined;
  const inAll = (member: Member, others: readonly Composition[]): boolean =>
    others.every((set) => set.find(member.system, member.code).length > 0);
  return {
    isTree: own?.isTree ?? false,
    indexed() {
      const all = only?.indexed();
      return all?.length === 1 ? all[0] : undefined;
    },
    find: (system, code) =>
      (own ? own.find(system, code) : sets[0]!.find(system, code)).filter((member) =>
        inAll(member, own ? sets : sets.slice(1)),
      ),
    *members() {
      const [first, others] = own ? [own.members(), sets] : [sets[0]!.members(), sets.slice(1)];
      for (const member of first) if (inAll(member, others)) yield member;
    },
  };
}

/** A value set that is drawn into another one. Throws TxRefusal where it is not at hand. */
function imported(settled: Settled, canonical: string, stack: readonly string[]): Composition {
  if (canonical.startsWith('#'))
    return compose(settled, containedSet(settled.resource, canonical), stack, settled.used);
  const [url = '', version] = canonical.split('|');
  const pinned = version ?? versionsBySystem(settled.question.texts('default-valueset-version')).get(url);
  const found = settled.world.valueSet(url, pinned);
  if (!found)
    throw notAtHand(
      pinned === undefined ? url : `${url}|${pinned}`,
      version === undefined && pinned !== undefined,
    );
  settled.used.sets.add(canonicalOf(found));
  return compose(settled, found, stack, settled.used);
}

function containedSet({ contained = [] }: ValueSet, reference: string): ValueSet {
  const found = contained.find((one) => one.resourceType === 'ValueSet' && one.id === reference.slice(1));
  if (found) return found as ValueSet;
  throw notAtHand(reference);
}

/** A value set that something names and nobody has. */
export function notAtHand(canonical: string, isPinned = false): TxRefusal {
  const text = `A definition for the value Set '${canonical}' could not be found`;
  const message = isPinned ? 'VS_EXP_IMPORT_UNK_PINNED' : 'Unable_to_resolve_value_Set_';
  return new TxRefusal(404, { code: 'not-found', type: 'not-found', text, message });
}

function systemPart(
  settled: Settled,
  include: ValueSetComposeInclude,
  path: string,
  withInactive: boolean,
): Part {
  const url = include.system!;
  const graph = settled.graphOf(url, include.version);
  if (include.concept) return listedPart(settled, include, graph, withInactive);
  const grammar = GRAMMARS.get(url);
  if (!graph && grammar && !include.filter) return grammarPart(url, grammar);
  if (!graph || graph.content === 'not-present') {
    settled.used.unknown.add(url);
    return fixed([]);
  }
  if (isIndexed(graph)) return indexedPart(graph, include, path, withInactive);
  const tests = (include.filter ?? []).map((filter, at) => testOf(graph, filter, `${path}.filter[${at}]`));
  const passes = (concept: Concept): boolean =>
    (withInactive || !concept.isInactive) && tests.every((test) => test(concept));
  const member = (concept: Concept): Member => ({
    system: url,
    version: graph.version,
    code: concept.code,
    concept,
    graph,
  });
  return {
    isTree: true,
    find: (system, code) => {
      if (system !== undefined && system !== url) return [];
      const concept = graph.find(code);
      return concept && passes(concept) ? [member(concept)] : [];
    },
    *members() {
      for (const concept of graph.concepts) if (passes(concept)) yield member(concept);
    },
  };
}

function listedPart(
  settled: Settled,
  include: ValueSetComposeInclude,
  graph: CodeSystemGraph | undefined,
  withInactive: boolean,
): Part {
  const url = include.system!;
  if (!graph && !GRAMMARS.has(url)) settled.used.unknown.add(url);
  const members = include.concept!.flatMap((listed): Member[] => {
    const concept = graph?.find(listed.code);
    // A whole code system that lacks the code says that there is none; a part of one cannot.
    if (graph?.content === 'complete' && !concept) return [];
    if (concept?.isInactive && !withInactive) return [];
    return [
      {
        system: url,
        version: graph?.version ?? include.version,
        code: concept?.code ?? listed.code,
        concept,
        graph,
        listed,
      },
    ];
  });
  return fixed(members, graph?.isCaseSensitive === false);
}

/** The codes of a stored expansion. */
function contained(settled: Settled, one: ValueSetExpansionContains): Member[] {
  const below = (one.contains ?? []).flatMap((inner) => contained(settled, inner));
  if (one.code === undefined || one.system === undefined) return below;
  const graph = settled.graphOf(one.system, one.version);
  const concept = graph?.find(one.code);
  return [
    {
      system: one.system,
      version: one.version ?? graph?.version,
      code: one.code,
      concept,
      graph,
      contains: one,
    },
    ...below,
  ];
}
