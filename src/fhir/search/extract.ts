/**
 * A resource's index values: each search parameter of its type, evaluated by its FHIRPath expression, and the pseudo parameters for compartments
 * and references. https://hl7.org/fhir/R4/searchparameter.html#SearchParameter
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { localReferences } from '../model/references.ts';
import type { ResourceTree } from '../model/tree.ts';
import { compilePath, type CompiledPath, type PathNode } from '../path/engine.ts';
import { indexDate } from './date.ts';
import { COMPARTMENT, REFERENCE, type IndexValue } from './index-value.ts';
import { indexNumber } from './number.ts';
import { indexQuantity } from './quantity.ts';
import { indexReference } from './reference.ts';
import { indexString } from './string.ts';
import { indexToken } from './token.ts';
import { indexUri } from './uri.ts';

type Add = (value: IndexValue) => void;
type Indexer = (definitions: Definitions, param: string, node: PathNode, add: Add) => void;

/** How a node becomes index values, by the type of the parameter. Composite and special parameters come with the search issue. */
const INDEXERS: Readonly<Partial<Record<SearchParameter['type'], Indexer>>> = {
  token: indexToken,
  reference: indexReference,
  string: (_definitions, param, node, add) => indexString(param, node, add),
  uri: (_definitions, param, node, add) => indexUri(param, node, add),
  date: (_definitions, param, node, add) => indexDate(param, node, add),
  number: (_definitions, param, node, add) => indexNumber(param, node, add),
  quantity: (_definitions, param, node, add) => indexQuantity(param, node, add),
};

/** Parameters that are predicates on the version itself and have no index values. */
export const INTRINSIC: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Whether a parameter can be searched by: its type has an indexer, and it has an expression. */
export function isServed(parameter: SearchParameter): boolean {
  return (
    INTRINSIC.has(parameter.code) ||
    (parameter.expression !== undefined && INDEXERS[parameter.type] !== undefined)
  );
}

type Extractor = (resource: ResourceTree) => IndexValue[];

const extractors = new WeakMap<Definitions, Map<string, Extractor>>();

/** All index values of a resource, each once. The extractor of a type is compiled once a registry. */
export function indexValues(definitions: Definitions, resource: ResourceTree): IndexValue[] {
  let known = extractors.get(definitions);
  if (!known) extractors.set(definitions, (known = new Map()));
  let extract = known.get(resource.resourceType);
  if (!extract)
    known.set(resource.resourceType, (extract = compileExtractor(definitions, resource.resourceType)));
  return extract(resource);
}

interface Rule {
  readonly param: string;
  readonly path: CompiledPath;
  readonly index: Indexer;
}

function compileExtractor(definitions: Definitions, type: string): Extractor {
  const rules = [...definitions.searchParameters(type).values()]
    .filter((parameter) => isServed(parameter) && !INTRINSIC.has(parameter.code))
    .map((one): Rule => ({
      param: one.code,
      path: compilePath(definitions, one.expression!, type),
      index: INDEXERS[one.type]!,
    }));
  const compartments = definitions.compartments(type);
  return (resource) => {
    const values: IndexValue[] = [];
    for (const { param, path, index } of rules) {
      const nodes = path(resource);
      if (nodes.length > 0) addNodes(definitions, values, param, nodes, index);
    }
    addCompartments(values, compartments, resource);
    for (const { type: target, id } of localReferences(definitions, resource))
      values.push({ kind: 'key', param: REFERENCE, key: `${target}/${id}` });
    return values;
  };
}

/** Values of one parameter repeat each other now and then (two codings of one system): only the distinct ones are kept. */
function addNodes(
  definitions: Definitions,
  values: IndexValue[],
  param: string,
  nodes: readonly PathNode[],
  index: Indexer,
): void {
  const start = values.length;
  const add = (value: IndexValue): void => {
    for (let i = start; i < values.length; i++) if (isSame(values[i]!, value)) return;
    values.push(value);
  };
  for (const node of nodes) index(definitions, param, node, add);
}

function isSame(a: IndexValue, b: IndexValue): boolean {
  if (a.kind !== b.kind || a.param !== b.param) return false;
  if (a.kind === 'key') return a.key === (b as typeof a).key;
  if (a.kind === 'text') return a.exact === (b as typeof a).exact && a.text === (b as typeof a).text;
  return a.low === (b as typeof a).low && a.high === (b as typeof a).high && a.key === (b as typeof a).key;
}

/** The compartments a resource is in: those that its reference parameters name, and its own. https://hl7.org/fhir/R4/compartmentdefinition.html */
function addCompartments(
  values: IndexValue[],
  compartments: ReadonlyMap<string, readonly string[]>,
  resource: ResourceTree,
): void {
  if (compartments.size === 0) return;
  const found = new Set<string>();
  if (compartments.has(resource.resourceType) && typeof resource['id'] === 'string')
    found.add(`${resource.resourceType}/${resource['id']}`);
  for (const value of values) {
    if (value.kind !== 'key') continue;
    const slash = value.key.indexOf('/');
    if (slash > 0 && compartments.get(value.key.slice(0, slash))?.includes(value.param)) found.add(value.key);
  }
  for (const key of found) values.push({ kind: 'key', param: COMPARTMENT, key });
}
