/** Parts of resources: `_summary` and `_elements`. https://hl7.org/fhir/R4/search.html#summary, https://hl7.org/fhir/R4/search.html#elements */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
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
  /** names of elements at the top of a resource */
  | { readonly kind: 'elements'; readonly names: readonly string[] };

const SUMMARIES = ['true', 'false', 'text', 'data', 'count'];
/** Marks a resource of which a part is left out. https://hl7.org/fhir/R4/search.html#subsetted */
export const SUBSETTED: JsonObject = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
};

/** What the parameters ask for; undefined for whole resources. Throws FhirError `value` for an unknown `_summary`. */
export function parseElements(
  query: readonly (readonly [name: string, value: string])[],
): Elements | undefined {
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
  const given = names.map(topName).filter((name) => name !== '');
  return given.length > 0 ? { kind: 'elements', names: given } : undefined;
}

/** `birthDate` of ` Patient.birthDate ` and `name` of `name.family`: elements are chosen at the top only. */
const topName = (name: string): string =>
  name
    .trim()
    .replace(/^[A-Z][A-Za-z]*\./, '')
    .split('.', 1)[0]!;

/** A copy with only the elements that are asked for and the mandatory ones, marked as a part. The tree itself is not changed. */
export function pickElements(definitions: Definitions, tree: ResourceTree, elements: Elements): ResourceTree {
  const picked = pick(definitions, tree.resourceType, tree, keeper(elements));
  const { resourceType, id } = tree;
  return { resourceType, ...(id === undefined ? {} : { id }), meta: withSubsetted(tree['meta']), ...picked };
}

/** How much of an element is kept: `part` of it where the definitions of its own elements decide. */
type Keep = (element: ElementDefinition) => 'whole' | 'part' | 'none';

/** What is always there, or is put there by `pickElements`. */
const OURS: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta']);
/** Elements without which a part of a resource could be misunderstood. */
const SAFETY: ReadonlySet<string> = new Set(['implicitRules', 'modifierExtension']);

function keeper(elements: Elements): Keep {
  if (elements.kind === 'elements') {
    const names = new Set(elements.names);
    return ({ name, min }) => (names.has(name) || min > 0 || SAFETY.has(name) ? 'whole' : 'none');
  }
  switch (elements.of) {
    case 'data':
      return ({ name }) => (name === 'text' ? 'none' : 'whole');
    case 'text':
      return ({ name, min }) => (name === 'text' || min > 0 || SAFETY.has(name) ? 'whole' : 'none');
    case 'true':
      return summaryPart;
  }
}

function summaryPart({ name, isSummary, min }: ElementDefinition): 'part' | 'none' {
  return isSummary || min > 0 || SAFETY.has(name) ? 'part' : 'none';
}

function pick(definitions: Definitions, type: string, object: JsonObject, keep: Keep): JsonObject {
  const picked: JsonObject = {};
  for (const [jsonName, value] of Object.entries(object)) {
    if (OURS.has(jsonName)) continue;
    const property = definitions.property(type, jsonName.replace(/^_/, ''));
    const how = property ? keep(property.element) : 'none';
    if (how === 'whole') picked[jsonName] = value;
    else if (how === 'part') picked[jsonName] = summaryOf(definitions, property!.type, value);
  }
  return picked;
}

/** The summary elements of a value; a primitive and an inline resource are kept as they are. */
function summaryOf(definitions: Definitions, type: string, value: JsonValue): JsonValue {
  if (definitions.type(type)?.kind !== 'complex-type') return value;
  if (Array.isArray(value)) return value.map((one) => summaryOf(definitions, type, one));
  if (!isObject(value)) return value;
  const { id } = value;
  return { ...(id === undefined ? {} : { id }), ...pick(definitions, type, value, summaryPart) };
}

/** `meta` with that tag. */
export function withSubsetted(meta: JsonValue | undefined): JsonObject {
  const own = isObject(meta) ? meta : {};
  const tags: JsonArray = Array.isArray(own['tag']) ? own['tag'] : [];
  const isMarked = tags.some(
    (tag) => isObject(tag) && tag['system'] === SUBSETTED['system'] && tag['code'] === 'SUBSETTED',
  );
  return isMarked ? own : { ...own, tag: [...tags, { ...SUBSETTED }] };
}
