/** The operators that make a truth: logic in three values, comparison, membership. https://hl7.org/fhirpath/N1/#boolean-logic, #equality, #comparison, #collections-2 */
import { equalCollections, equalNodes, equivalentCollections, orderOf } from './equality.ts';
import { single, type Nodes, type Step, type Test } from './nodes.ts';
import { spend, type Run } from './run.ts';
import type { Binary, Operator, Path } from './syntax.ts';

/** How the sides of an operator are compiled. */
export interface Sides {
  step(side: Path): Step;
  test(side: Path): Test;
}

type Truth = boolean | undefined;
type Logic = (left: Test, right: Test) => Test;
type Compare = (left: Nodes, right: Nodes, run: Run) => Truth;

const LOGIC: Readonly<Partial<Record<Operator, Logic>>> = {
  and: (left, right) => (focus, run) => {
    const first = left(focus, run);
    if (first === false) return false;
    const second = right(focus, run);
    if (second === false) return false;
    return first && second ? true : undefined;
  },
  or: (left, right) => (focus, run) => {
    const first = left(focus, run);
    if (first === true) return true;
    const second = right(focus, run);
    if (second === true) return true;
    return first === false && second === false ? false : undefined;
  },
  xor: (left, right) => (focus, run) => {
    const [first, second] = [left(focus, run), right(focus, run)];
    return first === undefined || second === undefined ? undefined : first !== second;
  },
  implies: (left, right) => (focus, run) => {
    const first = left(focus, run);
    if (first === false) return true;
    const second = right(focus, run);
    if (second === true) return true;
    return first === true && second === false ? false : undefined;
  },
};

const negated = (value: Truth): Truth => (value === undefined ? undefined : !value);

const ordered =
  (holds: (order: number) => boolean): Compare =>
  (left, right) => {
    const order = orderOf(left, right);
    return order === undefined ? undefined : holds(order);
  };

/** Whether a collection has an item that is equal to the single one. */
function contains(whole: Nodes, part: Nodes, run: Run): Truth {
  const node = single(part);
  if (!node) return undefined;
  spend(run, whole.length);
  return whole.some((one) => equalNodes(one, node, run) === true);
}

const COMPARE: Readonly<Partial<Record<Operator, Compare>>> = {
  '=': equalCollections,
  '!=': (left, right, run) => negated(equalCollections(left, right, run)),
  '~': equivalentCollections,
  '!~': (left, right, run) => !equivalentCollections(left, right, run),
  '<': ordered((order) => order < 0),
  '>': ordered((order) => order > 0),
  '<=': ordered((order) => order <= 0),
  '>=': ordered((order) => order >= 0),
  in: (left, right, run) => contains(right, left, run),
  contains,
};

export const isTruth = (operator: Operator): boolean => operator in LOGIC || operator in COMPARE;

export function compileOperator({ operator, left, right }: Binary, sides: Sides): Test {
  const logic = LOGIC[operator];
  if (logic) return logic(sides.test(left), sides.test(right));
  const quick = (operator === '=' || operator === '!=') && compileLiteral(left, right, operator, sides);
  if (quick) return quick;
  const [a, b, compare] = [sides.step(left), sides.step(right), COMPARE[operator]!];
  return (focus, run) => {
    const [x, y] = [a(focus, run), b(focus, run)];
    spend(run, x.length + y.length);
    return compare(x, y, run);
  };
}

/** `use = 'official'`: most comparisons are with a text. */
function compileLiteral(left: Path, right: Path, operator: '=' | '!=', sides: Sides): Test | undefined {
  if (right.kind !== 'literal' || right.type !== 'System.String') return undefined;
  const [step, wanted, equal] = [sides.step(left), right.value, operator === '='];
  return (focus, run) => {
    const nodes = step(focus, run);
    if (nodes.length === 0) return undefined;
    if (nodes.length > 1) return !equal;
    const { value } = nodes[0]!;
    return value === null ? undefined : (value === wanted) === equal;
  };
}
