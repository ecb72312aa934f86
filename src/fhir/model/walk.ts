/**
 * Walks a resource along its definitions: each element is visited with the type it has there. Contained and inline resources, primitive siblings
 * (`_birthDate`) and array items are visited as well. https://hl7.org/fhir/R4/json.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonArray, type JsonObject, type JsonValue, type ResourceTree } from './tree.ts';

/**
 * `type` is that of the element (`HumanName`, `code`, `Observation.component`, `Element` for a primitive sibling; `Resource` for an inline resource,
 * whatever its resourceType); '' for `resourceType` and for and below what the definitions do not know. `parent[key]` is the value and may be replaced.
 * `path` tells where it is, `Patient.name[0].given[1]`; ask only while in the visit. 'skip' stays out of the value.
 */
export type Visit = (
  type: string,
  value: JsonValue,
  parent: JsonObject | JsonArray,
  key: string | number,
  path: () => string,
) => void | 'skip';

/** Where the walk is: the property names and positions from the resource down to what is visited. */
interface Walk {
  readonly definitions: Definitions;
  readonly visit: Visit;
  readonly keys: (string | number)[];
  readonly path: () => string;
}

const UNKNOWN = '';
const UNDERSCORE = 0x5f;

/**
 * Visits everything inside a resource, parents before children; the resource itself is not visited. Items of an array are visited one by one, the
 * array is not. Recursion goes as deep as the resource: the parser bounds that.
 */
export function walk(definitions: Definitions, resource: ResourceTree, visit: Visit): void {
  const keys: (string | number)[] = [];
  const path = (): string =>
    keys.reduce<string>(
      (all, key) => (typeof key === 'number' ? `${all}[${key}]` : `${all}.${key}`),
      resource.resourceType,
    );
  walkObject({ definitions, visit, keys, path }, resource.resourceType, resource);
}

function walkObject(state: Walk, type: string, object: JsonObject): void {
  const { definitions, keys } = state;
  for (const name in object) {
    const value = object[name]!;
    keys.push(name);
    const own = typeOf(definitions, type, name);
    if (Array.isArray(value)) walkArray(state, own, value);
    else walkValue(state, own, value, object, name);
    keys.pop();
  }
}

function typeOf(definitions: Definitions, type: string, name: string): string {
  if (type === UNKNOWN) return UNKNOWN;
  if (name.charCodeAt(0) !== UNDERSCORE) return definitions.property(type, name)?.type ?? UNKNOWN;
  return definitions.property(type, name.slice(1)) ? 'Element' : UNKNOWN;
}

function walkArray(state: Walk, type: string, array: JsonArray): void {
  for (let i = 0; i < array.length; i++) {
    const value = array[i]!;
    state.keys.push(i);
    if (Array.isArray(value)) walkArray(state, type, value);
    else walkValue(state, type, value, array, i);
    state.keys.pop();
  }
}

function walkValue(
  state: Walk,
  type: string,
  value: JsonValue,
  parent: JsonObject | JsonArray,
  key: string | number,
): void {
  if (state.visit(type, value, parent, key, state.path) === 'skip' || !isObject(value)) return;
  walkObject(state, isInline(type, value) ? (value['resourceType'] as string) : type, value);
}

/** A resource inside a resource; also where an unknown property holds one. */
function isInline(type: string, value: JsonObject): boolean {
  return (type === 'Resource' || type === UNKNOWN) && typeof value['resourceType'] === 'string';
}
