/**
 * The current moment, precision and boundaries. https://hl7.org/fhirpath/N1/#current-date-and-time,
 * https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time
 */
import { isObject } from '../../model/tree.ts';
import { ofOne, plain, type Callable, type Callables } from '../callable.ts';
import { NotCheckable } from '../environment.ts';
import { temporalOf } from '../equality.ts';
import { add, ceiling, exactOf, floor, negate, numberFrom, type Exact, type JsonNumber } from '../exact.ts';
import type { PathNode } from '../node.ts';
import {
  integer,
  integerOf,
  isNumber,
  made,
  misfit,
  named,
  nodeKind,
  NOTHING,
  single,
  type Nodes,
} from '../nodes.ts';
import { isComparable, withValue } from '../quantity.ts';
import type { Run } from '../run.ts';
import { boundaryOf, precisionOf, temporalText, type Temporal } from '../temporal.ts';

function now(run: Run): string {
  const { now: instant } = run.environment;
  if (instant === undefined)
    throw new NotCheckable('The expression asks for the current time, which is not given here');
  return instant;
}

const MOST_PLACES = 31;
const DEFAULT_PLACES = 8;

/** A number means all that would be rounded to it: half of its last place in both directions. */
function numberBoundary(value: JsonNumber, end: 'low' | 'high', places: number): JsonNumber | undefined {
  if (places < 0 || places > MOST_PLACES) return undefined;
  const exact = exactOf(value);
  const half: Exact = { digits: 5n, scale: exact.scale + 1 };
  return numberFrom(
    end === 'low' ? floor(add(exact, negate(half)), places) : ceiling(add(exact, half), places),
  );
}

function boundary(node: PathNode, end: 'low' | 'high', precision: number | undefined): Nodes {
  const { value } = node;
  const kind = nodeKind(node);
  if (isNumber(value)) {
    const found = numberBoundary(value, end, precision ?? DEFAULT_PLACES);
    return found === undefined ? NOTHING : [made(found, 'System.Decimal')];
  }
  if (kind === 'Quantity' && isObject(value)) {
    const amount = value['value'];
    if (amount === undefined || !isNumber(amount)) return NOTHING;
    const found = numberBoundary(amount, end, precision ?? DEFAULT_PLACES);
    const quantity = found === undefined ? undefined : withValue(value, exactOf(found));
    return quantity === undefined ? NOTHING : [made(quantity, 'System.Quantity')];
  }
  const temporal = temporalOf(node);
  if (!temporal) throw misfit(`a number, date or time was expected, found ${named(node)}`);
  const usual = kind === 'Date' ? 8 : kind === 'Time' ? 9 : 17;
  return temporalNode(boundaryOf(temporal, end, precision ?? usual), kind);
}

const temporalNode = (temporal: Temporal | undefined, kind: string): Nodes =>
  temporal ? [made(temporalText(temporal), `System.${kind}`)] : NOTHING;

const bounding = (end: 'low' | 'high'): Callable => ({
  arity: [0, 1],
  ofNothing: true,
  make: ([precision]) => {
    const step = precision?.step();
    return (input, focus, run) => {
      const node = single(input);
      if (!node || node.value === null) return NOTHING;
      return boundary(node, end, step && integerOf(step(focus, run)));
    };
  },
});

function precision(node: PathNode): Nodes {
  const { value } = node;
  // Of a number: its decimal places.
  if (isNumber(value)) return integer(exactOf(value).scale);
  const temporal = temporalOf(node);
  return temporal ? integer(precisionOf(temporal)) : NOTHING;
}

/** A part of a date or time: `yearOf`, `hourOf` … */
const part = (place: number, pick = (value: number): number => value): Callable =>
  ofOne((node) => {
    const temporal = temporalOf(node);
    const value = temporal?.fields[temporal.isTime ? place - 3 : place];
    return value === undefined ? NOTHING : integer(pick(value));
  });

export const MOMENTS: Callables = {
  now: { arity: [0, 0], make: () => (_input, _focus, run) => [made(now(run), 'System.DateTime')] },
  today: { arity: [0, 0], make: () => (_input, _focus, run) => [made(now(run).slice(0, 10), 'System.Date')] },
  timeOfDay: {
    arity: [0, 0],
    make: () => (_input, _focus, run) => [
      made(
        now(run)
          .slice(11)
          .replace(/Z$|[+-]\d\d:\d\d$/, ''),
        'System.Time',
      ),
    ],
  },
  lowBoundary: bounding('low'),
  highBoundary: bounding('high'),
  precision: ofOne(precision),
  yearOf: part(0),
  monthOf: part(1),
  dayOf: part(2),
  hourOf: part(3),
  minuteOf: part(4),
  secondOf: part(5, (value) => Math.floor(value / 1000)),
  millisecondOf: part(5, (value) => value % 1000),
  timezoneOffsetOf: ofOne((node) => {
    const zone = temporalOf(node)?.zone;
    return zone === undefined ? NOTHING : [made(zone / 60, 'System.Decimal')];
  }),
  dateOf: ofOne((node) => {
    const temporal = temporalOf(node);
    if (!temporal || temporal.isTime) return NOTHING;
    return temporalNode({ ...temporal, fields: temporal.fields.slice(0, 3), fraction: -1 }, 'Date');
  }),
  timeOf: ofOne((node) => {
    const temporal = temporalOf(node);
    if (!temporal || temporal.isTime || temporal.fields.length <= 3) return NOTHING;
    const { fields, fraction } = temporal;
    return temporalNode({ isTime: true, fields: fields.slice(3), fraction }, 'Time');
  }),
  comparable: {
    arity: [1, 1],
    judge: ([other]) => {
      const step = other!.step();
      return (input, focus, run) => {
        const [a, b] = [single(input), single(step(focus, run))];
        return a && b && isComparable(asQuantity(a), asQuantity(b));
      };
    },
  },
  getValue: plain((input) => input.filter(({ value }) => value !== null && !isObject(value))),
};

const asQuantity = ({ value, type }: PathNode): { value: PathNode['value']; isSystem: boolean } => ({
  value,
  isSystem: type.startsWith('System.'),
});
