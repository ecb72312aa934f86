/**
 * A resource's index values: each search parameter of its type, evaluated by its FHIRPath expression, and the pseudo parameters for compartments
 * and references. https://hl7.org/fhir/R4/searchparameter.html
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { FhirError } from '../model/outcome.ts';
import { localReferences } from '../model/references.ts';
import { isObject, type ResourceTree } from '../model/tree.ts';
import { compilePath, type CompiledPath } from '../path/engine.ts';
import { gatherer, type Gatherer } from './add.ts';
import { compositeValues, compositeWays } from './composite.ts';
import { CONTENT, indexContent, indexNarrative, NARRATIVE } from './full-text.ts';
import { nodeIndexer, type IndexNode, type IndexOptions } from './index-node.ts';
import {
  CANONICAL,
  COMPARTMENT,
  CONTAINS,
  PSEUDO,
  REFERENCE,
  type IndexKind,
  type IndexValue,
} from './index-value.ts';
import { BUNDLE_HEADS, containedIn, isResource, placedValues, type Contained } from './nested.ts';

export type { IndexOptions } from './index-node.ts';

/** Parameter types that have index values of one kind, and which. */
export const INDEX_KINDS: Readonly<Partial<Record<SearchParameter['type'], IndexKind>>> = {
  token: 'key',
  reference: 'key',
  string: 'text',
  uri: 'text',
  date: 'range',
  number: 'range',
  quantity: 'range',
  special: 'range',
};

/** Parameters that are predicates on the version itself and have no index values. */
export const INTRINSIC: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Whether a parameter can be searched by: its type has index values, and it has an expression. */
export function isServed(parameter: SearchParameter): boolean {
  if (INTRINSIC.has(parameter.code)) return true;
  if (parameter.code === NARRATIVE) return true;
  if (parameter.expression === undefined) return false;
  return parameter.type === 'composite'
    ? parameter.component.length > 1
    : INDEX_KINDS[parameter.type] !== undefined;
}

/** How the resources of one type are indexed; compiled once a registry. */
interface Extractor {
  readonly rules: readonly Rule[];
  readonly compartments: ReadonlyMap<string, readonly string[]>;
}

const extractors = new WeakMap<Definitions, Map<string, Extractor>>();

/** All index values of a resource, each once. */
export function indexValues(
  definitions: Definitions,
  resource: ResourceTree,
  options: IndexOptions = {},
): IndexValue[] {
  const { rules, compartments } = extractorOf(definitions, resource.resourceType);
  const gathered = gatherer();
  const contained = containedIn(resource);
  const own = contained.length > 0 ? { ...options, places: placesById(contained) } : options;
  for (const rule of rules) rule.apply(resource, gathered, own);
  addCompartments(gathered.values, compartments, resource);
  addContained(definitions, gathered.values, contained, options);
  for (const local of localReferences(definitions, resource)) {
    gathered.values.push({ kind: 'key', param: REFERENCE, key: `${local.type}/${local.id}` });
  }
  return gathered.values;
}

/** The index values of only these parameters. */
export function valuesOf(
  definitions: Definitions,
  resource: ResourceTree,
  params: readonly string[],
  options: IndexOptions = {},
): readonly IndexValue[] {
  const gathered = gatherer();
  const contained = containedIn(resource);
  const own = contained.length > 0 ? { ...options, places: placesById(contained) } : options;
  for (const rule of extractorOf(definitions, resource.resourceType).rules) {
    if (params.includes(rule.param)) rule.apply(resource, gathered, own);
  }
  return gathered.values;
}

function extractorOf(definitions: Definitions, type: string): Extractor {
  let known = extractors.get(definitions);
  if (!known) extractors.set(definitions, (known = new Map<string, Extractor>()));
  let extractor = known.get(type);
  if (!extractor) known.set(type, (extractor = compileExtractor(definitions, type)));
  return extractor;
}

interface Rule {
  readonly param: string;
  readonly apply: (resource: ResourceTree, gathered: Gatherer, options: IndexOptions) => void;
}

function compileExtractor(definitions: Definitions, type: string): Extractor {
  const parameters = [...definitions.searchParameters(type).values()];
  const rules = parameters.flatMap((parameter) => rulesOf(definitions, parameter, type));
  if (definitions.searchParameters(type).get('url')?.type === 'uri') rules.push(canonicalRule);
  return { rules, compartments: definitions.compartments(type) };
}

/** A posted parameter whose expression is not FHIRPath finds nothing; it is refused when it is posted, not here. */
function rulesOf(definitions: Definitions, parameter: SearchParameter, type: string): Rule[] {
  if (INTRINSIC.has(parameter.code) || PSEUDO.has(parameter.code) || !isServed(parameter)) return [];
  try {
    if (parameter.code === NARRATIVE) return [narrativeRule];
    if (parameter.code === CONTENT) return [contentRule(definitions)];
    if (type === 'Bundle' && BUNDLE_HEADS.has(parameter.code)) return [headRule(definitions, parameter.code)];
    if (parameter.type === 'composite') return compositeRules(definitions, parameter, type);
    const path = compilePath(definitions, parameter.expression!, type);
    return path.never ? [] : [simpleRule(definitions, parameter, type, path)];
  } catch (error) {
    if (error instanceof FhirError) return [];
    throw error;
  }
}

/** The only parameter that has no expression and is served. */
const narrativeRule: Rule = {
  param: NARRATIVE,
  apply: (resource, gathered) => {
    gathered.begin();
    indexNarrative(resource, gathered.add);
  },
};

const contentRule = (definitions: Definitions): Rule => ({
  param: CONTENT,
  apply: (resource, gathered) => {
    gathered.begin();
    indexContent(definitions, resource, gathered.add);
  },
});

/** The URL by which others refer to a resource; its version does not count, as in includes. */
const canonicalRule: Rule = {
  param: CANONICAL,
  apply: ({ url }, { values }) => {
    if (typeof url === 'string' && url !== '') values.push({ kind: 'key', param: CANONICAL, key: url });
  },
};

/** A Bundle by what begins it: the name of that, and all that it is found by itself. */
function headRule(definitions: Definitions, param: string): Rule {
  const apply: Rule['apply'] = ({ entry }, { values }, options) => {
    const first = Array.isArray(entry) && isObject(entry[0]) ? entry[0]['resource'] : undefined;
    if (!isResource(first) || first.resourceType !== BUNDLE_HEADS.get(param)) return;
    const { resourceType, id } = first;
    values.push({ kind: 'key', param, key: typeof id === 'string' ? `${resourceType}/${id}` : '' });
    values.push(...placedValues(param, first, indexValues(definitions, first, options)));
  };
  return { param, apply };
}

const placesById = (contained: readonly Contained[]): ReadonlyMap<string, string> =>
  new Map(contained.map(({ place, tree }) => [`#${String(tree['id'])}`, place]));

function addContained(
  definitions: Definitions,
  values: IndexValue[],
  contained: readonly Contained[],
  options: IndexOptions,
): void {
  if (contained.length === 0) return;
  for (const key of new Set(contained.map(({ place }) => place)))
    values.push({ kind: 'key', param: CONTAINS, key });
  const own = new Map<string, IndexValue>();
  for (const { place, tree } of contained) {
    if (!definitions.isResourceType(tree.resourceType)) continue;
    const { contained: _, ...alone } = tree;
    const inner = indexValues(definitions, alone, options);
    const found = inner.filter(({ param }) => !PSEUDO.has(param));
    for (const value of placedValues(place, tree, found)) own.set(JSON.stringify(value), value);
  }
  values.push(...own.values());
}

function simpleRule(
  definitions: Definitions,
  parameter: SearchParameter,
  type: string,
  path: CompiledPath,
): Rule {
  const param = parameter.code;
  const index: IndexNode = nodeIndexer(definitions, parameter, type);
  // An element that is there but has no key to be found by leaves an empty one, so that it is not "missing".
  const marks = INDEX_KINDS[parameter.type] === 'key';
  const apply: Rule['apply'] = (resource, gathered, options) => {
    const nodes = found(() => path(resource));
    if (nodes.length === 0) return;
    gathered.begin();
    for (const node of nodes) index(node, gathered.add, options);
    if (marks && !gathered.has(param)) gathered.add({ kind: 'key', param, key: '' });
  };
  return { param, apply };
}

/** Values that several composites share are made once, by the one whose name they bear. */
function compositeRules(definitions: Definitions, parameter: SearchParameter, type: string): Rule[] {
  const own = compositeWays(definitions, parameter, type).filter(
    (way) => way.kind === 'element' && way.param === parameter.code,
  );
  return own.map((way) => ({
    param: parameter.code,
    apply: (resource, gathered, options) => {
      gathered.begin();
      if (way.kind === 'element')
        for (const value of found(() => compositeValues(way, resource, options))) gathered.add(value);
    },
  }));
}

/** An expression that does not fit a resource (several values where it wants one) finds nothing in it; it must not keep it from being stored. */
function found<T>(find: () => readonly T[]): readonly T[] {
  try {
    return find();
  } catch {
    return [];
  }
}

/** The compartments a resource is in: those that its reference parameters name, and its own. https://hl7.org/fhir/R4/compartmentdefinition.html */
function addCompartments(
  values: IndexValue[],
  compartments: ReadonlyMap<string, readonly string[]>,
  resource: ResourceTree,
): void {
  if (compartments.size === 0) return;
  const { resourceType, id } = resource;
  const found = new Set<string>();
  if (compartments.has(resourceType) && typeof id === 'string') found.add(`${resourceType}/${id}`);
  for (const value of values) {
    if (value.kind !== 'key') continue;
    const slash = value.key.indexOf('/');
    if (slash > 0 && compartments.get(value.key.slice(0, slash))?.includes(value.param)) found.add(value.key);
  }
  for (const key of found) values.push({ kind: 'key', param: COMPARTMENT, key });
}
