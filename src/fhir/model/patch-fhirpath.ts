/** FHIRPath Patch: a Parameters resource whose operations change elements that FHIRPath selects. https://hl7.org/fhir/R4/fhirpatch.html */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { jsonName, locate, valueAt, type Location } from '../path/locate.ts';
import { siblingKeys } from '../path/node.ts';
import { readCells, renameProperty, writeCells, type Cell } from './cells.ts';
import { copyValue, nesting } from './copy.ts';
import { fault, FhirError } from './outcome.ts';
import { readOperation, type PatchOperation } from './patch-operation.ts';
import { addElement, elementOf, make, type Making } from './patch-value.ts';
import { isObject, type JsonObject, type ResourceTree } from './tree.ts';

const MOST_OPERATIONS = 1000;
const MOST_DEPTH = 100;
/** what one patch may put in, and how large the resource may be, see `Budget` */
const MOST_COPIED = 50_000_000;
/** operations times the size of the resource: about a second and a half */
const MOST_WORK = 500_000_000;

interface Patching extends Making {
  readonly tree: ResourceTree;
  readonly operation: PatchOperation;
}

/** A new tree; `tree` stays as it was. Throws FhirError that names the operation by its index, and what is wrong with it. */
export function applyFhirPathPatch(
  definitions: Definitions,
  tree: ResourceTree,
  parameters: ResourceTree,
): ResourceTree {
  const operations = parameters['parameter'] ?? [];
  if (parameters.resourceType !== 'Parameters' || !Array.isArray(operations)) {
    throw fault('invalid', 'A FHIRPath Patch is a Parameters resource with one parameter for each operation');
  }
  if (operations.length > MOST_OPERATIONS) {
    throw fault(
      'too-costly',
      `The patch has ${operations.length} operations: at most ${MOST_OPERATIONS} are allowed`,
    );
  }
  const counted = { left: MOST_COPIED };
  const next = copyValue(tree, counted);
  refuseLong(operations.length, MOST_COPIED - counted.left);
  const making: Making = { definitions, budget: { left: MOST_COPIED } };
  operations.forEach((sent, i) => {
    const operation = readOperation(sent, i);
    try {
      OPERATIONS[operation.type]({ ...making, tree: next, operation });
    } catch (error) {
      throw error instanceof FhirError ? named(error, operation, i) : error;
    }
  });
  if (nesting(next, { left: Infinity }) > MOST_DEPTH)
    throw fault('invalid', `The patch would nest deeper than ${MOST_DEPTH} levels`);
  return next;
}

/** Each operation may look at the whole resource. */
function refuseLong(operations: number, size: number): void {
  const most = Math.floor(MOST_WORK / size);
  if (operations <= most) return;
  throw fault(
    'too-costly',
    `The patch has ${operations} operations, and the resource is large: send at most ${most} at a time`,
  );
}

function named(error: FhirError, { type, path }: PatchOperation, index: number): FhirError {
  const issues = error.issues.map((one) => ({
    ...one,
    diagnostics: `Operation ${index} (${type} ${path.slice(0, 200)}): ${one.diagnostics}`,
    expression: [`Parameters.parameter[${index}]`],
  }));
  return new FhirError(error.status, issues);
}

const OPERATIONS: Readonly<Record<PatchOperation['type'], (patching: Patching) => void>> = {
  add: (patching) => {
    const { operation } = patching;
    const place = only(patching, operation.path);
    addElement(patching, objectAt(patching, place), place.type, operation.name!, operation.value!);
  },
  insert: (patching) =>
    changeList(patching, (cells, element) => {
      const at = within(patching.operation.index!, cells.length, 'index');
      cells.splice(at, 0, make(patching, element, patching.operation.value!).cell);
    }),
  move: (patching) =>
    changeList(patching, (cells) => {
      const [source, destination] = [patching.operation.source!, patching.operation.destination!];
      const [taken] = cells.splice(within(source, cells.length - 1, 'source'), 1);
      cells.splice(within(destination, cells.length, 'destination'), 0, taken!);
    }),
  replace: (patching) => replace(patching, inside(only(patching, patching.operation.path))),
  delete: (patching) => {
    const places = locate(patching.definitions, patching.operation.path, patching.tree);
    if (places.length > 1)
      throw fault('invalid', `the path selects ${places.length} elements: a patch deletes one at a time`);
    for (const place of places) remove(patching.tree, inside(place).keys);
  },
};

function only({ definitions, tree }: Patching, path: string): Location {
  const places = locate(definitions, path, tree);
  if (places.length === 1) return places[0]!;
  const found = places.length === 0 ? 'nothing' : `${places.length} elements`;
  throw fault(
    'invalid',
    `the path selects ${found} in this ${tree.resourceType}: it must select one element`,
  );
}

type Inside = Location & { readonly element: ElementDefinition };

function inside(place: Location): Inside {
  const { element } = place;
  if (!element) throw fault('invalid', 'the path selects the whole resource: use update or delete for that');
  return { ...place, element };
}

/** The object whose properties are the children of an element. That of a primitive may have to be made. */
function objectAt({ tree }: Patching, { keys }: Location): JsonObject {
  const value = valueAt(tree, keys);
  if (isObject(value)) return value;
  const beside = valueAt(tree, siblingKeys(keys));
  if (isObject(beside)) return beside;
  const { holder, name, index } = propertyAt(tree, keys);
  const sibling: JsonObject = {};
  const cells = readCells(holder, name);
  cells[index ?? 0] = { ...cells[index ?? 0], sibling };
  writeCells(holder, name, cells, index !== undefined);
  return sibling;
}

interface PropertyPlace {
  readonly holder: JsonObject;
  readonly holderKeys: readonly (string | number)[];
  readonly name: string;
  readonly index?: number;
}

function propertyAt(tree: ResourceTree, keys: readonly (string | number)[]): PropertyPlace {
  const last = keys.at(-1);
  const [holderKeys, name, index] =
    typeof last === 'number' ? [keys.slice(0, -2), keys.at(-2), last] : [keys.slice(0, -1), last, undefined];
  return {
    holder: valueAt(tree, holderKeys) as JsonObject,
    holderKeys,
    name: name as string,
    ...(index !== undefined && { index }),
  };
}

function replace(patching: Patching, { keys, element }: Inside): void {
  const { holder, name, index } = propertyAt(patching.tree, keys);
  const { type, cell } = make(patching, element, patching.operation.value!);
  const cells = readCells(holder, name).with(index ?? 0, cell);
  const next = jsonName(element, type);
  if (next !== name) {
    renameProperty(holder, name, next);
    delete holder[`_${name}`];
  }
  writeCells(holder, next, cells, element.max > 1);
}

/** Takes an item out, and every element above it that this leaves empty. */
function remove(tree: ResourceTree, keys: readonly (string | number)[]): void {
  const { holder, holderKeys, name, index } = propertyAt(tree, keys);
  // `_given` is not a list of its own: it holds the id and the extensions of the items of `given`.
  const isSibling = name.startsWith('_');
  const property = isSibling ? name.slice(1) : name;
  const cells = readCells(holder, property);
  const value = isSibling ? cells[index ?? 0]!.value : undefined;
  cells.splice(index ?? 0, 1, ...(value === undefined ? [] : [{ value }]));
  writeCells(holder, property, cells, index !== undefined);
  if (Object.keys(holder).length === 0 && holderKeys.length > 0) remove(tree, holderKeys);
}

/** The last step of a path: the name of the list that insert and move work on. */
const LAST_NAME = /^(?:([\s\S]*)\.)?\s*(?:`([^`]+)`|([A-Za-z]\w*))\s*$/;

function changeList(patching: Patching, change: (cells: Cell[], element: ElementDefinition) => void): void {
  const { definitions, tree, operation } = patching;
  const [, parent, quoted, plain] = LAST_NAME.exec(operation.path) ?? [];
  const name = quoted ?? plain;
  if (name === undefined)
    throw fault('invalid', 'the path must end with the name of a list, such as Patient.identifier');
  const place: Location =
    parent === undefined ? { keys: [], type: tree.resourceType } : only(patching, parent);
  const element = elementOf(definitions, place.type, name);
  if (element.max <= 1) throw fault('invalid', `${element.path} is not a list: use replace`);
  const holder = objectAt(patching, place);
  const cells = readCells(holder, element.name);
  change(cells, element);
  writeCells(holder, element.name, cells, true);
}

function within(index: number, most: number, name: string): number {
  if (index <= most) return index;
  if (most < 0) throw fault('invalid', `${name} is ${index}, but the list is empty`);
  throw fault('invalid', `${name} is ${index}, beyond the list: at most ${most} is possible`);
}
