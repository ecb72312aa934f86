/** Collections of nodes, and the values that expressions make. https://hl7.org/fhirpath/N1/#collections, https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections */
import { fault, type FhirError } from '../model/outcome.ts';
import { Decimal, isObject, type JsonValue } from '../model/tree.ts';
import { exactOf, numberFrom, type Exact, type JsonNumber } from './exact.ts';
import { kindOf, type Kind } from './kinds.ts';
import type { Nodes, PathNode } from './node.ts';
import type { Run } from './run.ts';

export type { Nodes } from './node.ts';
/** `focus` is `$this`, for a lambda a single item. */
export type Step = (focus: Nodes, run: Run) => Nodes;
/** The truth of what a step finds; undefined for nothing. */
export type Test = (focus: Nodes, run: Run) => boolean | undefined;

export const NOTHING: Nodes = [];
/** The step of which is known beforehand that it finds nothing in this type of resource. */
export const NEVER: Step = () => NOTHING;

/** A made value. All nodes have the same shape, which is what makes reading them fast. */
export function made(value: JsonValue, type: string): PathNode {
  return {
    value,
    type,
    element: undefined,
    sibling: undefined,
    parent: undefined,
    name: undefined,
    index: undefined,
  };
}

const TRUE: Nodes = [made(true, 'System.Boolean')];
const FALSE: Nodes = [made(false, 'System.Boolean')];

export const truth = (value: boolean): Nodes => (value ? TRUE : FALSE);
export const truthOrNothing = (value: boolean | undefined): Nodes =>
  value === undefined ? NOTHING : truth(value);
export const text = (value: string): Nodes => [made(value, 'System.String')];
export const integer = (value: number): Nodes => [made(value, 'System.Integer')];

/** A number of FHIRPath; nothing for an overflow. */
export function numeric(exact: Exact | undefined, kind: 'Integer' | 'Decimal'): Nodes {
  const value = exact && numberFrom(exact);
  if (value === undefined) return NOTHING;
  if (kind === 'Integer' && !(Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31)) return NOTHING;
  return [made(value, `System.${kind}`)];
}

/** The expression does not fit what it is evaluated on. */
export const misfit = (what: string): FhirError => fault('invalid', what);

export function notSingle(nodes: Nodes): FhirError {
  return misfit(`a single value was expected, found ${nodes.length}`);
}

/** The one node of a collection; undefined for none. Throws for several. */
export function single(nodes: Nodes): PathNode | undefined {
  if (nodes.length > 1) throw notSingle(nodes);
  return nodes[0];
}

/** A collection where a boolean is wanted: nothing is unknown, and a single other value is true. Throws for several. */
export function truthOf(nodes: Nodes): boolean | undefined {
  if (nodes.length === 0) return undefined;
  if (nodes.length > 1) throw notSingle(nodes);
  const { value } = nodes[0]!;
  if (value === null) return undefined;
  return typeof value === 'boolean' ? value : true;
}

export const isNumber = (value: JsonValue): value is JsonNumber =>
  typeof value === 'number' || value instanceof Decimal;

/** How a refusal names a node. */
export function named(node: PathNode): string {
  const { type, value } = node;
  const short = isObject(value) || Array.isArray(value) ? '' : ` ${JSON.stringify(value).slice(0, 40)}`;
  return `${type}${short}`;
}

/** The kind of a node; values that are not what their type says (a resource that is not valid) are objects. */
export function nodeKind({ type, value }: PathNode): Kind {
  const kind = kindOf(type);
  switch (kind) {
    case 'Boolean':
      return typeof value === 'boolean' ? kind : 'Object';
    case 'Integer':
    case 'Decimal':
      return isNumber(value) ? kind : 'Object';
    case 'Quantity':
    case 'Object':
      return kind;
    default:
      return typeof value === 'string' ? kind : 'Object';
  }
}

/** A singleton string argument or input; undefined for nothing. Throws for another kind. */
export function stringOf(nodes: Nodes): string | undefined {
  const node = single(nodes);
  if (!node || node.value === null) return undefined;
  if (typeof node.value !== 'string') throw misfit(`a string was expected, found ${named(node)}`);
  return node.value;
}

/** A singleton whole number; undefined for nothing. Throws for another kind. */
export function integerOf(nodes: Nodes): number | undefined {
  const node = single(nodes);
  if (!node || node.value === null) return undefined;
  const value = isNumber(node.value) ? Number(node.value) : NaN;
  if (!Number.isInteger(value)) throw misfit(`a whole number was expected, found ${named(node)}`);
  return value;
}

/** A singleton number; undefined for nothing. Throws for another kind. */
export function numberOf(nodes: Nodes): JsonNumber | undefined {
  const node = single(nodes);
  if (!node || node.value === null) return undefined;
  if (!isNumber(node.value)) throw misfit(`a number was expected, found ${named(node)}`);
  return node.value;
}

export const exactNumberOf = (nodes: Nodes): Exact | undefined => {
  const value = numberOf(nodes);
  return value === undefined ? undefined : exactOf(value);
};
