/**
 * The children of a node as nodes that know their parent and place. https://hl7.org/fhir/R4/json.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';

/** A property in JSON, and what it is. */
export interface Place {
  readonly name: string;
  readonly type: string;
  readonly element: ElementDefinition;
  readonly isPrimitive: boolean;
}

/** The places of an element in a type: one for each type of a choice. */
export function placesOf(definitions: Definitions, element: ElementDefinition): Place[] {
  return element.types.map((type) => ({
    name: element.choice ? element.name + type[0]!.toUpperCase() + type.slice(1) : element.name,
    type,
    element,
    isPrimitive: definitions.type(type)?.kind === 'primitive-type',
  }));
}

const NONE: readonly PathNode[] = [];

/** The nodes at a place of an object, in order; for a primitive, its own sibling is where its children are. */
export function nodesAt(parent: PathNode, place: Place): readonly PathNode[] {
  const object = isObject(parent.value) ? parent.value : parent.sibling;
  if (!object) return NONE;
  const value = object[place.name];
  const sibling = place.isPrimitive ? object[`_${place.name}`] : undefined;
  if (value === undefined && sibling === undefined) return NONE;
  if (Array.isArray(value) || Array.isArray(sibling)) return listed(parent, place, value, sibling);
  const node = nodeOf(parent, place, value ?? null, isObject(sibling) ? sibling : undefined, undefined);
  return node ? [node] : NONE;
}

function listed(
  parent: PathNode,
  place: Place,
  value: JsonValue | undefined,
  sibling: JsonValue | undefined,
): PathNode[] {
  const [values, siblings] = [Array.isArray(value) ? value : [], Array.isArray(sibling) ? sibling : []];
  const nodes: PathNode[] = [];
  for (let i = 0; i < Math.max(values.length, siblings.length); i++) {
    const beside = siblings[i];
    const node = nodeOf(parent, place, values[i] ?? null, isObject(beside) ? beside : undefined, i);
    if (node) nodes.push(node);
  }
  return nodes;
}

function nodeOf(
  parent: PathNode,
  { name, type, element }: Place,
  value: JsonValue,
  sibling: JsonObject | undefined,
  index: number | undefined,
): PathNode | undefined {
  if (value === null && sibling === undefined) return undefined;
  const inline = type === 'Resource' && isObject(value) ? value['resourceType'] : undefined;
  return { value, type: typeof inline === 'string' ? inline : type, element, sibling, parent, name, index };
}
