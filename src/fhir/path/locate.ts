/**
 * Where in a resource the elements stand that a FHIRPath expression selects. For expressions that users send: only what narrows down is allowed,
 * so that the work is bounded by the size of the resource. https://hl7.org/fhir/R4/fhirpatch.html, https://hl7.org/fhirpath/N1/
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { fault, FhirError } from '../model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../model/tree.ts';
import { compileSteps } from './compile.ts';
import { keysOf, resourceNode, type Nodes, type PathNode } from './node.ts';
import type { Step } from './nodes.ts';
import { startRun } from './run.ts';
import { parsePath, type Path } from './syntax.ts';

export interface Location {
  /** names and indexes in the JSON: `['name', 0, 'given', 1]`, `['valueQuantity']`, `['_birthDate', 'extension', 0]`; empty for the resource */
  readonly keys: readonly (string | number)[];
  /** type that the element has there: `HumanName`, `Patient.contact`, of a resource its own */
  readonly type: string;
  /** absent for the resource itself */
  readonly element?: ElementDefinition;
}

const MOST_LENGTH = 1000;
const MOST_KEPT = 500;

/** Functions that select or test. The others could multiply the work (`repeat`, `select`), leave the resource (`resolve`) or make new values. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `where first last single tail skip take exists empty not all count hasValue ofType as is extension iif
   startsWith endsWith contains indexOf substring length lower upper toString`.split(/\s+/),
);

/**
 * The places of all selected elements, in order. Throws FhirError `invalid` for an expression that is not FHIRPath, is not allowed here, does not
 * fit the resource, or makes values instead of selecting elements.
 */
export function locate(definitions: Definitions, expression: string, tree: ResourceTree): Location[] {
  const { step } = compile(definitions, expression);
  const root = resourceNode(tree);
  let nodes: Nodes;
  try {
    nodes = step([root], startRun(definitions, root));
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    throw fault(
      'invalid',
      `${shown(expression)} cannot be evaluated on this ${tree.resourceType}: ${error.message}`,
    );
  }
  return nodes.map((node) => locationOf(node, expression));
}

interface Compiled {
  readonly path: Path;
  readonly step: Step;
}

const kept = new WeakMap<Definitions, Map<string, Compiled>>();

function compile(definitions: Definitions, expression: string): Compiled {
  let known = kept.get(definitions);
  if (!known) kept.set(definitions, (known = new Map<string, Compiled>()));
  let compiled = known.get(expression);
  if (compiled) return compiled;
  if (expression.length > MOST_LENGTH)
    throw fault('invalid', `The path is longer than ${MOST_LENGTH} characters`);
  const path = parsePath(expression);
  refuseWide(path, expression);
  const scene = { definitions, strict: false, resolves: false, defines: false };
  compiled = { path, step: compileSteps(scene, path) };
  if (known.size >= MOST_KEPT) known.clear();
  known.set(expression, compiled);
  return compiled;
}

/** Only what narrows down is allowed. */
function refuseWide(path: Path, expression: string): void {
  const refuse = (what: string): FhirError =>
    fault('invalid', `${shown(expression)} ${what}, which is not allowed in the path of a patch`);
  switch (path.kind) {
    case 'variable':
      throw refuse('uses "%"');
    case 'call':
      if (!FUNCTIONS.has(path.name)) throw refuse(`calls ${path.name}()`);
      return [path.of, ...path.args].forEach((one) => refuseWide(one, expression));
    case 'binary':
      if (path.operator === '|') throw refuse('uses "|"');
      return [path.left, path.right].forEach((one) => refuseWide(one, expression));
    case 'index':
      return [path.of, path.index].forEach((one) => refuseWide(one, expression));
    case 'child':
    case 'type':
    case 'polarity':
      return refuseWide(path.of, expression);
    default:
      return undefined;
  }
}

const shown = (expression: string): string => `The path "${expression.slice(0, 200)}"`;

function locationOf(node: PathNode, expression: string): Location {
  const keys = keysOf(node);
  if (!keys)
    throw fault('invalid', `${shown(expression)} makes a value: it must select an element of the resource`);
  return { keys, type: node.type, ...(node.element && { element: node.element }) };
}

/** The name that an element has in JSON for a type: `valueQuantity`. */
export function jsonName(element: ElementDefinition, type: string): string {
  return element.choice ? element.name + type.charAt(0).toUpperCase() + type.slice(1) : element.name;
}

/** The value at some keys; undefined when there is none. */
export function valueAt(tree: ResourceTree, keys: readonly (string | number)[]): JsonValue | undefined {
  let value: JsonValue | undefined = tree;
  for (const key of keys) {
    if (Array.isArray(value)) value = value[key as number];
    else value = isObject(value) ? value[key] : undefined;
  }
  return value;
}
