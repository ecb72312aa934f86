/** Parts of resources: `_summary` and `_elements`. https://hl7.org/fhir/R4/search.html#summary, #elements */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import {
  isObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
  type ResourceTree,
} from '../model/tree.ts';

export type Elements =
  | { readonly kind: 'summary'; readonly of: 'true' | 'text' | 'data' }
  | { readonly kind: 'elements'; readonly names: readonly string[] };

const SUMMARIES = ['true', 'false', 'text', 'data', 'count'];
const SUBSETTED: JsonObject = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
};

/** What the parameters ask for; undefined for whole resources. Throws FhirError for an unknown `_summary`. */
export function parseElements(query: readonly (readonly [string, string])[]): Elements | undefined {
  const summary = query.findLast(([name]) => name === '_summary')?.[1];
  if (summary !== undefined && !SUMMARIES.includes(summary)) {
    throw fault(
      'value',
      `_summary is "${summary.slice(0, 40)}": give one of ${SUMMARIES.join(', ')}`,
      '_summary',
    );
  }
  if (summary === 'true' || summary === 'text' || summary === 'data') return { kind: 'summary', of: summary };
  const names = query.filter(([name]) => name === '_elements').flatMap(([, value]) => value.split(','));
  return names.length > 0
    ? { kind: 'elements', names: names.map((name) => name.trim().replace(/^[A-Z][A-Za-z]*\./, '')) }
    : undefined;
}

/** A copy with only the elements that are asked for and the mandatory ones, marked as a part. */
export function pickElements(definitions: Definitions, tree: ResourceTree, elements: Elements): ResourceTree {
  const keep = keeper(definitions, elements);
  const picked = pick(definitions, tree.resourceType, tree, keep, true);
  return { ...picked, resourceType: tree.resourceType, meta: marked(tree['meta']) };
}

type Keep = (
  name: string,
  element: { min: number; isSummary: boolean; isModifier: boolean },
  isTop: boolean,
) => 'whole' | 'part' | 'no';

const ALWAYS = new Set(['id', 'meta', 'resourceType']);

function keeper(_definitions: Definitions, elements: Elements): Keep {
  if (elements.kind === 'elements') {
    const names = new Set(elements.names.map((name) => name.split('.', 1)[0]!));
    return (name, { min, isModifier }, isTop) =>
      !isTop || names.has(name) || min > 0 || (isModifier && min > 0) ? 'whole' : 'no';
  }
  if (elements.of === 'data') return (name, _element, isTop) => (isTop && name === 'text' ? 'no' : 'whole');
  if (elements.of === 'text')
    return (name, { min }, isTop) => (!isTop || name === 'text' || min > 0 ? 'whole' : 'no');
  return (_name, { min, isSummary }) => (isSummary || min > 0 ? 'part' : 'no');
}

function pick(
  definitions: Definitions,
  type: string,
  object: JsonObject,
  keep: Keep,
  isTop: boolean,
): JsonObject {
  const picked: JsonObject = {};
  for (const [jsonName, value] of Object.entries(object)) {
    if (isTop && ALWAYS.has(jsonName)) {
      picked[jsonName] = value;
      continue;
    }
    const property = definitions.property(type, jsonName.replace(/^_/, ''));
    const how = property ? keep(property.element.name, property.element, isTop) : 'no';
    if (how === 'whole') picked[jsonName] = value;
    else if (how === 'part') picked[jsonName] = pickValue(definitions, property!.type, value, keep);
  }
  return picked;
}

/** Inside a data type a summary keeps everything; inside a backbone element only its own summary elements. */
function pickValue(definitions: Definitions, type: string, value: JsonValue, keep: Keep): JsonValue {
  if (!type.includes('.')) return value;
  const one = (item: JsonValue): JsonValue =>
    isObject(item) ? pick(definitions, type, item, keep, false) : item;
  return Array.isArray(value) ? value.map(one) : one(value);
}

function marked(meta: JsonValue | undefined): JsonObject {
  const own = isObject(meta) ? meta : {};
  const tags: JsonArray = Array.isArray(own['tag']) ? own['tag'] : [];
  return { ...own, tag: [...tags, SUBSETTED] };
}
