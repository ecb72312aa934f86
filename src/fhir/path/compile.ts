/**
 * Compiles the syntax tree of a path to closures over resource trees. Types are tracked through the definitions, so that `Observation.value` finds
 * `valueQuantity` and knows that it is a Quantity. https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { Decimal, isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { Path } from './syntax.ts';

/** A value with the FHIR type it has where it stands. */
export interface PathNode {
  readonly value: JsonValue;
  readonly type: string;
  readonly element?: ElementDefinition;
}

export type Step = (focus: readonly PathNode[], root: readonly PathNode[]) => readonly PathNode[];

const NOTHING: readonly PathNode[] = [];
const truth = (value: boolean): readonly PathNode[] => [{ value, type: 'boolean' }];

/** The step of a path, or undefined when it calls a function that is not known here. `type` is that of the resources it will be given. */
export function compileSteps(definitions: Definitions, path: Path, type: string): Step | undefined {
  switch (path.kind) {
    case 'root':
      return (focus) => focus;
    case 'literal': {
      const node: PathNode = { value: path.value, type: literalType(path.value) };
      return () => [node];
    }
    case 'child':
      return compileChild(definitions, path, type);
    case 'index': {
      const of = compileSteps(definitions, path.of, type);
      return of && ((focus, root) => of(focus, root).slice(path.at, path.at + 1));
    }
    case 'type':
      return compileType(definitions, path, type);
    case 'binary':
      return compileBinary(definitions, path, type);
    case 'call':
      return compileCall(definitions, path, type);
  }
}

function literalType(value: string | number | boolean): string {
  return typeof value === 'number' ? 'decimal' : typeof value;
}

function compileChild(
  definitions: Definitions,
  path: Extract<Path, { kind: 'child' }>,
  type: string,
): Step | undefined {
  const { name } = path;
  // A leading type name stands for the resource itself, if it is of that type.
  if (
    path.of.kind === 'root' &&
    (definitions.type(name)?.kind === 'resource' || definitions.type(name) !== undefined) &&
    /^[A-Z]/.test(name)
  ) {
    return isKindOf(definitions, type, name) ? (_focus, root) => root : () => NOTHING;
  }
  const of = compileSteps(definitions, path.of, type);
  if (!of) return undefined;
  const find = childFinder(definitions, name);
  return (focus, root) => {
    const from = of(focus, root);
    if (from.length === 0) return NOTHING;
    const found: PathNode[] = [];
    for (const node of from) find(node, found);
    return found;
  };
}

/** Whether a type is, or is derived from, another one. */
export function isKindOf(definitions: Definitions, type: string, base: string): boolean {
  for (
    let one = definitions.type(type);
    one;
    one = one.base === undefined ? undefined : definitions.type(one.base)
  ) {
    if (one.name === base) return true;
  }
  return false;
}

type Place = readonly (readonly [jsonName: string, type: string, element: ElementDefinition])[];

/** Appends the children of a name; the places where they can stand are looked up once a type. */
function childFinder(definitions: Definitions, name: string): (node: PathNode, found: PathNode[]) => void {
  const known = new Map<string, Place>();
  return (node, found) => {
    if (!isObject(node.value)) return;
    let places = known.get(node.type);
    if (!places) known.set(node.type, (places = placesOf(definitions, node.type, name)));
    for (const [jsonName, type, element] of places) {
      const value = node.value[jsonName];
      if (value === undefined || value === null) continue;
      if (Array.isArray(value)) for (const one of value) add(one, type, element, found);
      else add(value, type, element, found);
    }
  };
}

function add(value: JsonValue, type: string, element: ElementDefinition, found: PathNode[]): void {
  if (value === null) return;
  const inline = type === 'Resource' && isObject(value) ? value['resourceType'] : undefined;
  found.push({ value, type: typeof inline === 'string' ? inline : type, element });
}

function placesOf(definitions: Definitions, type: string, name: string): Place {
  const element = definitions.type(type)?.elements.find((one) => one.name === name);
  if (!element) return [];
  return element.types.map((one) => [
    element.choice ? name + one[0]!.toUpperCase() + one.slice(1) : name,
    one,
    element,
  ]);
}

function compileType(
  definitions: Definitions,
  path: Extract<Path, { kind: 'type' }>,
  type: string,
): Step | undefined {
  const of = compileSteps(definitions, path.of, type);
  if (!of) return undefined;
  const holds = (node: PathNode): boolean =>
    node.type === path.type || isKindOf(definitions, node.type, path.type);
  if (path.operator === 'as') return (focus, root) => of(focus, root).filter(holds);
  return (focus, root) => {
    const [node] = of(focus, root);
    return node ? truth(holds(node)) : NOTHING;
  };
}

function compileBinary(
  definitions: Definitions,
  path: Extract<Path, { kind: 'binary' }>,
  type: string,
): Step | undefined {
  const left = compileSteps(definitions, path.left, type);
  const right = compileSteps(definitions, path.right, type);
  if (!left || !right) return undefined;
  switch (path.operator) {
    case '|':
      return (focus, root) => union(left(focus, root), right(focus, root));
    case 'and':
      return (focus, root) => truth(isTrue(left(focus, root)) && isTrue(right(focus, root)));
    case 'or':
      return (focus, root) => truth(isTrue(left(focus, root)) || isTrue(right(focus, root)));
    default:
      return (focus, root) => compare(left(focus, root), right(focus, root), path.operator === '=');
  }
}

function union(left: readonly PathNode[], right: readonly PathNode[]): readonly PathNode[] {
  if (left.length === 0) return right;
  return right.length === 0 ? left : [...left, ...right];
}

function compare(left: readonly PathNode[], right: readonly PathNode[], equal: boolean): readonly PathNode[] {
  if (left.length === 0 || right.length === 0) return NOTHING;
  const same = left.length === 1 && right.length === 1 && plain(left[0]!.value) === plain(right[0]!.value);
  return truth(same === equal);
}

const plain = (value: JsonValue): JsonValue => (value instanceof Decimal ? value.valueOf() : value);
const isTrue = (nodes: readonly PathNode[]): boolean => nodes.length === 1 && nodes[0]!.value === true;

function compileCall(
  definitions: Definitions,
  path: Extract<Path, { kind: 'call' }>,
  type: string,
): Step | undefined {
  const of = compileSteps(definitions, path.of, type);
  const [argument] = path.args.map((one) => compileSteps(definitions, one, type));
  if (!of || (path.args.length > 0 && !argument) || path.args.length > 1) return undefined;
  switch (path.name) {
    case 'where':
      return argument && ((focus, root) => of(focus, root).filter((node) => isTrue(argument([node], root))));
    case 'exists':
      return argument ? undefined : (focus, root) => truth(of(focus, root).length > 0);
    case 'first':
      return (focus, root) => of(focus, root).slice(0, 1);
    case 'resolve':
      return (focus, root) => of(focus, root).flatMap((node) => resolveType(definitions, node));
    case 'extension':
      return argument && ((focus, root) => extensions(of(focus, root), argument(focus, root)[0]?.value));
    default:
      return undefined;
  }
}

/** A reference "resolves" to a resource of which only the type is known: all that search expressions ask for. */
function resolveType(definitions: Definitions, node: PathNode): PathNode[] {
  if (!isObject(node.value)) return [];
  const { reference, type } = node.value as JsonObject;
  const named =
    typeof reference === 'string'
      ? /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/.*)?$/.exec(reference)?.[1]
      : undefined;
  const found = named ?? (typeof type === 'string' ? type : undefined);
  return found !== undefined && definitions.isResourceType(found) ? [{ value: {}, type: found }] : [];
}

function extensions(nodes: readonly PathNode[], url: JsonValue | undefined): PathNode[] {
  return nodes.flatMap((node) => {
    const list = isObject(node.value) ? node.value['extension'] : undefined;
    const own = Array.isArray(list) ? list.filter((one) => isObject(one) && one['url'] === url) : [];
    return own.map((value) => ({ value, type: 'Extension' }));
  });
}
