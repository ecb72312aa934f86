/**
 * A CodeSystem as a graph of concepts: found by code, walked up and down. Made once a registry from the resource.
 * https://hl7.org/fhir/R4/codesystem.html
 */
import type { CodeSystem, CodeSystemConcept } from '@medplum/fhirtypes';

export interface Concept {
  readonly code: string;
  readonly display: string | undefined;
  readonly definition: string | undefined;
  readonly designations: readonly Designation[];
  /** values of properties as their text, by property code; declared ones and those of the standard (`status`, `inactive`, …) */
  readonly properties: ReadonlyMap<string, readonly string[]>;
  readonly isInactive: boolean;
  /** only a heading: not to be chosen */
  readonly isAbstract: boolean;
  readonly parents: readonly Concept[];
  readonly children: readonly Concept[];
}

export interface Designation {
  readonly language?: string;
  readonly use?: { readonly system?: string; readonly code?: string };
  readonly value: string;
}

/** What is at hand of a code system: all of it, a part of it, its name only; or further words for another one. */
export type Content = 'complete' | 'fragment' | 'example' | 'not-present' | 'supplement';

export interface CodeSystemGraph {
  readonly url: string;
  readonly version: string | undefined;
  readonly content: Content;
  readonly isCaseSensitive: boolean;
  find(code: string): Concept | undefined;
  /** every concept, parents before children */
  readonly concepts: Iterable<Concept>;
  readonly roots: readonly Concept[];
}

interface Growing extends Omit<Concept, 'parents' | 'children'> {
  readonly parents: Growing[];
  readonly children: Growing[];
}

/** Properties that name the parent or child where the list of concepts is flat. https://hl7.org/fhir/R4/codesystem.html#hierarchy */
const PARENT = ['parent', 'subsumedBy'];
const CHILD = ['child', 'subsumes'];
const CONTENTS: readonly string[] = ['complete', 'fragment', 'example', 'not-present', 'supplement'];

export function graphOf(resource: CodeSystem): CodeSystemGraph {
  const isCaseSensitive = resource.caseSensitive !== false;
  const fold = (code: string): string => (isCaseSensitive ? code : code.toLowerCase());
  const byCode = new Map<string, Growing>();
  const add = (given: CodeSystemConcept, parent: Growing | undefined): void => {
    const key = fold(given.code);
    const concept = byCode.get(key) ?? grow(given);
    byCode.set(key, concept);
    if (parent) join(parent, concept);
    for (const child of given.concept ?? []) add(child, concept);
  };
  for (const concept of resource.concept ?? []) add(concept, undefined);
  for (const concept of byCode.values()) joinByProperty(concept, (code) => byCode.get(fold(code)));
  return {
    url: resource.url ?? '',
    version: resource.version,
    content: CONTENTS.includes(resource.content) ? resource.content : 'not-present',
    isCaseSensitive,
    find: (code) => byCode.get(fold(code)),
    concepts: { [Symbol.iterator]: () => byCode.values() },
    roots: [...byCode.values()].filter(({ parents }) => parents.length === 0),
  };
}

function grow(given: CodeSystemConcept): Growing {
  const properties = propertiesOf(given);
  return {
    code: given.code,
    display: given.display,
    definition: given.definition,
    designations: (given.designation ?? []).map(({ language, use, value }) => ({ language, use, value })),
    properties,
    isInactive: isInactive(properties),
    isAbstract: has(properties, 'notSelectable', 'true') || has(properties, 'abstract', 'true'),
    parents: [],
    children: [],
  };
}

function propertiesOf({ property = [] }: CodeSystemConcept): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { code, ...rest } of property) {
    const value = Object.entries(rest).find(([name]) => name.startsWith('value'))?.[1] as unknown;
    const text =
      typeof value === 'object' && value !== null ? (value as { code?: string }).code : String(value);
    if (text !== undefined) found.set(code, [...(found.get(code) ?? []), text]);
  }
  return found;
}

const has = (properties: ReadonlyMap<string, readonly string[]>, code: string, value: string): boolean =>
  properties.get(code)?.includes(value) ?? false;

/** https://hl7.org/fhir/R4/codesystem-concept-properties.html */
function isInactive(properties: ReadonlyMap<string, readonly string[]>): boolean {
  if (properties.has('inactive')) return has(properties, 'inactive', 'true');
  return has(properties, 'status', 'retired') || has(properties, 'status', 'inactive');
}

function join(parent: Growing, child: Growing): void {
  if (parent === child || parent.children.includes(child)) return;
  parent.children.push(child);
  child.parents.push(parent);
}

function joinByProperty(concept: Growing, find: (code: string) => Growing | undefined): void {
  for (const code of PARENT.flatMap((name) => concept.properties.get(name) ?? [])) {
    const parent = find(code);
    if (parent) join(parent, concept);
  }
  for (const code of CHILD.flatMap((name) => concept.properties.get(name) ?? [])) {
    const child = find(code);
    if (child) join(concept, child);
  }
}

/** The concept and all below it, each once, also where the graph has a cycle by mistake. */
export function* selfAndDescendants(concept: Concept): Generator<Concept> {
  const seen = new Set<Concept>([concept]);
  // A Set is walked in the order of insertion, what is added meanwhile included.
  for (const one of seen) {
    yield one;
    for (const child of one.children) seen.add(child);
  }
}

/** Whether `above` is the concept itself or one of its ancestors. */
export function isSelfOrAbove(above: Concept, concept: Concept): boolean {
  const seen = new Set<Concept>([concept]);
  for (const one of seen) {
    if (one === above) return true;
    for (const parent of one.parents) seen.add(parent);
  }
  return false;
}

export type Subsumption = 'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed';

/** https://hl7.org/fhir/R4/codesystem-operation-subsumes.html */
export function subsumption(a: Concept, b: Concept): Subsumption {
  if (a === b) return 'equivalent';
  if (isSelfOrAbove(a, b)) return 'subsumes';
  return isSelfOrAbove(b, a) ? 'subsumed-by' : 'not-subsumed';
}
