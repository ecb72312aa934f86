/**
 * The elements that a policy hides or locks: `Patient.telecom`, `Observation.value`, `Patient.contact.name`. Everything at that place and below, with
 * the sibling of a primitive and every type of a choice. https://hl7.org/fhir/R4/json.html
 */
import type { Definitions, Property } from '../../fhir/definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';

export interface ElementPath {
  readonly type: string;
  /** names of elements as the specification has them, without `[x]` */
  readonly names: readonly string[];
}

/** Without these a resource is none, or could not be kept apart from others. */
const NEVER: ReadonlySet<string> = new Set([
  'id',
  'meta',
  'resourceType',
  'implicitRules',
  'contained',
  'modifierExtension',
]);

/** undefined: there is no such element, or it cannot be hidden. */
export function elementsAt(definitions: Definitions, path: string): ElementPath | undefined {
  const [type = '', ...names] = path.split('.');
  if (!definitions.isResourceType(type) || names.length === 0 || NEVER.has(names[0]!)) return undefined;
  let at: readonly string[] = [type];
  for (const name of names) {
    const found = at.flatMap((one) => propertiesOf(definitions, one, name));
    if (found.length === 0) return undefined;
    at = [...new Set(found.map((property) => property.type))];
  }
  return { type, names };
}

/** The properties in JSON that an element has: `value` of Observation is `valueQuantity`, `valueString` … */
function propertiesOf(definitions: Definitions, type: string, name: string): Property[] {
  const plain = definitions.property(type, name);
  if (plain) return [plain];
  const element = definitions.type(type)?.elements.find((one) => one.choice && one.name === name);
  return (element?.types ?? []).flatMap(
    (code) => definitions.property(type, name + code[0]!.toUpperCase() + code.slice(1)) ?? [],
  );
}

/** Whether a property in JSON is the element of that name. */
function isNamed(definitions: Definitions, type: string, jsonName: string, name: string): boolean {
  const bare = jsonName.replace(/^_/, '');
  return bare === name || definitions.property(type, bare)?.element.name === name;
}

/** A copy without what lies at a path; the same object where nothing does. Values that lose all they had go as well. */
export function withoutElement(
  definitions: Definitions,
  type: string,
  tree: JsonObject,
  names: readonly string[],
): JsonObject {
  const [name, ...rest] = names;
  let copy: JsonObject | undefined;
  for (const jsonName of Object.keys(tree)) {
    if (!isNamed(definitions, type, jsonName, name!)) continue;
    const inner = definitions.property(type, jsonName.replace(/^_/, ''))?.type ?? 'Element';
    const left = rest.length === 0 ? undefined : withoutIn(definitions, inner, tree[jsonName]!, rest);
    if (left === tree[jsonName]) continue;
    copy ??= { ...tree };
    if (left === undefined) delete copy[jsonName];
    else copy[jsonName] = left;
  }
  return copy ?? tree;
}

function withoutIn(
  definitions: Definitions,
  type: string,
  value: JsonValue,
  names: readonly string[],
): JsonValue | undefined {
  if (Array.isArray(value)) {
    const left = value.map((one) => withoutIn(definitions, type, one, names));
    if (left.every((one, i) => one === value[i])) return value;
    const kept = left.filter((one) => one !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  if (!isObject(value)) return value;
  const left = withoutElement(definitions, type, value, names);
  return Object.keys(left).length > 0 ? left : undefined;
}

/** The part of a resource that lies under the first name of a path, by property in JSON. */
export function topOf(definitions: Definitions, { type, names }: ElementPath, tree: JsonObject): JsonObject {
  const own: JsonObject = {};
  for (const [jsonName, value] of Object.entries(tree))
    if (isNamed(definitions, type, jsonName, names[0]!)) own[jsonName] = value;
  return own;
}

/** All values at a path, in their order. */
export function valuesAt(
  definitions: Definitions,
  { type, names }: ElementPath,
  tree: JsonObject,
): readonly JsonValue[] {
  let at: readonly { readonly type: string; readonly value: JsonValue }[] = [{ type, value: tree }];
  for (const name of names)
    at = at.flatMap(({ type: of, value }) =>
      isObject(value) ? propertiesIn(definitions, of, value, name) : [],
    );
  return at.map(({ value }) => value);
}

function propertiesIn(
  definitions: Definitions,
  type: string,
  tree: JsonObject,
  name: string,
): { readonly type: string; readonly value: JsonValue }[] {
  return Object.entries(tree).flatMap(([jsonName, value]) => {
    if (!isNamed(definitions, type, jsonName, name)) return [];
    const inner = definitions.property(type, jsonName.replace(/^_/, ''))?.type ?? 'Element';
    return (Array.isArray(value) ? value : [value]).map((one) => ({ type: inner, value: one }));
  });
}
