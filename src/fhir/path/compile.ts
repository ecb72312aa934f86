/**
 * Compiles the syntax tree of an expression to closures. What asks for a truth is compiled to a `Test`, which makes no nodes where it can do without.
 * https://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import type { Argument, Callable } from './callable.ts';
import { childFinder, isKindOf } from './children.ts';
import { distinct } from './equality.ts';
import { needContent } from './functions/fhir.ts';
import { FUNCTIONS } from './functions/table.ts';
import type { PathNode } from './node.ts';
import {
  integer,
  integerOf,
  made,
  NEVER,
  NOTHING,
  notSingle,
  single,
  truth,
  truthOf,
  truthOrNothing,
  type Nodes,
  type Step,
  type Test,
} from './nodes.ts';
import { calculate, signed, type Arithmetic } from './operators.ts';
import { spend } from './run.ts';
import type { Binary, Call, Path, TypeTest } from './syntax.ts';
import { compileOperator, isTruth } from './truths.ts';
import { isTest, ofTypeTest, resolveType } from './types.ts';
import { compileVariable } from './variables.ts';
import type { Watch } from './watch.ts';

/** What an expression is compiled for. */
export interface Scene {
  readonly definitions: Definitions;
  /** type of the nodes that it will be given; absent inside the argument of a function, or when it is not known */
  readonly type?: string;
  /** `as` takes a single item of the very type, as the test suite has it; search parameters and invariants filter collections with it */
  readonly strict: boolean;
  /** the expression calls `resolve()`, `defineVariable()` */
  readonly resolves: boolean;
  readonly defines: boolean;
  /** told about every part, when a person wants to see the evaluation */
  readonly watch?: Watch;
}

/** The step of a path. Throws FhirError `invalid` for unknown functions and types. */
export function compileSteps(scene: Scene, path: Path): Step {
  const step = compilePart(scene, path);
  return scene.watch && step !== NEVER ? scene.watch.step(path, step) : step;
}

function compilePart(scene: Scene, path: Path): Step {
  switch (path.kind) {
    case 'this':
      return (focus) => focus;
    case 'empty':
      return () => NOTHING;
    case 'literal':
      return constant([made(path.value, path.type)]);
    case 'variable':
      return compileVariable(path.name);
    case 'loop':
      return path.name === '$index'
        ? (_focus, run) => (run.index === undefined ? NOTHING : integer(run.index))
        : (_focus, run) => run.total ?? NOTHING;
    case 'child':
      return compileChild(scene, path);
    case 'index':
      return compileIndex(scene, path);
    case 'polarity':
      return compilePolarity(scene, path);
    case 'type':
      return compileType(scene, path);
    case 'binary':
      return compileBinary(scene, path);
    case 'call':
      return compileCall(scene, path);
  }
}

/** The truth of a path. */
export function compileTest(scene: Scene, path: Path): Test {
  const test = compileOwnTest(scene, path);
  if (test) return scene.watch ? scene.watch.test(path, test) : test;
  const step = compileSteps(scene, path);
  return (focus, run) => truthOf(step(focus, run));
}

/** Of what makes a truth by itself. */
function compileOwnTest(scene: Scene, path: Path): Test | undefined {
  if (path.kind === 'binary' && isTruth(path.operator)) return compileTruth(scene, path);
  return path.kind === 'call' ? compileJudge(scene, path) : undefined;
}

const constant =
  (nodes: Nodes): Step =>
  () =>
    nodes;

/** The step of `of`, followed by another one. */
function after(
  scene: Scene,
  of: Path,
  then: (nodes: Nodes, focus: Nodes, run: Parameters<Step>[1]) => Nodes,
): Step {
  if (of.kind === 'this' || isFocus(scene, of)) return (focus, run) => then(focus, focus, run);
  const first = compileSteps(scene, of);
  if (first === NEVER) return first;
  return (focus, run) => then(first(focus, run), focus, run);
}

type Child = Extract<Path, { kind: 'child' }>;

/** `Patient` of `Patient.name` where it is known that the expression is run on patients. */
function isFocus(scene: Scene, path: Path): boolean {
  if (path.kind !== 'child' || scene.type === undefined || scene.watch || !startsWithType(scene, path))
    return false;
  return isKindOf(scene.definitions, scene.type, path.name);
}

function compileChild(scene: Scene, path: Child, wants?: (type: string) => boolean): Step {
  if (startsWithType(scene, path)) return compileTypeName(scene, path.name);
  const find = childFinder(scene.definitions, path.name, wants);
  const { resolves } = scene;
  return after(scene, path.of, (nodes, _focus, run) => {
    if (nodes.length === 0) return NOTHING;
    if (resolves) nodes.forEach(needContent);
    if (nodes.length === 1) {
      const children = find.of(nodes[0]!);
      spend(run, 1 + children.length);
      return children;
    }
    const found: PathNode[] = [];
    for (const node of nodes) find.all(node, found);
    spend(run, nodes.length + found.length);
    return found;
  });
}

/** A leading type name stands for what the expression is evaluated on, if it is of that type. */
function startsWithType({ definitions }: Scene, { of, name }: Child): boolean {
  return of.kind === 'this' && of.implicit && /^[A-Z]/.test(name) && definitions.type(name) !== undefined;
}

function compileTypeName({ definitions, type }: Scene, name: string): Step {
  if (type !== undefined) return isKindOf(definitions, type, name) ? (focus) => focus : NEVER;
  const holds = isTest(definitions, name);
  return (focus) =>
    focus.every((node) => holds(node.type)) ? focus : focus.filter((node) => holds(node.type));
}

function compileIndex(scene: Scene, { of, index }: Extract<Path, { kind: 'index' }>): Step {
  if (index.kind === 'literal' && typeof index.value === 'number') {
    const at = index.value;
    return after(scene, of, (nodes) => (at < nodes.length ? [nodes[at]!] : NOTHING));
  }
  const step = compileSteps(inner(scene), index);
  return after(scene, of, (nodes, focus, run) => {
    const node = nodes[integerOf(step(focus, run)) ?? -1];
    return node ? [node] : NOTHING;
  });
}

function compilePolarity(scene: Scene, { sign, of }: Extract<Path, { kind: 'polarity' }>): Step {
  if (of.kind === 'literal') return constant(signed(sign, [made(of.value, of.type)]));
  const step = compileSteps(scene, of);
  return (focus, run) => signed(sign, step(focus, run));
}

function compileType(scene: Scene, path: TypeTest): Step {
  const { definitions, strict } = scene;
  const wanted = resolveType(definitions, path.type);
  if (path.operator === 'is') {
    const holds = isTest(definitions, wanted);
    return after(scene, path.of, (nodes) => {
      const node = single(nodes);
      return node ? truth(holds(node.type)) : NOTHING;
    });
  }
  const holds = ofTypeTest(definitions, wanted, strict);
  const onlyOne = strict && path.operator === 'as';
  // `value as Quantity` looks only at valueQuantity, unless the element is an inline resource, whose type is not known yet.
  const isChoice = path.of.kind === 'child' && !startsWithType(scene, path.of) && !onlyOne;
  if (isChoice && definitions.type(wanted) && definitions.type(wanted)!.kind !== 'resource')
    return compileChild(scene, path.of, holds);
  return after(scene, path.of, (nodes) => {
    if (onlyOne && nodes.length > 1) throw notSingle(nodes);
    return nodes.filter((node) => holds(node.type));
  });
}

/** The same expression where its focus is an item. */
const inner = (scene: Scene): Scene => (scene.type === undefined ? scene : { ...scene, type: undefined });

/** Variables that one operand defines are not there in the other one. */
function operand(scene: Scene, step: Step): Step {
  if (!scene.defines) return step;
  return (focus, run) => {
    const { scope } = run;
    const nodes = step(focus, run);
    run.scope = scope;
    return nodes;
  };
}

function compileBinary(scene: Scene, path: Binary): Step {
  if (path.operator === '|') return compileUnion(scene, path);
  if (isTruth(path.operator)) {
    const test = compileTruth(scene, path);
    return (focus, run) => truthOrNothing(test(focus, run));
  }
  const [left, right] = [path.left, path.right].map((side) => operand(scene, compileSteps(scene, side)));
  const operator = path.operator as Arithmetic;
  return (focus, run) => calculate(operator, left!(focus, run), right!(focus, run), run);
}

function compileTruth(scene: Scene, path: Binary): Test {
  return compileOperator(path, {
    step: (side) => operand(scene, compileSteps(scene, side)),
    test: (side) => compileTest(scene, side),
  });
}

/** All sides of a chain of unions at once. Those that cannot find anything in this type of resource are left out. */
function compileUnion(scene: Scene, path: Binary): Step {
  const sides: Path[] = [];
  let left: Path = path;
  for (; left.kind === 'binary' && left.operator === '|'; left = left.left) sides.unshift(left.right);
  const steps = [left, ...sides].map((side) => compileSteps(scene, side)).filter((step) => step !== NEVER);
  if (steps.length === 0) return NEVER;
  const safe = steps.map((step) => operand(scene, step));
  if (safe.length === 1) return (focus, run) => distinct(safe[0]!(focus, run), run);
  return (focus, run) => {
    let all: Nodes = NOTHING;
    for (const step of safe) {
      const nodes = step(focus, run);
      if (nodes.length > 0) all = all.length === 0 ? nodes : [...all, ...nodes];
    }
    spend(run, all.length);
    return distinct(all, run);
  };
}

function callable({ name, args }: Call): Callable {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!found) throw fault('invalid', `FHIRPath has no function "${name.slice(0, 100)}"`);
  const [least, most] = found.arity;
  if (args.length >= least && args.length <= most) return found;
  const wanted = least === most ? `${least}` : `${least} to ${most}`;
  throw fault('invalid', `${name}() takes ${wanted} arguments, not ${args.length}`);
}

function argumentsOf(scene: Scene, { args }: Call): Argument[] {
  const own = inner(scene);
  return args.map((path) => ({
    path,
    step: () => operand(scene, compileSteps(own, path)),
    test: () => compileTest(own, path),
    unsigned: () => compileSteps(own, path.kind === 'polarity' ? path.of : path),
  }));
}

function compileCall(scene: Scene, path: Call): Step {
  const found = callable(path);
  const judge = compileJudge(scene, path);
  if (judge) return (focus, run) => truthOrNothing(judge(focus, run));
  const of = compileSteps(scene, path.of);
  const apply = found.make!(argumentsOf(scene, path), scene.definitions);
  if (of === NEVER && found.ofNothing) return NEVER;
  return (focus, run) => apply(of(focus, run), focus, run);
}

/** The test of a function that makes a truth; undefined for the others. */
function compileJudge(scene: Scene, path: Call): Test | undefined {
  const { judge } = callable(path);
  if (!judge) return undefined;
  if (
    path.args.length === 0 &&
    (path.name === 'exists' || path.name === 'empty') &&
    !scene.resolves &&
    !scene.watch
  ) {
    const some = compileSome(scene, path.of);
    if (some) return path.name === 'exists' ? some : (focus, run) => !some(focus, run);
  }
  const of = compileSteps(scene, path.of);
  const apply = judge(argumentsOf(scene, path), scene.definitions);
  return (focus, run) => apply(of(focus, run), focus, run);
}

type Some = (focus: Nodes, run: Parameters<Step>[1]) => boolean;

/** Whether a path ends in any child, without making its node. */
function compileSome(scene: Scene, path: Path): Some | undefined {
  if (path.kind !== 'child' || startsWithType(scene, path)) return undefined;
  const find = childFinder(scene.definitions, path.name);
  const of = compileSteps(scene, path.of);
  return (focus, run) => {
    const nodes = of(focus, run);
    spend(run, nodes.length);
    for (const node of nodes) if (find.some(node)) return true;
    return false;
  };
}
