/**
 * Steps from typed nodes to their children, along the definitions: `value` of an Observation is looked for as `valueQuantity`, `valueString` …
 * https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { isObject, type JsonArray, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from './node.ts';

/** Where a child can stand in JSON, and what it is there. */
interface Place {
  readonly jsonName: string;
  /** name of the sibling with the extensions, for primitives */
  readonly siblingName?: string;
  readonly type: string;
  readonly element: ElementDefinition;
}

/** Whether a type is, or is derived from, another one. */
export function isKindOf(definitions: Definitions, type: string, base: string): boolean {
  if (type === base) return true;
  for (let one = definitions.type(type); one?.base !== undefined; one = definitions.type(one.base)) {
    if (one.base === base) return true;
  }
  return false;
}

/** `isKindOf` for one base, remembered. */
export function kindTest(definitions: Definitions, base: string): (type: string) => boolean {
  const known = new Map<string, boolean>();
  return (type) => {
    let is = known.get(type);
    if (is === undefined) known.set(type, (is = isKindOf(definitions, type, base)));
    return is;
  };
}

export type Find = (node: PathNode, found: PathNode[]) => void;

/** Appends the children of a name. `only` leaves out the types of a choice that are not wanted. The places are looked up once a type. */
export function childFinder(definitions: Definitions, name: string, only?: string): Find {
  const known = new Map<string, readonly Place[]>();
  return (node, found) => {
    let places = known.get(node.type);
    if (!places) known.set(node.type, (places = placesOf(definitions, node.type, name, only)));
    if (isObject(node.value)) for (const place of places) addChild(node.value, place, found);
    // A primitive has only an id and extensions, and they stand in its sibling.
    else if (node.sibling) for (const place of places) addChild(node.sibling, place, found);
  };
}

function placesOf(definitions: Definitions, type: string, name: string, only: string | undefined): Place[] {
  const element = definitions.type(type)?.elements.find((one) => one.name === name);
  if (!element) return [];
  const places = element.types.map((one): Place => {
    const jsonName = element.choice ? name + one[0]!.toUpperCase() + one.slice(1) : name;
    const isPrimitive = definitions.type(one)?.kind === 'primitive-type';
    return { jsonName, siblingName: isPrimitive ? `_${jsonName}` : undefined, type: one, element };
  });
  return only === undefined ? places : places.filter((place) => isKindOf(definitions, place.type, only));
}

function addChild(object: JsonObject, place: Place, found: PathNode[]): void {
  const value = object[place.jsonName];
  const sibling = place.siblingName === undefined ? undefined : object[place.siblingName];
  if (sibling !== undefined) addPrimitives(value, sibling, place, found);
  else if (Array.isArray(value)) for (const one of value) add(one, place, found);
  else if (value !== undefined) add(value, place, found);
}

function add(value: JsonValue, { type, element }: Place, found: PathNode[]): void {
  if (value === null) return;
  const inline = type === 'Resource' && isObject(value) ? value['resourceType'] : undefined;
  found.push({ value, type: typeof inline === 'string' ? inline : type, element });
}

function addPrimitives(
  value: JsonValue | undefined,
  sibling: JsonValue,
  { type, element }: Place,
  found: PathNode[],
): void {
  const [values, siblings]: JsonArray[] = [value, sibling].map((one) =>
    Array.isArray(one) ? one : [one ?? null],
  );
  for (let i = 0; i < Math.max(values!.length, siblings!.length); i++) {
    const [own = null, beside] = [values![i], siblings![i]];
    if (isObject(beside)) found.push({ value: own, type, element, sibling: beside });
    else if (own !== null) found.push({ value: own, type, element });
  }
}
