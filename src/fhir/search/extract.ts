/**
 * A resource's index values: each search parameter of its type, evaluated by its FHIRPath expression, and the pseudo parameters for compartments
 * and references. https://hl7.org/fhir/R4/searchparameter.html
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { FhirError } from '../model/outcome.ts';
import { localReferences } from '../model/references.ts';
import type { ResourceTree } from '../model/tree.ts';
import { compilePath, type CompiledPath, type PathNode } from '../path/engine.ts';
import { gatherer, type Add, type Gatherer } from './add.ts';
import { indexDate } from './date.ts';
import { COMPARTMENT, REFERENCE, type IndexKind, type IndexValue } from './index-value.ts';
import { indexNumber } from './number.ts';
import { indexQuantity } from './quantity.ts';
import { indexReference } from './reference.ts';
import { indexString } from './string.ts';
import { indexPrimitive, indexToken, tokenShape } from './token.ts';
import { indexUri } from './uri.ts';

/** Parameter types that have index values, and the kind of these. Composite and special parameters come with the search issue. */
export const INDEX_KINDS: Readonly<Partial<Record<SearchParameter['type'], IndexKind>>> = {
  token: 'key',
  reference: 'key',
  string: 'text',
  uri: 'text',
  date: 'range',
  number: 'range',
  quantity: 'range',
};

/** Parameters that are predicates on the version itself and have no index values. */
export const INTRINSIC: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Whether a parameter can be searched by: its type has index values, and it has an expression. */
export function isServed(parameter: SearchParameter): boolean {
  if (INTRINSIC.has(parameter.code)) return true;
  return parameter.expression !== undefined && INDEX_KINDS[parameter.type] !== undefined;
}

export interface IndexOptions {
  /** references below this URL are local ones */
  readonly baseUrl?: string;
}

type Index = (node: PathNode, add: Add, options: IndexOptions) => void;

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
  for (const rule of rules) applyRule(rule, resource, gathered, options);
  addCompartments(gathered.values, compartments, resource);
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
  for (const rule of extractorOf(definitions, resource.resourceType).rules) {
    if (params.includes(rule.param)) applyRule(rule, resource, gathered, options);
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
  readonly path: CompiledPath;
  readonly index: Index;
  /** the parameter has keys: an element that is there but has none to be found by leaves an empty one, so that it is not "missing" */
  readonly marks: boolean;
}

function compileExtractor(definitions: Definitions, type: string): Extractor {
  const parameters = [...definitions.searchParameters(type).values()];
  const rules = parameters.flatMap((parameter) => ruleOf(definitions, parameter, type) ?? []);
  return { rules, compartments: definitions.compartments(type) };
}

/** A posted parameter whose expression is not FHIRPath finds nothing; it is refused when it is posted, not here. */
function ruleOf(definitions: Definitions, parameter: SearchParameter, type: string): Rule | undefined {
  if (INTRINSIC.has(parameter.code) || !isServed(parameter)) return undefined;
  try {
    const path = compilePath(definitions, parameter.expression!, type);
    if (path.never) return undefined;
    const marks = INDEX_KINDS[parameter.type] === 'key';
    return { param: parameter.code, path, index: indexOf(definitions, parameter, type), marks };
  } catch (error) {
    if (error instanceof FhirError) return undefined;
    throw error;
  }
}

function indexOf(definitions: Definitions, parameter: SearchParameter, type: string): Index {
  const { code } = parameter;
  switch (parameter.type) {
    case 'token': {
      const index = tokenShape(definitions, parameter, type).primitive ? indexPrimitive : indexToken;
      return (node, add) => index(code, node, add);
    }
    case 'reference':
      return (node, add, { baseUrl }) => indexReference(definitions, code, node, add, baseUrl);
    case 'string':
      return (node, add) => indexString(code, node, add);
    case 'uri':
      return (node, add) => indexUri(code, node, add);
    case 'date':
      return (node, add) => indexDate(code, node, add);
    case 'number':
      return (node, add) => indexNumber(code, node, add);
    default:
      return (node, add) => indexQuantity(code, node, add);
  }
}

function applyRule(rule: Rule, resource: ResourceTree, gathered: Gatherer, options: IndexOptions): void {
  const nodes = nodesOf(rule, resource);
  if (nodes.length === 0) return;
  gathered.begin();
  for (const node of nodes) rule.index(node, gathered.add, options);
  if (rule.marks && !gathered.has(rule.param)) gathered.add({ kind: 'key', param: rule.param, key: '' });
}

/** An expression that does not fit a resource (several values where it wants one) finds nothing in it; it must not keep it from being stored. */
function nodesOf({ path }: Rule, resource: ResourceTree): readonly PathNode[] {
  try {
    return path(resource);
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
