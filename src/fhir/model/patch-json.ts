/** JSON Patch on trees that keep decimals: all operations, all or none. https://www.rfc-editor.org/rfc/rfc6902, https://hl7.org/fhir/R4/http.html#patch */
import { copyValue, nesting, type Budget } from './copy.ts';
import { equalValues } from './equal.ts';
import { fault, type Fault, type FhirError } from './outcome.ts';
import {
  childOf,
  indexOf,
  isContainer,
  kindOf,
  parsePointer,
  pointerText,
  type Container,
} from './pointer.ts';
import { isObject, type JsonObject, type JsonValue, type ResourceTree } from './tree.ts';

const MOST_OPERATIONS = 10_000;
/** what one patch may copy and move, see `Budget`: a million values, or 50 MB of text */
const MOST_COPIED = 50_000_000;
const MOST_DEPTH = 100;

interface Patching {
  /** the document under its only name `root`, so that the whole of it has a place too */
  readonly top: { root: JsonValue };
  readonly budget: Budget;
  /** what something was taken out of */
  readonly shrunk: Set<Container>;
  refuse(what: string, name?: Fault): FhirError;
}

type Operation = (patching: Patching, operation: JsonObject, path: readonly string[]) => void;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (patching, operation, path) => add(patching, path, valueOf(patching, operation)),
  remove: (patching, _operation, path) => void remove(patching, path),
  replace: (patching, operation, path) => {
    const value = valueOf(patching, operation);
    existing(patching, path);
    put(patching, path, value);
  },
  move: (patching, operation, path) => move(patching, fromOf(patching, operation), path),
  copy: (patching, operation, path) =>
    add(patching, path, copyValue(existing(patching, fromOf(patching, operation)), patching.budget)),
  test: (patching, operation, path) => test(patching, path, required(patching, operation, 'value')),
};

/**
 * A new tree. An array or object that the patch leaves empty goes too, because FHIR has no empty ones. Throws FhirError that names the
 * operation by its index, the path, and what was found there; `tree` stays as it was.
 */
export function applyJsonPatch(tree: ResourceTree, patch: JsonValue): ResourceTree {
  const { root, shrunk } = run(tree, patch);
  if (!isObject(root) || root['resourceType'] !== tree.resourceType) {
    throw fault(
      'invalid',
      `The JSON Patch would change resourceType, which stays ${tree.resourceType}`,
      'resourceType',
    );
  }
  if (shrunk.size > 0) prune(root, shrunk);
  return root as ResourceTree;
}

/** The operations on any JSON document, and nothing beside them. */
export function patchValue(document: JsonValue, patch: JsonValue): JsonValue {
  return run(document, patch).root;
}

function run(document: JsonValue, patch: JsonValue): { root: JsonValue; shrunk: Set<Container> } {
  if (!Array.isArray(patch))
    throw fault('invalid', `A JSON Patch is an array of operations, not ${kindOf(patch)}`);
  if (patch.length > MOST_OPERATIONS) {
    throw fault(
      'too-costly',
      `The JSON Patch has ${patch.length} operations: at most ${MOST_OPERATIONS} are allowed`,
    );
  }
  const budget: Budget = { left: MOST_COPIED };
  const root = copyValue(document, { left: Infinity });
  const state = { top: { root }, budget, shrunk: new Set<Container>() };
  patch.forEach((operation, i) => apply(state, operation, i));
  return { root: state.top.root, shrunk: state.shrunk };
}

/** Takes out what has become empty; whether the container itself has. */
function prune(container: Container, shrunk: ReadonlySet<Container>): boolean {
  const names = Object.keys(container);
  const empty = names.filter((name) => {
    const value = (container as JsonObject)[name];
    return isContainer(value) && prune(value, shrunk);
  });
  if (Array.isArray(container)) for (const name of empty.reverse()) container.splice(Number(name), 1);
  else for (const name of empty) delete container[name];
  return names.length === empty.length && (empty.length > 0 || shrunk.has(container));
}

function apply(state: Omit<Patching, 'refuse'>, operation: JsonValue, index: number): void {
  const shown = isObject(operation) ? ` (${short(operation['op'])} ${short(operation['path'])})` : '';
  const refuse = (what: string, name: Fault = 'invalid'): FhirError =>
    fault(name, `Operation ${index} of the JSON Patch${shown}: ${what}`);
  if (!isObject(operation))
    throw refuse(`an operation is an object with op and path, not ${kindOf(operation)}`);
  const name = operation['op'];
  if (typeof name !== 'string' || !Object.hasOwn(OPERATIONS, name)) {
    throw refuse('op must be one of add, remove, replace, move, copy, test');
  }
  const patching: Patching = { ...state, refuse };
  OPERATIONS[name]!(patching, operation, pointerOf(patching, operation, 'path'));
}

const short = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value.slice(0, 200) : '?';

function required(patching: Patching, operation: JsonObject, name: string): JsonValue {
  if (!Object.hasOwn(operation, name)) throw patching.refuse(`the member "${name}" is missing`);
  return operation[name]!;
}

function pointerOf(patching: Patching, operation: JsonObject, name: string): string[] {
  const text = required(patching, operation, name);
  if (typeof text !== 'string') throw patching.refuse(`"${name}" must be a string, not ${kindOf(text)}`);
  const tokens = parsePointer(text);
  if (typeof tokens === 'string') throw patching.refuse(tokens);
  return tokens;
}

const fromOf = (patching: Patching, operation: JsonObject): string[] =>
  pointerOf(patching, operation, 'from');

/** The value to put in. It is copied, because the same patch may be applied again. */
function valueOf(patching: Patching, operation: JsonObject): JsonValue {
  return copyValue(required(patching, operation, 'value'), patching.budget);
}

/** Where a path ends: the container, and its last token in it. */
function placeOf(patching: Patching, path: readonly string[]): { holder: Container; token: string } {
  let holder: Container = patching.top;
  let token = 'root';
  for (const [i, next] of path.entries()) {
    const value: JsonValue | undefined = childOf(holder, token);
    if (!isContainer(value))
      throw patching.refuse(
        `there is ${kindOf(value)} at "${pointerText(path.slice(0, i))}", so nothing can be inside it`,
      );
    holder = value;
    token = next;
  }
  return { holder, token };
}

function existing(patching: Patching, path: readonly string[]): JsonValue {
  const { holder, token } = placeOf(patching, path);
  const value = childOf(holder, token);
  if (value !== undefined) return value;
  const where = Array.isArray(holder) ? `, which is ${kindOf(holder)}` : '';
  throw patching.refuse(`there is no "${token.slice(0, 64)}" in "${pointerText(path.slice(0, -1))}"${where}`);
}

function add(patching: Patching, path: readonly string[], value: JsonValue): void {
  const { holder, token } = placeOf(patching, path);
  if (!Array.isArray(holder)) return put(patching, path, value);
  const index = indexOf(holder, token);
  if (index === undefined || index > holder.length) {
    throw patching.refuse(
      `"${token.slice(0, 64)}" is no place in ${kindOf(holder)}: use 0 to ${holder.length}, or "-" for the end`,
    );
  }
  refuseDepth(patching, path, value);
  holder.splice(index, 0, value);
}

function put(patching: Patching, path: readonly string[], value: JsonValue): void {
  refuseDepth(patching, path, value);
  const { holder, token } = placeOf(patching, path);
  (holder as JsonObject)[token] = value;
}

function refuseDepth(patching: Patching, path: readonly string[], value: JsonValue): void {
  if (path.length + nesting(value, patching.budget) > MOST_DEPTH)
    throw patching.refuse(`the nesting would be deeper than ${MOST_DEPTH} levels`);
}

function remove(patching: Patching, path: readonly string[]): JsonValue {
  if (path.length === 0) throw patching.refuse('the whole resource cannot be removed by a patch: use delete');
  const value = existing(patching, path);
  const { holder, token } = placeOf(patching, path);
  patching.shrunk.add(holder);
  if (Array.isArray(holder)) holder.splice(Number(token), 1);
  else delete holder[token];
  return value;
}

function move(patching: Patching, from: readonly string[], path: readonly string[]): void {
  if (from.length < path.length && from.every((token, i) => token === path[i])) {
    throw patching.refuse(`"${pointerText(from)}" cannot be moved into itself`);
  }
  const value = existing(patching, from);
  if (pointerText(from) === pointerText(path)) return;
  remove(patching, from);
  add(patching, path, value);
}

function test(patching: Patching, path: readonly string[], expected: JsonValue): void {
  const { holder, token } = placeOf(patching, path);
  const value = childOf(holder, token);
  if (value !== undefined && equalValues(value, expected)) return;
  const found =
    value === undefined || kindOf(value) !== kindOf(expected)
      ? kindOf(value)
      : `${kindOf(value)} that differs`;
  throw patching.refuse(`the test failed: expected ${kindOf(expected)}, found ${found}`, 'business-rule');
}
