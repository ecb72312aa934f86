/** What must hold for all numbers, dates and quantities of FHIRPath. https://hl7.org/fhirpath/N1/#math */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  add,
  ceiling,
  compareExact,
  divide,
  divideWhole,
  floor,
  modulo,
  multiply,
  numberFrom,
  parseExact,
  round,
  squareRoot,
  subtract,
  textOf,
  trim,
  type Exact,
} from '../../../../src/fhir/path/exact.ts';
import { compareQuantities, isComparable } from '../../../../src/fhir/path/quantity.ts';
import {
  boundaryOf,
  compareTemporal,
  moveTemporal,
  parseDateTime,
  temporalText,
  type Temporal,
} from '../../../../src/fhir/path/temporal.ts';

const exact: fc.Arbitrary<Exact> = fc.record({
  digits: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
  scale: fc.integer({ min: 0, max: 12 }),
});
const nonZero = exact.filter(({ digits }) => digits !== 0n);
const same = (a: Exact | undefined, b: Exact | undefined): boolean =>
  a !== undefined && b !== undefined && compareExact(a, b) === 0;
const check = <T>(property: fc.IProperty<T>): void => fc.assert(property);

describe('decimals', () => {
  it('are a commutative ring', () => {
    check(
      fc.property(exact, exact, exact, (a, b, c) => {
        expect(same(add(a, b), add(b, a))).toBe(true);
        expect(same(multiply(a, b), multiply(b, a))).toBe(true);
        expect(same(add(add(a, b), c), add(a, add(b, c)))).toBe(true);
        expect(same(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(true);
        expect(same(subtract(add(a, b), b), a)).toBe(true);
      }),
    );
  });

  it('keep their text, through JSON as well', () => {
    check(
      fc.property(exact, (a) => {
        expect(parseExact(textOf(a))).toEqual(a);
        expect(String(numberFrom(a))).toBe(textOf(a));
      }),
    );
  });

  it('divide: the quotient times the divisor is near, and exact where the quotient ends', () => {
    check(
      fc.property(exact, nonZero, (a, b) => {
        const rest = subtract(multiply(divide(a, b)!, b), a);
        const size = rest.digits < 0n ? -rest.digits : rest.digits;
        const most = multiply(
          { digits: a.digits < 0n ? -a.digits : a.digits, scale: a.scale },
          { digits: 1n, scale: 26 },
        );
        expect(compareExact({ digits: size, scale: rest.scale }, most)).toBeLessThanOrEqual(0);
        expect(same(divide(multiply(a, b), b), a)).toBe(true);
      }),
    );
  });

  it('div and mod make up the whole', () => {
    check(
      fc.property(exact, nonZero, (a, b) => {
        const whole = { digits: divideWhole(a, b)!, scale: 0 };
        const rest = modulo(a, b)!;
        expect(same(add(multiply(whole, b), rest), a)).toBe(true);
        expect(rest.digits === 0n || rest.digits < 0n === a.digits < 0n).toBe(true);
      }),
    );
  });

  it('round to a neighbour', () => {
    check(
      fc.property(exact, fc.integer({ min: 0, max: 14 }), (a, places) => {
        const [low, high] = [floor(a, places), ceiling(a, places)];
        expect(compareExact(low, a)).toBeLessThanOrEqual(0);
        expect(compareExact(high, a)).toBeGreaterThanOrEqual(0);
        expect(compareExact(subtract(high, low), { digits: 1n, scale: places })).toBeLessThanOrEqual(0);
        const rounded = round(a, places);
        expect(same(rounded, low) || same(rounded, high)).toBe(true);
      }),
    );
  });

  it('have square roots', () => {
    check(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.integer({ min: 0, max: 6 }),
        (digits, scale) => {
          const a = { digits, scale };
          expect(trim(squareRoot(multiply(a, a))!)).toEqual(trim(a));
        },
      ),
    );
    expect(squareRoot({ digits: -1n, scale: 0 })).toBeUndefined();
  });
});

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
const zone = fc.constantFrom('Z', '+00:00', '+05:30', '-11:00', '+14:00');
/** Dates and times of every precision. */
const moment: fc.Arbitrary<string> = fc
  .record({
    date: fc.date({ min: new Date('1901-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
    precision: fc.integer({ min: 0, max: 6 }),
    zone,
  })
  .map(({ date, precision, zone: own }) => {
    const day = [pad(date.getUTCFullYear(), 4), pad(date.getUTCMonth() + 1), pad(date.getUTCDate())];
    if (precision < 3) return day.slice(0, precision + 1).join('-');
    const clock = [pad(date.getUTCHours()), pad(date.getUTCMinutes()), pad(date.getUTCSeconds())];
    const time =
      clock.slice(0, precision - 2).join(':') +
      (precision === 6 ? `.${pad(date.getUTCMilliseconds(), 3)}` : '');
    return `${day.join('-')}T${time}${own}`;
  });
const parsed = (text: string): Temporal => parseDateTime(text)!;
const isWhole = (text: string): boolean =>
  /:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) && text.length > 22;

describe('dates', () => {
  it('are written as they were read', () => {
    check(
      fc.property(moment, (text) => expect(temporalText(parsed(text))).toBe(text.replace('+00:00', 'Z'))),
    );
  });

  it('compare as the instants do where they are whole', () => {
    const whole = moment.filter(isWhole);
    check(
      fc.property(whole, whole, (a, b) => {
        const order = compareTemporal(parsed(a), parsed(b))!;
        expect(Math.sign(order)).toBe(Math.sign(Date.parse(a) - Date.parse(b)));
      }),
    );
  });

  it('compare both ways alike, also where they do not know', () => {
    check(
      fc.property(moment, moment, (a, b) => {
        const [there, back] = [compareTemporal(parsed(a), parsed(b)), compareTemporal(parsed(b), parsed(a))];
        expect(there === undefined ? undefined : Math.sign(there)).toEqual(
          back === undefined ? undefined : -Math.sign(back) + 0,
        );
        expect(compareTemporal(parsed(a), parsed(a))).toBe(0);
      }),
    );
  });

  it('lie between their boundaries', () => {
    check(
      fc.property(moment, (text) => {
        const one = parsed(text);
        const [low, high] = [boundaryOf(one, 'low', 17)!, boundaryOf(one, 'high', 17)!];
        expect(compareTemporal(low, high)!).toBeLessThanOrEqual(0);
        if (one.fields.length === 6) expect(compareTemporal(low, one)!).toBeLessThanOrEqual(0);
        expect(compareTemporal(low, one) ?? 0).toBeLessThanOrEqual(0);
        expect(compareTemporal(high, one) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('move by days as the calendar does, and back again', () => {
    check(
      fc.property(moment.filter(isWhole), fc.integer({ min: -30_000, max: 30_000 }), (text, days) => {
        const moved = moveTemporal(parsed(text), days, 'day')!;
        expect(Date.parse(temporalText(moved)) - Date.parse(text)).toBe(days * 86_400_000);
        expect(temporalText(moveTemporal(moved, -days, 'day')!)).toBe(temporalText(parsed(text)));
      }),
    );
  });

  it('stay in the month that they are moved to', () => {
    check(
      fc.property(moment, fc.integer({ min: -500, max: 500 }), (text, months) => {
        const one = parsed(text);
        const moved = moveTemporal(one, months, 'month')!;
        const index = (fields: readonly number[]): number => fields[0]! * 12 + (fields[1] ?? 1) - 1;
        if (one.fields.length > 1) expect(index(moved.fields) - index(one.fields)).toBe(months);
        expect(moved.fields.length).toBe(one.fields.length);
      }),
    );
  });
});

describe('quantities', () => {
  const UNITS = [
    'g',
    'kg',
    'mg',
    'ug',
    '[lb_av]',
    'm',
    'cm',
    '[in_i]',
    'L',
    'mL',
    'mmol/L',
    'mol/m3',
    '10*3/uL',
    '%',
    '[iU]/mL',
  ];
  const quantity = fc
    .record({ value: fc.integer({ min: 1, max: 1_000_000 }), code: fc.constantFrom(...UNITS) })
    .map(({ value, code }) => ({
      value: { value, unit: code, code, system: 'http://unitsofmeasure.org' },
      isSystem: true,
    }));

  it('compare both ways alike, and with themselves', () => {
    check(
      fc.property(quantity, quantity, (a, b) => {
        const [there, back] = [compareQuantities(a, b), compareQuantities(b, a)];
        expect(there === undefined).toBe(!isComparable(a, b));
        if (there !== undefined && back !== undefined) expect(there + back).toBe(0);
        expect(compareQuantities(a, a)).toBe(0);
      }),
    );
  });
});
