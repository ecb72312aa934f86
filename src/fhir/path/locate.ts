/**
 * Where in a resource the elements stand that a FHIRPath expression selects. For expressions that users send: only what narrows down is allowed,
 * so that the work is bounded by the size of the resource. https://hl7.org/fhir/R4/fhirpatch.html, https://hl7.org/fhirpath/N1/
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { toPlain } from '../model/json.ts';
import { fault, type FhirError } from '../model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../model/tree.ts';
import { loadLibrary } from './library.ts';

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

/** A string; or a function name before its parenthesis; or a sign that is not allowed; or anything else. */
const TOKEN = /'(?:[^'\\]|\\.)*'|(`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*)\s*\(|(\/\/|\/\*|%|\|)|[\s\S]/g;

/**
 * The places of all selected elements, in order. Throws FhirError `invalid` for an expression that is not FHIRPath, is not allowed here, does not
 * fit the resource, or makes values instead of selecting elements.
 */
export function locate(definitions: Definitions, expression: string, tree: ResourceTree): Location[] {
  const evaluate = compile(expression);
  let nodes: readonly unknown[];
  try {
    nodes = evaluate(toPlain(tree));
  } catch (error) {
    throw fault(
      'invalid',
      `${shown(expression)} cannot be evaluated on this ${tree.resourceType}: ${reasonOf(error)}`,
    );
  }
  return nodes.map((node) => locationOf(definitions, tree, stepsOf(node, expression)));
}

type Evaluate = (resource: unknown) => readonly unknown[];

const kept = new Map<string, Evaluate>();

function compile(expression: string): Evaluate {
  let evaluate = kept.get(expression);
  if (evaluate) return evaluate;
  refuseWide(expression);
  const { fhirpath, model } = loadLibrary();
  try {
    evaluate = fhirpath.compile(quoteNames(expression), model, { resolveInternalTypes: false });
  } catch (error) {
    throw fault('invalid', `${shown(expression)} is not a FHIRPath expression: ${reasonOf(error)}`);
  }
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(expression, evaluate);
  return evaluate;
}

/** `Narrative.div` is also an operator of FHIRPath, and would have to be quoted; the patches of the standard's own tests do not. */
function quoteNames(expression: string): string {
  return expression.replace(/'(?:[^'\\]|\\.)*'|\.\s*div\b/g, (found) =>
    found.startsWith("'") ? found : '.`div`',
  );
}

function refuseWide(expression: string): void {
  if (expression.length > MOST_LENGTH)
    throw fault('invalid', `The path is longer than ${MOST_LENGTH} characters`);
  for (const [, name, sign] of expression.matchAll(TOKEN)) {
    if (sign)
      throw fault(
        'invalid',
        `${shown(expression)} uses "${sign}", which is not allowed in the path of a patch`,
      );
    if (name === undefined || FUNCTIONS.has(name)) continue;
    throw fault(
      'invalid',
      `${shown(expression)} calls ${name}(), which is not allowed in the path of a patch`,
    );
  }
}

const shown = (expression: string): string => `The path "${expression.slice(0, 200)}"`;

/** What the engine says, without its list of all that the grammar would take. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/\s+/g, ' ')
    .replace(/ expecting \{.*/, '')
    .slice(0, 200);
}

/** A node of the engine: a property of its parent, and the index when that is an array. */
interface EngineNode {
  readonly parentResNode: EngineNode | null;
  readonly propName: string | null;
  readonly index: number | null;
}

interface Step {
  readonly name: string;
  readonly index: number | null;
}

function stepsOf(node: unknown, expression: string): Step[] {
  const steps: Step[] = [];
  for (let one = node as EngineNode; ; one = one.parentResNode) {
    if (typeof one !== 'object' || one === null || !('parentResNode' in one)) throw notElement(expression);
    if (one.parentResNode === null) return one.propName === null ? steps : [];
    if (one.propName === null) throw notElement(expression);
    steps.unshift({ name: one.propName, index: one.index });
  }
}

const notElement = (expression: string): FhirError =>
  fault('invalid', `${shown(expression)} makes a value: it must select an element of the resource`);

function locationOf(definitions: Definitions, tree: ResourceTree, steps: readonly Step[]): Location {
  let place: Location = { keys: [], type: tree.resourceType };
  for (const step of steps) place = child(definitions, tree, place, step);
  return place;
}

/** One step down. The children of a primitive stand in its sibling. */
function child(
  definitions: Definitions,
  tree: ResourceTree,
  { keys, type }: Location,
  { name, index }: Step,
): Location {
  const isPrimitive = definitions.type(type)?.kind === 'primitive-type';
  const holderKeys = isPrimitive ? siblingKeys(keys) : keys;
  const holder = valueAt(tree, holderKeys);
  const element = definitions.type(type)?.elements.find((one) => one.name === name);
  const own = element && element.types.find((one) => isThere(holder, jsonName(element, one)));
  if (!element || own === undefined) throw fault('invalid', `R4 knows no element "${name}" of ${type}`);
  const path = [...holderKeys, jsonName(element, own), ...(index === null ? [] : [index])];
  return { keys: path, type: inlineType(valueAt(tree, path)) ?? own, element };
}

/** The name that an element has in JSON for a type: `valueQuantity`. */
export function jsonName(element: ElementDefinition, type: string): string {
  return element.choice ? element.name + type.charAt(0).toUpperCase() + type.slice(1) : element.name;
}

const isThere = (holder: JsonValue | undefined, name: string): boolean =>
  isObject(holder) && (Object.hasOwn(holder, name) || Object.hasOwn(holder, `_${name}`));

/** `name.0.given.1` -> `name.0._given.1`, where the id and the extensions of a primitive stand */
export function siblingKeys(keys: readonly (string | number)[]): (string | number)[] {
  const at = keys.findLastIndex((key) => typeof key === 'string');
  return keys.map((key, i) => (i === at ? `_${key}` : key));
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

function inlineType(value: JsonValue | undefined): string | undefined {
  const type = isObject(value) ? value['resourceType'] : undefined;
  return typeof type === 'string' ? type : undefined;
}
