/** Collections of nodes: truth, equality and distinctness as FHIRPath has them. https://hl7.org/fhirpath/N1/#equality */
import { Decimal, type JsonValue } from '../model/tree.ts';
import type { PathNode } from './node.ts';

export type Nodes = readonly PathNode[];
/** `resource` is the root of the evaluation. */
export type Step = (focus: Nodes, resource: PathNode) => Nodes;

export const NOTHING: Nodes = [];
/** The step of which is known beforehand that it finds nothing in this type of resource. */
export const NEVER: Step = () => NOTHING;

const TRUE: Nodes = [{ value: true, type: 'boolean' }];
const FALSE: Nodes = [{ value: false, type: 'boolean' }];

export const truth = (value: boolean): Nodes => (value ? TRUE : FALSE);

/** A collection where a boolean is wanted: nothing is unknown, and a single other value is true. Throws TypeError for several. */
export function truthOf(nodes: Nodes): boolean | undefined {
  if (nodes.length > 1) throw new TypeError('a single value was expected, not several');
  const value = nodes[0]?.value;
  if (value === undefined) return undefined;
  return typeof value === 'boolean' ? value : true;
}

/** `=` and `!=` of values that are not dates, times or quantities. */
export function compare(left: Nodes, right: Nodes, equal: boolean): Nodes {
  if (left.length === 0 || right.length === 0) return NOTHING;
  const same =
    left.length === right.length && left.every((node, i) => plain(node.value) === plain(right[i]!.value));
  return truth(same === equal);
}

const plain = (value: JsonValue): JsonValue => (value instanceof Decimal ? value.valueOf() : value);

/** The same nodes without repetition, the first of each kept. */
export function distinct(nodes: Nodes): Nodes {
  if (nodes.length < 2) return nodes;
  const seen = new Set<string>();
  const kept = nodes.filter((node) => {
    const key = identity(node.value) + (node.sibling ? identity(node.sibling) : '');
    return seen.has(key) ? false : seen.add(key);
  });
  return kept.length === nodes.length ? nodes : kept;
}

/** A text that two values share only if they are equal; the order of properties does not count. */
function identity(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Decimal) return String(value.valueOf());
  if (Array.isArray(value)) return `[${value.map(identity).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${identity(value[name]!)}`).join()}}`;
}
