/**
 * Steps from typed nodes to their children, along the definitions: `value` of an Observation is looked for as `valueQuantity`, `valueString` …
 * https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { Nodes, PathNode } from './node.ts';
import { made, NOTHING } from './nodes.ts';

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

export interface Find {
  /** the children of a name */
  of(node: PathNode): Nodes;
  /** appends them */
  all(node: PathNode, found: PathNode[]): void;
  /** whether there is a child of that name */
  some(node: PathNode): boolean;
}

/** The places of a name in one type. */
interface Places {
  readonly all: readonly Place[];
  /** of a made value: what it is made of, by its names */
  readonly isRaw?: true;
  /** Of a choice of many types: by name in JSON and by name of the sibling, since an object has fewer names than the choice has types. */
  readonly byKey?: ReadonlyMap<string, Place>;
}

const NONE: Places = { all: [] };
const RAW: Places = { all: [], isRaw: true };
/** From so many types on, the names of the object are looked through instead of those of the choice. */
const MANY = 4;

const finders = new WeakMap<Definitions, Map<string, Find>>();
/** Most names that are remembered: expressions may ask for any. */
const MOST_NAMES = 5000;

/** Finds the children of a name; only those of the wanted types of a choice. The places are looked up once a type. */
export function childFinder(definitions: Definitions, name: string, wants?: (type: string) => boolean): Find {
  if (wants) return makeFinder(name, (type) => placesOf(definitions, type, name, wants));
  let known = finders.get(definitions);
  if (!known) finders.set(definitions, (known = new Map<string, Find>()));
  let find = known.get(name);
  if (!find) {
    find = makeFinder(name, (type) => placesOf(definitions, type, name, undefined));
    if (known.size < MOST_NAMES) known.set(name, find);
  }
  return find;
}

function makeFinder(name: string, look: (type: string) => Places): Find {
  const known = new Map<string, Places>();
  let lastType = '';
  let lastPlaces = NONE;
  // Most expressions meet one type again and again.
  const placesFor = (type: string): Places => {
    if (type === lastType) return lastPlaces;
    let places = known.get(type);
    if (!places) known.set(type, (places = look(type)));
    lastType = type;
    return (lastPlaces = places);
  };
  const all: Find['all'] = (node, found) => {
    const holder = holderOf(node);
    if (holder === undefined) return;
    const places = placesFor(node.type);
    if (places.isRaw) addRaw(holder, name, found);
    else if (places.byKey)
      for (const place of there(holder, places.byKey)) addChild(node, holder, place, found);
    else for (const place of places.all) addChild(node, holder, place, found);
  };
  return {
    all,
    of: (node) => {
      const holder = holderOf(node);
      if (holder === undefined) return NOTHING;
      const places = placesFor(node.type);
      if (places.all.length === 1) return childrenAt(node, holder, places.all[0]!);
      const found: PathNode[] = [];
      all(node, found);
      return found.length === 0 ? NOTHING : found;
    },
    some: (node) => {
      const holder = holderOf(node);
      if (holder === undefined) return false;
      const { all: places, byKey, isRaw } = placesFor(node.type);
      if (isRaw) return holder[name] !== undefined;
      for (const place of byKey ? there(holder, byKey) : places) if (isThere(holder, place)) return true;
      return false;
    },
  };
}

/** The object that has the children. A primitive has only an id and extensions, and they stand in its sibling. */
function holderOf({ value, sibling }: PathNode): JsonObject | undefined {
  return isObject(value) ? value : sibling;
}

/** The most usual step, without a list that grows. */
function childrenAt(parent: PathNode, holder: JsonObject, place: Place): Nodes {
  const value = holder[place.jsonName];
  const sibling = place.siblingName === undefined ? undefined : holder[place.siblingName];
  if (sibling === undefined) {
    if (value === undefined || value === null) return NOTHING;
    if (!Array.isArray(value)) return [child(parent, value, place, undefined, undefined)];
    if (value.length === 1 && value[0] !== null) return [child(parent, value[0]!, place, undefined, 0)];
  }
  const found: PathNode[] = [];
  addChild(parent, holder, place, found);
  return found;
}

/** The places that an object has a name for, each once. */
function there(holder: JsonObject, byKey: ReadonlyMap<string, Place>): readonly Place[] {
  let found: Place[] | undefined;
  for (const key in holder) {
    const place = byKey.get(key);
    if (place && !found?.includes(place)) (found ??= []).push(place);
  }
  return found ?? NONE.all;
}

/** The parts of a made value: `name` of a type, `unit` of a quantity. */
function addRaw(holder: JsonObject, name: string, found: PathNode[]): void {
  const value = Object.hasOwn(holder, name) ? holder[name] : undefined;
  if (value !== undefined)
    found.push(made(value, typeof value === 'string' ? 'System.String' : 'System.Decimal'));
}

function placesOf(
  definitions: Definitions,
  type: string,
  name: string,
  wants: ((type: string) => boolean) | undefined,
): Places {
  if (type.startsWith('System.')) return RAW;
  const element = definitions.type(type)?.elements.find((one) => one.name === name);
  if (!element) return NONE;
  const places = element.types.map((one) => placeOf(definitions, element, one));
  const all = wants ? places.filter((place) => wants(place.type)) : places;
  if (all.length < MANY) return { all };
  const keys = all.flatMap((place): [string, Place][] => [
    [place.jsonName, place],
    [place.siblingName ?? place.jsonName, place],
  ]);
  return { all, byKey: new Map(keys) };
}

function placeOf(definitions: Definitions, element: ElementDefinition, type: string): Place {
  const { name, choice } = element;
  const jsonName = choice ? name + type[0]!.toUpperCase() + type.slice(1) : name;
  const isPrimitive = definitions.type(type)?.kind === 'primitive-type';
  return { jsonName, siblingName: isPrimitive ? `_${jsonName}` : undefined, type, element };
}

function isThere(holder: JsonObject, { jsonName, siblingName }: Place): boolean {
  const value = holder[jsonName];
  if (value !== undefined && value !== null && (!Array.isArray(value) || value.some((one) => one !== null)))
    return true;
  const sibling = siblingName === undefined ? undefined : holder[siblingName];
  return Array.isArray(sibling) ? sibling.some(isObject) : isObject(sibling);
}

function addChild(parent: PathNode, object: JsonObject, place: Place, found: PathNode[]): void {
  const value = object[place.jsonName];
  const sibling = place.siblingName === undefined ? undefined : object[place.siblingName];
  if (sibling !== undefined) addPrimitives(parent, value, sibling, place, found);
  else if (value === undefined || value === null) return;
  else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) add(parent, value[i]!, place, undefined, i, found);
  } else add(parent, value, place, undefined, undefined, found);
}

function add(
  parent: PathNode,
  value: JsonValue,
  place: Place,
  sibling: JsonObject | undefined,
  index: number | undefined,
  found: PathNode[],
): void {
  if (value !== null || sibling !== undefined) found.push(child(parent, value, place, sibling, index));
}

function child(
  parent: PathNode,
  value: JsonValue,
  { type, element, jsonName: name }: Place,
  sibling: JsonObject | undefined,
  index: number | undefined,
): PathNode {
  const inline = type === 'Resource' && isObject(value) ? value['resourceType'] : undefined;
  return { value, type: typeof inline === 'string' ? inline : type, element, sibling, parent, name, index };
}

function addPrimitives(
  parent: PathNode,
  value: JsonValue | undefined,
  sibling: JsonValue,
  place: Place,
  found: PathNode[],
): void {
  if (!Array.isArray(value) && !Array.isArray(sibling)) {
    add(parent, value ?? null, place, isObject(sibling) ? sibling : undefined, undefined, found);
    return;
  }
  const values = Array.isArray(value) ? value : [value ?? null];
  const siblings = Array.isArray(sibling) ? sibling : [sibling];
  for (let i = 0; i < Math.max(values.length, siblings.length); i++) {
    const beside = siblings[i];
    add(parent, values[i] ?? null, place, isObject(beside) ? beside : undefined, i, found);
  }
}

/** Appends all children, in the order in which they were sent. */
export function addChildren(definitions: Definitions, node: PathNode, found: PathNode[]): void {
  const { value, type, sibling } = node;
  const holder = isObject(value) ? value : sibling;
  if (holder === undefined || type.startsWith('System.')) return;
  for (const key in holder) {
    const isSibling = key.startsWith('_');
    const name = isSibling ? key.slice(1) : key;
    // A primitive that has both is taken where its value stands.
    if (isSibling && holder[name] !== undefined) continue;
    const place = placeNamed(definitions, type, name);
    if (place) addChild(node, holder, place, found);
  }
}

const placesByName = new WeakMap<Definitions, Map<string, Map<string, Place | undefined>>>();

function placeNamed(definitions: Definitions, type: string, name: string): Place | undefined {
  let types = placesByName.get(definitions);
  if (!types) placesByName.set(definitions, (types = new Map<string, Map<string, Place | undefined>>()));
  let names = types.get(type);
  if (!names) types.set(type, (names = new Map<string, Place | undefined>()));
  if (names.has(name)) return names.get(name);
  const property = definitions.property(type, name);
  const place = property && placeOf(definitions, property.element, property.type);
  // Only names of the standard are remembered: what is sent must not fill the memory.
  if (place) names.set(name, place);
  return place;
}
