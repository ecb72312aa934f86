/**
 * Walks a resource along its definitions: each element is visited with the type it has there. Contained and inline resources, primitive siblings
 * (`_birthDate`) and array items are visited as well. https://hl7.org/fhir/R4/json.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonArray, type JsonObject, type JsonValue, type ResourceTree } from './tree.ts';

/** `type` is '' below a property that the definitions do not know. `parent[key]` is the value and may be replaced; 'skip' stays out of it. */
export type Visit = (type: string, value: JsonValue, parent: JsonObject | JsonArray, key: string | number) => void | 'skip';

/** Visits everything inside a resource, parents before children; the resource itself is not visited. */
export function walk(definitions: Definitions, resource: ResourceTree, visit: Visit): void {
  walkObject(definitions, resource.resourceType, resource, visit);
}

function walkObject(definitions: Definitions, type: string, object: JsonObject, visit: Visit): void {
  for (const name in object) {
    const value = object[name]!;
    const isSibling = name.charCodeAt(0) === 0x5f;
    const property = type === '' ? undefined : definitions.property(type, isSibling ? name.slice(1) : name);
    const own = property === undefined ? '' : isSibling ? 'Element' : property.type;
    if (Array.isArray(value)) walkArray(definitions, own, value, visit);
    else walkValue(definitions, own, value, object, name, visit);
  }
}

function walkArray(definitions: Definitions, type: string, array: JsonArray, visit: Visit): void {
  for (let i = 0; i < array.length; i++) {
    const value = array[i]!;
    if (Array.isArray(value)) walkArray(definitions, type, value, visit);
    else walkValue(definitions, type, value, array, i, visit);
  }
}

function walkValue(
  definitions: Definitions,
  type: string,
  value: JsonValue,
  parent: JsonObject | JsonArray,
  key: string | number,
  visit: Visit,
): void {
  if (visit(type, value, parent, key) === 'skip' || !isObject(value)) return;
  const inline = value['resourceType'];
  const isResource = typeof inline === 'string' && (type === 'Resource' || type === '');
  walkObject(definitions, isResource ? inline : type, value, visit);
}
