/** Arithmetic and joining of single values. https://hl7.org/fhirpath/N1/#math-1, https://hl7.org/fhirpath/N1/#datetime-arithmetic */
import { temporalOf } from './equality.ts';
import {
  add,
  divide,
  divideWhole,
  exactOf,
  modulo,
  multiply,
  negate,
  subtract,
  type Exact,
} from './exact.ts';
import { toText } from './functions/conversion.ts';
import type { PathNode } from './node.ts';
import {
  isNumber,
  made,
  misfit,
  named,
  nodeKind,
  NOTHING,
  numeric,
  single,
  text,
  type Nodes,
} from './nodes.ts';
import { addQuantities, durationOf, multiplyQuantities, withValue } from './quantity.ts';
import { spend, type Run } from './run.ts';
import { moveTemporal, temporalText } from './temporal.ts';
import { isObject, type JsonValue } from '../model/tree.ts';

export type Arithmetic = '+' | '-' | '*' | '/' | 'div' | 'mod' | '&';

/** Steps that a calculation counts for. */
const CALCULATED = 4;

const wrong = (operator: string, a: PathNode, b: PathNode): Error =>
  misfit(`${named(a)} ${operator} ${named(b)} has no meaning`);

/** The result of an operator on two collections of at most one item; nothing when one is empty. */
export function calculate(operator: Arithmetic, left: Nodes, right: Nodes, run: Run): Nodes {
  const [a, b] = [single(left), single(right)];
  if (operator === '&') return joined(a, b, run);
  if (!a || !b || a.value === null || b.value === null) return NOTHING;
  spend(run, CALCULATED);
  if (isNumber(a.value) && isNumber(b.value)) return numbers(operator, a, b);
  const [x, y] = [nodeKind(a), nodeKind(b)];
  if (operator === '+' && x === 'String' && y === 'String') return joined(a, b, run);
  if (y === 'Quantity' && (x === 'Date' || x === 'DateTime' || x === 'Time')) return moved(operator, a, b);
  if (x === 'Quantity' || y === 'Quantity') return quantities(operator, a, b);
  throw wrong(operator, a, b);
}

function joined(a: PathNode | undefined, b: PathNode | undefined, run: Run): Nodes {
  const [left, right] = [a, b].map((node) => (node ? (toText(node) ?? '') : ''));
  const result = left! + right!;
  spend(run, result.length >> 4);
  return text(result);
}

function numbers(operator: Arithmetic, a: PathNode, b: PathNode): Nodes {
  const [x, y] = [exactOf(a.value as number), exactOf(b.value as number)];
  const kind = nodeKind(a) === 'Integer' && nodeKind(b) === 'Integer' ? 'Integer' : 'Decimal';
  switch (operator) {
    case '+':
      return numeric(add(x, y), kind);
    case '-':
      return numeric(subtract(x, y), kind);
    case '*':
      return numeric(multiply(x, y), kind);
    case '/':
      return numeric(divide(x, y), 'Decimal');
    case 'div':
      return numeric(whole(divideWhole(x, y)), 'Integer');
    default:
      return numeric(modulo(x, y), kind);
  }
}

const whole = (digits: bigint | undefined): Exact | undefined =>
  digits === undefined ? undefined : { digits, scale: 0 };

/** A date plus or minus a duration. */
function moved(operator: Arithmetic, a: PathNode, b: PathNode): Nodes {
  const duration = durationOf(b.value);
  if ((operator !== '+' && operator !== '-') || !duration) throw wrong(operator, a, b);
  const temporal = temporalOf(a);
  if (!temporal) return NOTHING;
  const result = moveTemporal(temporal, operator === '+' ? duration.amount : -duration.amount, duration.unit);
  return result ? [made(temporalText(result), `System.${nodeKind(a)}`)] : NOTHING;
}

function quantities(operator: Arithmetic, a: PathNode, b: PathNode): Nodes {
  const [x, y] = [a, b].map(({ value, type }) => ({ value, isSystem: type.startsWith('System.') }));
  const isSum = operator === '+' || operator === '-';
  const fits = [a, b].every((node) => nodeKind(node) === 'Quantity' || (!isSum && isNumber(node.value)));
  if (!fits || operator === 'div' || operator === 'mod' || operator === '&') throw wrong(operator, a, b);
  const result = isSum
    ? addQuantities(x!, y!, operator === '+' ? 1 : -1)
    : multiplyQuantities(x!, y!, operator);
  return result === undefined ? NOTHING : [made(result, 'System.Quantity')];
}

/** `-x` and `+x` */
export function signed(sign: '+' | '-', nodes: Nodes): Nodes {
  const node = single(nodes);
  if (!node || node.value === null) return NOTHING;
  const { value } = node;
  if (isNumber(value)) {
    const exact = exactOf(value);
    return numeric(
      sign === '-' ? negate(exact) : exact,
      nodeKind(node) === 'Integer' ? 'Integer' : 'Decimal',
    );
  }
  const amount: JsonValue | undefined = isObject(value) ? value['value'] : undefined;
  if (nodeKind(node) !== 'Quantity' || amount === undefined || !isNumber(amount))
    throw misfit(`a number was expected after "${sign}", found ${named(node)}`);
  const result = sign === '-' ? withValue(value, negate(exactOf(amount))) : value;
  return result === undefined ? NOTHING : [made(result, 'System.Quantity')];
}
