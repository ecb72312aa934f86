/**
 * A CodeSystem as a graph of concepts: found by code, walked up and down. Made once a registry from the resource.
 * https://hl7.org/fhir/R4/codesystem.html
 */
import type { CodeSystem, CodeSystemConcept, CodeSystemConceptDesignation } from '@medplum/fhirtypes';

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
  /** as it stands in the resource, without what is below it */
  readonly source: CodeSystemConcept;
  /** of an imported code system, where what is above a concept is written down: `code` is its own or one of those */
  isAtOrBelow?(code: string): boolean;
}

export type Designation = CodeSystemConceptDesignation;

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
  /** the resource without its concepts */
  readonly resource: CodeSystem;
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
  const special = specialProperties(resource);
  const fold = (code: string): string => (isCaseSensitive ? code : code.toLowerCase());
  const byCode = new Map<string, Growing>();
  const add = (given: CodeSystemConcept, parent: Growing | undefined): void => {
    const key = fold(given.code);
    const concept = byCode.get(key) ?? grow(given, special);
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
    resource: withoutConcepts(resource),
    roots: [...byCode.values()].filter(({ parents }) => parents.length === 0),
  };
}

const withoutConcepts = ({ concept: _concepts, ...rest }: CodeSystem): CodeSystem => rest;

/** Codes that a code system gives to the properties of the standard, by their `uri`. */
interface SpecialProperties {
  readonly notSelectable: readonly string[];
  readonly inactive: readonly string[];
  readonly status: readonly string[];
}

const CONCEPT_PROPERTIES = 'http://hl7.org/fhir/concept-properties#';

/** https://hl7.org/fhir/R4/codesystem-concept-properties.html: the code of the standard, or one that is declared with its uri */
function specialProperties({ property = [] }: CodeSystem): SpecialProperties {
  const codes = (name: string): readonly string[] => {
    const declared = property.filter(({ uri }) => uri === CONCEPT_PROPERTIES + name).map(({ code }) => code);
    return declared.length > 0 ? declared : [name];
  };
  return {
    notSelectable: [...codes('notSelectable'), 'abstract'],
    inactive: codes('inactive'),
    status: codes('status'),
  };
}

function grow(given: CodeSystemConcept, special: SpecialProperties): Growing {
  const properties = propertiesOf(given);
  const { concept: _below, ...source } = given;
  return {
    code: given.code,
    display: given.display,
    definition: given.definition,
    designations: given.designation ?? [],
    properties,
    isInactive: isInactive(properties, special),
    isAbstract: special.notSelectable.some((code) => has(properties, code, 'true')),
    parents: [],
    children: [],
    source,
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

function isInactive(properties: ReadonlyMap<string, readonly string[]>, special: SpecialProperties): boolean {
  const said = special.inactive.find((code) => properties.has(code));
  if (said !== undefined) return has(properties, said, 'true');
  return special.status.some((code) => has(properties, code, 'retired') || has(properties, code, 'inactive'));
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
  if (concept.isAtOrBelow) return concept.isAtOrBelow(above.code);
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
  if (a === b || a.code === b.code) return 'equivalent';
  if (isSelfOrAbove(a, b)) return 'subsumes';
  return isSelfOrAbove(b, a) ? 'subsumed-by' : 'not-subsumed';
}
