/** Conversions between the types of FHIRPath. https://hl7.org/fhirpath/N1/#conversion */
import { isObject } from '../../model/tree.ts';
import type { Callable, Callables } from '../callable.ts';
import { exactOf, numberFrom, parseExact } from '../exact.ts';
import type { PathNode } from '../node.ts';
import { isNumber, made, nodeKind, NOTHING, single, type Nodes } from '../nodes.ts';
import { dimensionless, parseQuantity, quantityText } from '../quantity.ts';
import { parseDateTime, parseTime } from '../temporal.ts';

type Convert = (node: PathNode) => Nodes;

const node = (value: PathNode['value'] | undefined, type: string): Nodes =>
  value === undefined ? NOTHING : [made(value, `System.${type}`)];

const TRUE: ReadonlySet<string> = new Set(['true', 't', 'yes', 'y', '1', '1.0']);
const FALSE: ReadonlySet<string> = new Set(['false', 'f', 'no', 'n', '0', '0.0']);

function toBoolean({ value }: PathNode): Nodes {
  if (typeof value === 'boolean') return node(value, 'Boolean');
  if (typeof value !== 'string' && !(value !== null && isNumber(value))) return NOTHING;
  const text = typeof value === 'string' ? value.toLowerCase() : String(Number(value));
  return TRUE.has(text) ? node(true, 'Boolean') : FALSE.has(text) ? node(false, 'Boolean') : NOTHING;
}

const isInteger = (value: number): boolean =>
  Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

function toInteger(one: PathNode): Nodes {
  const { value } = one;
  if (typeof value === 'boolean') return node(Number(value), 'Integer');
  if (typeof value === 'string')
    return /^[+-]?\d{1,10}$/.test(value) && isInteger(Number(value))
      ? node(Number(value), 'Integer')
      : NOTHING;
  return nodeKind(one) === 'Integer' && isInteger(Number(value)) ? node(Number(value), 'Integer') : NOTHING;
}

function toDecimal({ value }: PathNode): Nodes {
  if (typeof value === 'boolean') return node(Number(value), 'Decimal');
  if (typeof value === 'string') {
    const exact = /^[+-]?\d+(?:\.\d+)?$/.test(value) ? parseExact(value) : undefined;
    return node(exact && numberFrom(exact), 'Decimal');
  }
  return isNumber(value) ? node(value, 'Decimal') : NOTHING;
}

function toQuantity(one: PathNode): Nodes {
  const { value } = one;
  if (typeof value === 'boolean') return node(dimensionless({ digits: BigInt(value), scale: 0 }), 'Quantity');
  if (typeof value === 'string') return node(parseQuantity(value), 'Quantity');
  if (isNumber(value)) return node(dimensionless(exactOf(value)), 'Quantity');
  return nodeKind(one) === 'Quantity' ? node(value, 'Quantity') : NOTHING;
}

/** The text of a value that has one. */
export function toText(one: PathNode): string | undefined {
  const { value } = one;
  if (value === null) return undefined;
  if (isObject(value)) return nodeKind(one) === 'Quantity' ? quantityText(value) : undefined;
  return Array.isArray(value) ? undefined : String(value);
}

function toDate({ value }: PathNode): Nodes {
  if (typeof value !== 'string' || !parseDateTime(value)) return NOTHING;
  return node(value.split('T', 1)[0], 'Date');
}

const toDateTime = ({ value }: PathNode): Nodes =>
  typeof value === 'string' && parseDateTime(value) ? node(value, 'DateTime') : NOTHING;

const toTime = ({ value }: PathNode): Nodes =>
  typeof value === 'string' && parseTime(value) ? node(value, 'Time') : NOTHING;

const CONVERSIONS: Readonly<Record<string, Convert>> = {
  Boolean: toBoolean,
  Integer: toInteger,
  Decimal: toDecimal,
  Quantity: toQuantity,
  String: (one) => node(toText(one), 'String'),
  Date: toDate,
  DateTime: toDateTime,
  Time: toTime,
};

function conversion(convert: Convert): Callable {
  return {
    arity: [0, 0],
    ofNothing: true,
    make: () => (input) => {
      const one = single(input);
      return one ? convert(one) : NOTHING;
    },
  };
}

function convertible(convert: Convert): Callable {
  return {
    arity: [0, 0],
    judge: () => (input) => {
      const one = single(input);
      return one && convert(one).length > 0;
    },
  };
}

/** `toQuantity('mg')` takes a unit that the result must have; only the same unit is taken. */
const toQuantityOf: Callable = {
  arity: [0, 1],
  ofNothing: true,
  make: ([unit]) => {
    const step = unit?.step();
    return (input, focus, run) => {
      const one = single(input);
      const found = one ? toQuantity(one) : NOTHING;
      const wanted = step && single(step(focus, run))?.value;
      const value = found[0]?.value;
      if (wanted === undefined || !isObject(value)) return found;
      return value['code'] === wanted || value['unit'] === wanted ? found : NOTHING;
    };
  },
};

export const CONVERSION: Callables = {
  ...Object.fromEntries(Object.entries(CONVERSIONS).map(([name, one]) => [`to${name}`, conversion(one)])),
  ...Object.fromEntries(
    Object.entries(CONVERSIONS).map(([name, one]) => [`convertsTo${name}`, convertible(one)]),
  ),
  toQuantity: toQuantityOf,
};
