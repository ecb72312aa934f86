/** Equality, equivalence, order and distinctness of nodes. https://hl7.org/fhirpath/N1/#equality, https://hl7.org/fhirpath/N1/#comparison */
import { Decimal, isObject, type JsonValue } from '../model/tree.ts';
import { compareExact, compareNumbers, exactOf, round, textOf, trim } from './exact.ts';
import type { PathNode } from './node.ts';
import { isNumber, misfit, named, nodeKind, single, type Nodes } from './nodes.ts';
import { spend, type Run } from './run.ts';
import { compareQuantities, equivalentQuantities } from './quantity.ts';
import {
  compareTemporal,
  equivalentTemporal,
  parseDateTime,
  parseTime,
  utcFields,
  type Temporal,
} from './temporal.ts';

/** A date, dateTime or time; undefined for other nodes and for texts that are none. */
export function temporalOf(node: PathNode): Temporal | undefined {
  const kind = nodeKind(node);
  if (kind === 'Time') return parseTime(node.value as string);
  return kind === 'Date' || kind === 'DateTime' ? parseDateTime(node.value as string) : undefined;
}

const asQuantity = ({ value, type }: PathNode): { value: JsonValue; isSystem: boolean } => ({
  value,
  isSystem: type.startsWith('System.'),
});

/** `a = b` of two items: undefined where it cannot be told. */
export function equalNodes(a: PathNode, b: PathNode, run: Run): boolean | undefined {
  const [left, right] = [a.value, b.value];
  if (typeof left === 'string' && typeof right === 'string') {
    if (left === right) return true;
    const [x, y] = [temporalOf(a), temporalOf(b)];
    if (!x || !y || x.isTime !== y.isTime) return false;
    const order = compareTemporal(x, y);
    return order === undefined ? undefined : order === 0;
  }
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0;
  if (left === null || right === null)
    return left === right && same(a.sibling ?? null, b.sibling ?? null, run);
  if (isQuantityPair(a, b)) {
    const order = compareQuantities(asQuantity(a), asQuantity(b));
    return order === undefined
      ? a.type === b.type && same(left, right, run)
        ? true
        : undefined
      : order === 0;
  }
  return same(left, right, run);
}

/** Two quantities, or one and a number, which is one of unit 1. */
function isQuantityPair(a: PathNode, b: PathNode): boolean {
  const [x, y] = [nodeKind(a), nodeKind(b)];
  const fits = (kind: string): boolean => kind === 'Quantity' || kind === 'Integer' || kind === 'Decimal';
  return (x === 'Quantity' || y === 'Quantity') && fits(x) && fits(y);
}

/** Deep equality of JSON: the order of properties does not count, decimals are compared by value. */
function same(a: JsonValue, b: JsonValue, run: Run): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i]!, run));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  // Large values that are compared again and again are work.
  spend(run, names.length);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => name in b && same(a[name]!, b[name]!, run))
  );
}

/** `=` of collections: the same items in the same order. */
export function equalCollections(left: Nodes, right: Nodes, run: Run): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  if (left.length !== right.length) return false;
  let result: boolean | undefined = true;
  for (let i = 0; i < left.length; i++) {
    const equal = equalNodes(left[i]!, right[i]!, run);
    if (equal === false) return false;
    if (equal === undefined) result = undefined;
  }
  return result;
}

/** `~` of collections: the same items in any order. */
export function equivalentCollections(left: Nodes, right: Nodes, run: Run): boolean {
  if (left.length !== right.length) return false;
  const rest = [...right];
  return left.every((one) => {
    const at = rest.findIndex((other) => equivalentNodes(one, other, run));
    if (at < 0) return false;
    rest.splice(at, 1);
    return true;
  });
}

function equivalentNodes(a: PathNode, b: PathNode, run: Run): boolean {
  spend(run, 1);
  const [left, right] = [a.value, b.value];
  if (typeof left === 'string' && typeof right === 'string') {
    const [x, y] = [temporalOf(a), temporalOf(b)];
    return x && y ? equivalentTemporal(x, y) : plainText(left) === plainText(right);
  }
  if (isNumber(left) && isNumber(right)) return equivalentNumbers(left, right);
  if (isQuantityPair(a, b)) return equivalentQuantities(asQuantity(a), asQuantity(b));
  return equivalentJson(left, right, run);
}

/** Case and the kind of white space do not count. */
const plainText = (value: string): string => value.toLowerCase().replace(/\s+/g, ' ').trim();

/** Compared at the precision of the less precise; zeros at the end do not count. */
function equivalentNumbers(a: number | Decimal, b: number | Decimal): boolean {
  const [x, y] = [trim(exactOf(a)), trim(exactOf(b))];
  const places = Math.min(x.scale, y.scale);
  return compareExact(round(x, places), round(y, places)) === 0;
}

/** Of complex values, the children are compared by equivalence; ids do not count. */
function equivalentJson(a: JsonValue, b: JsonValue, run: Run): boolean {
  spend(run, 1);
  if (typeof a === 'string' && typeof b === 'string') return plainText(a) === plainText(b);
  if (isNumber(a) && isNumber(b)) return equivalentNumbers(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    const rest = [...b];
    return a.every((one) => {
      const at = rest.findIndex((other) => equivalentJson(one, other, run));
      return at >= 0 && rest.splice(at, 1).length === 1;
    });
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const [x, y] = [a, b].map((one) => Object.keys(one).filter((name) => name !== 'id'));
  return x!.length === y!.length && x!.every((name) => name in b && equivalentJson(a[name]!, b[name]!, run));
}

/** Negative, zero or positive for `<` and the like; undefined where it cannot be told. Throws for values that have no order. */
export function orderOf(left: Nodes, right: Nodes): number | undefined {
  const [a, b] = [single(left), single(right)];
  if (!a || !b || a.value === null || b.value === null) return undefined;
  return orderNodes(a, b);
}

export function orderNodes(a: PathNode, b: PathNode): number | undefined {
  if (isNumber(a.value) && isNumber(b.value)) return compareNumbers(a.value, b.value);
  if (isQuantityPair(a, b)) return compareQuantities(asQuantity(a), asQuantity(b));
  const [x, y] = [temporalOf(a), temporalOf(b)];
  if (x && y && x.isTime === y.isTime) return compareTemporal(x, y);
  const [kind, other] = [nodeKind(a), nodeKind(b)];
  if (kind === 'String' && other === 'String') return a.value! < b.value! ? -1 : a.value! > b.value! ? 1 : 0;
  throw misfit(`${named(a)} and ${named(b)} cannot be compared`);
}

/** Up to so many, each is compared with each. */
const FEW = 6;

function distinctFew(nodes: Nodes, run: Run): Nodes {
  let kept: PathNode[] | undefined;
  for (let i = 1; i < nodes.length; i++) {
    const before = kept ?? nodes;
    const most = kept ? kept.length : i;
    let repeats = false;
    for (let j = 0; j < most && !repeats; j++) repeats = isRepetition(before[j]!, nodes[i]!, run);
    if (repeats) kept ??= nodes.slice(0, i);
    else kept?.push(nodes[i]!);
  }
  return kept ?? nodes;
}

function isRepetition(a: PathNode, b: PathNode, run: Run): boolean {
  if (a.value === b.value && a.sibling === undefined && b.sibling === undefined) return true;
  if ((typeof a.value === 'string') !== (typeof b.value === 'string')) return false;
  return equalNodes(a, b, run) === true && same(a.sibling ?? null, b.sibling ?? null, run);
}

/** The same nodes without repetition, the first of each kept. */
export function distinct(nodes: Nodes, run: Run): Nodes {
  if (nodes.length < 2) return nodes;
  if (nodes.length <= FEW) return distinctFew(nodes, run);
  const seen = new Set<string>();
  const kept = nodes.filter((node) => {
    const key = identity(node, run);
    return seen.has(key) ? false : seen.add(key);
  });
  return kept.length === nodes.length ? nodes : kept;
}

/** A text that two nodes share only if they are equal, so that sets need no comparison of each with each. */
export function identity(node: PathNode, run: Run): string {
  const { value, sibling } = node;
  const own = typeof value === 'string' ? textIdentity(node, value) : jsonIdentity(value);
  const key = sibling ? own + jsonIdentity(sibling) : own;
  spend(run, 1 + (key.length >> 4));
  return key;
}

/** Equal instants may be written in several ways. */
function textIdentity(node: PathNode, value: string): string {
  const temporal = /^\d/.test(value) ? temporalOf(node) : undefined;
  if (!temporal) return JSON.stringify(value);
  const zone = temporal.zone === undefined ? '' : 'Z';
  return `@${String(temporal.isTime)}${utcFields(temporal).join()}${zone}`;
}

function jsonIdentity(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Decimal) return textOf(trim(exactOf(value)));
  if (Array.isArray(value)) return `[${value.map(jsonIdentity).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${jsonIdentity(value[name]!)}`).join()}}`;
}
