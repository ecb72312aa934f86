/**
 * A value with its FHIR type and its place in the resource; the place is kept as a link to the parent and written out on demand.
 * https://hl7.org/fhir/R4/fhirpath.html
 */
import type { ElementDefinition } from '../definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue, type ResourceTree } from '../model/tree.ts';

/** A value with the type it has where it stands. Whoever walks a resource by himself may make these as plain objects. */
export interface PathNode {
  /**
   * JSON as it stands in the resource; null: a primitive that has only an id or extensions. Values that an expression makes are JSON too: dates and
   * times as FHIR writes them, numbers as `number` or `Decimal`, quantities as `{ value, unit }` (calendar) or `{ value, unit, system, code }`.
   */
  readonly value: JsonValue;
  /** `Quantity`, `code`, `Observation.component`; of a resource its own type; `System.Boolean` … of values that an expression makes */
  readonly type: string;
  /** absent for resources that stand alone and for made values */
  readonly element?: ElementDefinition;
  /** `{ id, extension }` of the sibling `_birthDate` of a primitive */
  readonly sibling?: JsonObject;
  readonly parent?: PathNode;
  /** property of the parent in JSON, `valueQuantity`, without the underscore of a sibling */
  readonly name?: string;
  /** place in the array of the parent */
  readonly index?: number;
}

export type Nodes = readonly PathNode[];

/** The node of a resource that stands alone, or of one inside `parent` (`contained`, `entry.resource`). */
export function resourceNode(
  value: ResourceTree,
  parent?: PathNode,
  name?: string,
  index?: number,
): PathNode {
  const { resourceType: type } = value;
  return { value, type, element: undefined, sibling: undefined, parent, name, index };
}

/** Whether a node is a resource, alone or inline. */
export const isResource = ({ value }: PathNode): boolean => isObject(value) && 'resourceType' in value;

/**
 * The FHIRPath of a node, as issues name it: `Patient.name[0].given[1]`, `Observation.value.ofType(Quantity).unit`. Undefined for a value that an
 * expression made.
 */
export function pathOf(node: PathNode): string | undefined {
  const { parent, name, element, index, type } = node;
  if (parent === undefined || name === undefined) return isResource(node) ? type : undefined;
  const before = pathOf(parent);
  if (before === undefined) return undefined;
  const step = element?.choice === true ? `${element.name}.ofType(${type})` : name;
  return `${before}.${step}${index === undefined ? '' : `[${index}]`}`;
}

/** Names and indexes of a node in JSON: `['name', 0, 'given', 1]`, `['_birthDate', 'extension', 0]`; empty for the resource itself. */
export function keysOf(node: PathNode): (string | number)[] | undefined {
  const { parent, name, index } = node;
  if (parent === undefined || name === undefined) return isResource(node) ? [] : undefined;
  const before = keysOf(parent);
  if (before === undefined) return undefined;
  // The children of a primitive stand in its sibling.
  const holder = isObject(parent.value) ? before : siblingKeys(before);
  return index === undefined ? [...holder, name] : [...holder, name, index];
}

/** `name.0.given.1` -> `name.0._given.1`, where the id and the extensions of a primitive stand */
export function siblingKeys(keys: readonly (string | number)[]): (string | number)[] {
  const at = keys.findLastIndex((key) => typeof key === 'string');
  return keys.map((key, i) => (i === at ? `_${key}` : key));
}
