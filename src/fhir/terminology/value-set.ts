/**
 * A ValueSet compiled to a test of membership and to a list. What cannot be known here (a code system that is not at hand) is said, never guessed.
 * https://hl7.org/fhir/R4/valueset.html#compositions
 */
import type { ValueSet, ValueSetComposeInclude, ValueSetExpansionContains } from '@medplum/fhirtypes';
import type { CodeSystemGraph, Concept } from './code-system.ts';
import { filterTest, type ConceptTest } from './filter.ts';
import { GRAMMARS } from './grammar.ts';

/** `unknown`: a code system or value set that decides it is not at hand. */
export type Membership = 'in' | 'out' | 'unknown';

export interface Member {
  readonly system: string;
  readonly version?: string;
  readonly code: string;
  readonly display?: string;
  readonly concept?: Concept;
}

export interface CompiledValueSet {
  readonly url: string;
  readonly version: string | undefined;
  /** `system` undefined: a bare code, as an element of type `code` has it; any system of the set will do */
  has(system: string | undefined, code: string): Membership;
  /** the members; stops after `limit` */
  members(limit: number): Iterable<Member>;
  /** code systems and value sets that would be needed to know all of it; empty: it is whole */
  readonly missing: ReadonlySet<string>;
}

/** Where a compiled set finds what it refers to. */
export interface Shelf {
  codeSystem(url: string, version?: string): CodeSystemGraph | undefined;
  /** undefined: not at hand; also where it is being compiled already (a cycle) */
  valueSet(canonical: string): CompiledValueSet | undefined;
}

/** One include or exclude. */
interface Part {
  readonly system: string | undefined;
  has(system: string | undefined, code: string): Membership;
  members(): Iterable<Member>;
}

export function compileValueSet(shelf: Shelf, resource: ValueSet): CompiledValueSet {
  const missing = new Set<string>();
  const { compose, expansion } = resource;
  const part = (one: ValueSetComposeInclude): Part =>
    partOf(shelf, one, compose?.inactive !== false, missing);
  const includes = compose ? compose.include.map(part) : [listed(membersOf(expansion?.contains ?? []))];
  const excludes = (compose?.exclude ?? []).map(part);
  if (!compose && !expansion) missing.add(resource.url ?? 'its content');
  return {
    url: resource.url ?? '',
    version: resource.version,
    missing,
    has(system, code) {
      const within = any(includes, system, code);
      if (within === 'out' || excludes.length === 0) return within;
      const without = any(excludes, system, code);
      if (without === 'in') return 'out';
      return without === 'unknown' ? 'unknown' : within;
    },
    *members(limit) {
      const seen = new Set<string>();
      for (const include of includes) {
        for (const member of include.members()) {
          const key = `${member.system}|${member.code}`;
          if (seen.has(key) || any(excludes, member.system, member.code) === 'in') continue;
          if (seen.size >= limit) return;
          seen.add(key);
          yield member;
        }
      }
    },
  };
}

function any(parts: readonly Part[], system: string | undefined, code: string): Membership {
  let answer: Membership = 'out';
  for (const part of parts) {
    const one = part.has(system, code);
    if (one === 'in') return 'in';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

/** All of several conditions: one `out` decides. */
function every(answers: Iterable<Membership>): Membership {
  let answer: Membership = 'in';
  for (const one of answers) {
    if (one === 'out') return 'out';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

function partOf(
  shelf: Shelf,
  include: ValueSetComposeInclude,
  withInactive: boolean,
  missing: Set<string>,
): Part {
  const sets = (include.valueSet ?? []).map((canonical) => {
    const set = shelf.valueSet(canonical);
    if (!set) missing.add(canonical);
    else for (const one of set.missing) missing.add(one);
    return set;
  });
  const own = include.system === undefined ? undefined : systemPart(shelf, include, withInactive, missing);
  if (sets.length === 0) return own ?? listed([]);
  const inSets = (system: string | undefined, code: string): Membership =>
    every(sets.map((set) => set?.has(system, code) ?? 'unknown'));
  return {
    system: include.system,
    has: (system, code) =>
      own ? every([own.has(system, code), inSets(system ?? own.system, code)]) : inSets(system, code),
    *members() {
      const [first, ...others] = own ? [own, ...sets] : sets;
      for (const member of first?.members(Infinity) ?? []) {
        if (every(others.map((set) => set?.has(member.system, member.code) ?? 'unknown')) === 'in')
          yield member;
      }
    },
  };
}

/** Codes of one system: those that are listed, those that pass the filters, or all. */
function systemPart(
  shelf: Shelf,
  include: ValueSetComposeInclude,
  withInactive: boolean,
  missing: Set<string>,
): Part {
  const url = include.system!;
  const system = shelf.codeSystem(url, include.version);
  if (include.concept) return listedPart(include, system);
  const isMine = (asked: string | undefined): boolean => asked === undefined || asked === url;
  const grammar = GRAMMARS.get(url);
  if (grammar && !include.filter) {
    missing.add(url);
    const has = (asked: string | undefined, code: string): Membership =>
      isMine(asked) && grammar(code) ? 'in' : 'out';
    return { system: url, has, members: () => [] };
  }
  const tests = filtersOf(system, include);
  if (!system || system.content === 'not-present' || system.content === 'supplement' || !tests) {
    missing.add(url);
    return { system: url, has: (asked) => (isMine(asked) ? 'unknown' : 'out'), members: () => [] };
  }
  if (system.content !== 'complete') missing.add(url);
  const passes = (concept: Concept): boolean =>
    (withInactive || !concept.isInactive) && tests.every((test) => test(concept));
  return {
    system: url,
    has(asked, code) {
      if (!isMine(asked)) return 'out';
      const concept = system.find(code);
      if (!concept) return system.content === 'complete' ? 'out' : 'unknown';
      return passes(concept) ? 'in' : 'out';
    },
    *members() {
      for (const concept of system.concepts) {
        if (passes(concept))
          yield {
            system: url,
            version: system.version,
            code: concept.code,
            display: concept.display,
            concept,
          };
      }
    },
  };
}

function filtersOf(
  system: CodeSystemGraph | undefined,
  { filter = [] }: ValueSetComposeInclude,
): readonly ConceptTest[] | undefined {
  if (!system) return undefined;
  const tests = filter.map((one) => filterTest(system, one));
  return tests.every((test) => test !== undefined) ? tests : undefined;
}

function listedPart(include: ValueSetComposeInclude, system: CodeSystemGraph | undefined): Part {
  const members = include.concept!.map(({ code, display }): Member => {
    const concept = system?.find(code);
    return { system: include.system!, code, display: display ?? concept?.display, concept };
  });
  return listed(members, system?.isCaseSensitive === false);
}

/** A plain list. */
function listed(members: readonly Member[], foldsCase = false): Part {
  const fold = (code: string): string => (foldsCase ? code.toLowerCase() : code);
  const codes = new Map<string, Set<string>>();
  for (const { system, code } of members) {
    const known = codes.get(fold(code));
    if (known) known.add(system);
    else codes.set(fold(code), new Set([system]));
  }
  return {
    system: undefined,
    has(system, code) {
      const systems = codes.get(fold(code));
      return systems && (system === undefined || systems.has(system)) ? 'in' : 'out';
    },
    members: () => members,
  };
}

function membersOf(contains: readonly ValueSetExpansionContains[]): Member[] {
  return contains.flatMap((one) => [
    ...(one.code === undefined || one.system === undefined || one.abstract === true
      ? []
      : [{ system: one.system, version: one.version, code: one.code, display: one.display }]),
    ...membersOf(one.contains ?? []),
  ]);
}
