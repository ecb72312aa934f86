/** Functions on numbers and quantities. https://hl7.org/fhirpath/N1/#math */
import { isObject, type JsonValue } from '../../model/tree.ts';
import { ofOne, type Callable, type Callables } from '../callable.ts';
import {
  ceiling,
  compareExact,
  exactOf,
  floor,
  negate,
  numberFrom,
  parseExact,
  power,
  round,
  squareRoot,
  trim,
  type Exact,
} from '../exact.ts';
import type { PathNode } from '../node.ts';
import {
  exactNumberOf,
  integerOf,
  isNumber,
  made,
  misfit,
  named,
  nodeKind,
  NOTHING,
  numberOf,
  numeric,
  type Nodes,
} from '../nodes.ts';
import { withValue } from '../quantity.ts';

const ZERO: Exact = { digits: 0n, scale: 0 };

const isWhole = ({ value, type }: PathNode): boolean =>
  Number.isInteger(value) && nodeKind({ value, type }) === 'Integer';

/** A function of one number. */
const ofNumber = (apply: (exact: Exact, node: PathNode) => Nodes): Callable =>
  ofOne((node) => {
    const value = numberOf([node]);
    return value === undefined ? NOTHING : apply(exactOf(value), node);
  });

const rounded = (apply: (exact: Exact) => Exact): Callable =>
  ofNumber((exact) => numeric(apply(exact), 'Integer'));

/** What floating point makes of it, at the 15 digits that are right. Nothing where it has no answer. */
function inexact(value: number): Nodes {
  if (!Number.isFinite(value)) return NOTHING;
  const exact = parseExact(String(Number(value.toPrecision(15))));
  return numeric(exact && trim(exact), 'Decimal');
}

const real = (apply: (value: number) => number): Callable =>
  ofNumber((exact) => inexact(apply(Number(numberFrom(exact) ?? NaN))));

function absolute(node: PathNode): Nodes {
  const { value, type } = node;
  if (isNumber(value)) {
    const exact = exactOf(value);
    const size = exact.digits < 0n ? negate(exact) : exact;
    return numeric(size, isWhole(node) ? 'Integer' : 'Decimal');
  }
  const amount: JsonValue | undefined = isObject(value) ? value['value'] : undefined;
  if (nodeKind(node) !== 'Quantity' || amount === undefined || !isNumber(amount))
    throw misfit(`a number was expected, found ${named(node)}`);
  const exact = exactOf(amount);
  const positive = withValue(value, exact.digits < 0n ? negate(exact) : exact);
  return positive === undefined
    ? NOTHING
    : [made(positive, type.startsWith('System.') ? type : 'System.Quantity')];
}

function logarithm(value: number, base: number): number {
  if (base === 10) return Math.log10(value);
  return base === 2 ? Math.log2(value) : Math.log(value) / Math.log(base);
}

function raise(node: PathNode, base: Exact, exponent: Exact): Nodes {
  const whole = trim(exponent);
  if (whole.scale > 0) return inexact(Number(numberFrom(base) ?? NaN) ** Number(numberFrom(exponent) ?? NaN));
  const result = power(base, Number(whole.digits));
  return numeric(result, isWhole(node) && compareExact(exponent, ZERO) >= 0 ? 'Integer' : 'Decimal');
}

export const MATH: Callables = {
  abs: ofOne(absolute),
  ceiling: rounded((exact) => ceiling(exact)),
  floor: rounded((exact) => floor(exact)),
  truncate: rounded((exact) => (exact.digits < 0n ? ceiling(exact) : floor(exact))),
  exp: real(Math.exp),
  ln: real(Math.log),
  sqrt: ofNumber((exact) => numeric(squareRoot(exact), 'Decimal')),
  log: {
    arity: [1, 1],
    ofNothing: true,
    make: ([base]) => {
      const step = base!.step();
      return (input, focus, run) => {
        const [value, of] = [numberOf(input), numberOf(step(focus, run))];
        if (value === undefined || of === undefined) return NOTHING;
        return inexact(logarithm(Number(value), Number(of)));
      };
    },
  },
  power: {
    arity: [1, 1],
    ofNothing: true,
    make: ([exponent]) => {
      const step = exponent!.step();
      return (input, focus, run) => {
        const [base, by] = [exactNumberOf(input), exactNumberOf(step(focus, run))];
        return base === undefined || by === undefined ? NOTHING : raise(input[0]!, base, by);
      };
    },
  },
  round: {
    arity: [0, 1],
    ofNothing: true,
    make: ([places]) => {
      const step = places?.step();
      return (input, focus, run) => {
        const value = exactNumberOf(input);
        const count = step ? integerOf(step(focus, run)) : 0;
        if (value === undefined || count === undefined) return NOTHING;
        if (count < 0) throw misfit('round() needs a number of places that is not negative');
        return numeric(round(value, count), 'Decimal');
      };
    },
  },
};
