/**
 * Compiles the syntax tree of a path to closures over resource trees. Types are tracked through the definitions, so that `Observation.value` finds
 * `valueQuantity` and knows that it is a Quantity. https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { childFinder, isKindOf, kindTest } from './children.ts';
import type { PathNode } from './node.ts';
import { calls } from './functions.ts';
import { compare, distinct, NEVER, NOTHING, truth, truthOf, type Nodes, type Step } from './nodes.ts';
import type { Path } from './syntax.ts';

/** What an expression is compiled for. `type`: the resources it will be given; absent inside the argument of a function. */
export interface Scene {
  readonly definitions: Definitions;
  readonly type?: string;
}

/** The step of a path, or undefined when it needs something that is not known here. */
export function compileSteps(scene: Scene, path: Path): Step | undefined {
  switch (path.kind) {
    case 'this':
      return (focus) => focus;
    case 'literal': {
      const nodes: Nodes = [{ value: path.value, type: literalType(path.value) }];
      return () => nodes;
    }
    case 'child':
      return compileChild(scene, path);
    case 'index':
      return after(scene, path.of, (nodes) => (path.at < nodes.length ? [nodes[path.at]!] : NOTHING));
    case 'type':
      return compileType(scene, path);
    case 'binary':
      return compileBinary(scene, path);
    case 'call':
      return compileCall(scene, path);
  }
}

function literalType(value: string | number | boolean): string {
  return typeof value === 'number' ? 'decimal' : typeof value;
}

/** The step of `of`, followed by another one. */
function after(scene: Scene, of: Path, then: Step): Step | undefined {
  const first = compileSteps(scene, of);
  if (!first || first === NEVER) return first;
  return (focus, resource) => then(first(focus, resource), resource);
}

type Child = Extract<Path, { kind: 'child' }>;

function compileChild(scene: Scene, path: Child, only?: string): Step | undefined {
  if (path.of.kind === 'this' && startsWithType(scene, path)) return compileTypeName(scene, path.name);
  const find = childFinder(scene.definitions, path.name, only);
  return after(scene, path.of, (nodes) => {
    if (nodes.length === 0) return NOTHING;
    const found: PathNode[] = [];
    for (const node of nodes) find(node, found);
    return found;
  });
}

/** A leading type name stands for what the expression is evaluated on, if it is of that type. */
function startsWithType({ definitions }: Scene, { name }: Child): boolean {
  return /^[A-Z]/.test(name) && definitions.type(name) !== undefined;
}

function compileTypeName({ definitions, type }: Scene, name: string): Step {
  if (type !== undefined) return isKindOf(definitions, type, name) ? (focus) => focus : NEVER;
  const holds = kindTest(definitions, name);
  return (focus) => focus.filter((node) => holds(node.type));
}

function compileType(scene: Scene, path: Extract<Path, { kind: 'type' }>): Step | undefined {
  const { definitions } = scene;
  if (!definitions.type(path.type)) return undefined;
  const holds = kindTest(definitions, path.type);
  if (path.operator === 'is') {
    return after(scene, path.of, (nodes) => (nodes.length === 0 ? NOTHING : truth(holds(nodes[0]!.type))));
  }
  const isChoice =
    path.of.kind === 'child' && !(path.of.of.kind === 'this' && startsWithType(scene, path.of));
  // `value as Quantity` looks only at valueQuantity, unless the element is an inline resource, whose type is not known yet.
  if (isChoice && definitions.type(path.type)!.kind !== 'resource')
    return compileChild(scene, path.of, path.type);
  return after(scene, path.of, (nodes) => nodes.filter((node) => holds(node.type)));
}

function compileBinary(scene: Scene, path: Extract<Path, { kind: 'binary' }>): Step | undefined {
  const left = compileSteps(scene, path.left);
  const right = compileSteps(scene, path.right);
  if (!left || !right) return undefined;
  switch (path.operator) {
    case '|':
      return union(left, right);
    case 'and':
      return (focus, resource) => and(truthOf(left(focus, resource)), () => truthOf(right(focus, resource)));
    case 'or':
      return (focus, resource) => or(truthOf(left(focus, resource)), () => truthOf(right(focus, resource)));
    default: {
      if (!isComparable(path.left, path.right)) return undefined;
      const equal = path.operator === '=';
      return (focus, resource) => compare(left(focus, resource), right(focus, resource), equal);
    }
  }
}

/** The sides of a union that cannot find anything in this type of resource are left out. */
function union(left: Step, right: Step): Step {
  if (left === NEVER && right === NEVER) return NEVER;
  if (left === NEVER) return (focus, resource) => distinct(right(focus, resource));
  if (right === NEVER) return (focus, resource) => distinct(left(focus, resource));
  return (focus, resource) => {
    const [a, b] = [left(focus, resource), right(focus, resource)];
    return distinct(a.length === 0 ? b : b.length === 0 ? a : [...a, ...b]);
  };
}

/** Only comparisons with a literal are made here, and none with a text that might be a date or time, which compare by their precision. */
function isComparable(left: Path, right: Path): boolean {
  return [left, right].some(
    (side) => side.kind === 'literal' && !(typeof side.value === 'string' && /^[T\d]/.test(side.value)),
  );
}

function and(left: boolean | undefined, right: () => boolean | undefined): Nodes {
  if (left === false) return truth(false);
  const other = right();
  if (other === false) return truth(false);
  return left && other ? truth(true) : NOTHING;
}

function or(left: boolean | undefined, right: () => boolean | undefined): Nodes {
  if (left === true) return truth(true);
  const other = right();
  if (other === true) return truth(true);
  return left === false && other === false ? truth(false) : NOTHING;
}

const SELECTS: ReadonlySet<string> = new Set(['where', 'first', 'last', 'resolve', 'extension']);

function compileCall(scene: Scene, path: Extract<Path, { kind: 'call' }>): Step | undefined {
  const make = Object.hasOwn(calls, path.name) ? calls[path.name] : undefined;
  const args = path.args.map((one) => compileSteps({ definitions: scene.definitions }, one));
  if (!make || args.some((one) => !one)) return undefined;
  const then = make(scene.definitions, args as Step[]);
  const of = compileSteps(scene, path.of);
  if (!then || !of) return undefined;
  // Of nothing, most functions make nothing; `exists`, `empty` and the like make a boolean.
  if (of === NEVER && SELECTS.has(path.name)) return NEVER;
  return (focus, resource) => then(of(focus, resource), resource);
}
