/** The items of an element in JSON, each a value with what stands beside it: `given[1]` and `_given[1]`. https://hl7.org/fhir/R4/json.html#primitive */
import { isObject, type JsonArray, type JsonObject, type JsonValue } from './tree.ts';

export interface Cell {
  /** absent: a primitive without a value */
  readonly value?: JsonValue;
  /** id and extensions of a primitive */
  readonly sibling?: JsonObject;
}

export function readCells(object: JsonObject, name: string): Cell[] {
  const values = listOf(object, name);
  const siblings = listOf(object, `_${name}`);
  return Array.from({ length: Math.max(values.length, siblings.length) }, (_, i) => {
    const [value, sibling] = [values[i] ?? undefined, siblings[i] ?? undefined];
    return { ...(value !== undefined && { value }), ...(isObject(sibling) && { sibling }) };
  });
}

function listOf(object: JsonObject, name: string): JsonArray {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Puts the items in place of those that are there; without items the element goes. `many`: it may repeat, and so is an array. */
export function writeCells(object: JsonObject, name: string, cells: readonly Cell[], many: boolean): void {
  write(
    object,
    name,
    cells.map(({ value }) => value ?? null),
    many,
  );
  write(
    object,
    `_${name}`,
    cells.map(({ sibling }) => sibling ?? null),
    many,
  );
}

function write(object: JsonObject, name: string, list: JsonArray, many: boolean): void {
  if (list.every((one) => one === null)) delete object[name];
  else object[name] = many ? list : list[0]!;
}

/** Gives a property another name where it stands. */
export function renameProperty(object: JsonObject, from: string, to: string): void {
  const entries = Object.entries(object);
  for (const [name] of entries) delete object[name];
  for (const [name, value] of entries) object[name === from ? to : name] = value;
}
