/** Units on the functional tests of UCUM. https://github.com/FHIR/Ucum-java/blob/master/src/main/resources/UcumFunctionalTests.xml */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { SaxesParser } from 'saxes';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import { exactOf, multiply, type Exact, type JsonNumber } from '../../../../src/fhir/path/exact.ts';
import { multiplyQuantities, UCUM } from '../../../../src/fhir/path/quantity.ts';
import { convertSpecial, unitOf } from '../../../../src/fhir/path/ucum.ts';
import type { JsonObject } from '../../../../src/fhir/model/tree.ts';
import { needs, sharedData } from '../../../needs.ts';

const FILE = 'ucum/UcumFunctionalTests.xml';

function readCases(): Record<string, string>[] {
  const cases: Record<string, string>[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'case') cases.push(attributes);
  });
  parser.write(readFileSync(sharedData(FILE), 'utf8')).close();
  return cases;
}

/** The file rounds five of its results to the digits that it gives. */
function isNear(found: number, expected: string): boolean {
  const digits = expected.replace(/^-?0*\.?0*/, '').replace('.', '').length;
  return (
    Number(found.toPrecision(Math.min(digits, 12))) ===
      Number(Number(expected).toPrecision(Math.min(digits, 12))) ||
    Math.abs(found / Number(expected) - 1) < 1e-6
  );
}

const asNumber = ({ digits, scale }: Exact): number => Number(digits) / 10 ** scale;

function convert(value: string, from: string, to: string): number {
  const [source, target] = [unitOf(from)!, unitOf(to)!];
  const number = exactOf(parseJson(value) as JsonNumber);
  if (source.isSpecial || target.isSpecial) return asNumber(convertSpecial(number, from, to)!);
  expect(source.dimension).toBe(target.dimension);
  return asNumber(multiply(number, source.factor)) / asNumber(target.factor);
}

const quantity = (value: string, code: string): { value: JsonObject; isSystem: true } => ({
  value: { value: parseJson(value), unit: code, code, system: UCUM },
  isSystem: true,
});

needs(`shared-data/${FILE}`, 'the functional tests of UCUM')('the functional tests of UCUM', () => {
  const cases = readCases();

  it('say which units there are', () => {
    const judged = cases.filter(({ valid }) => valid !== undefined);
    expect(judged.length).toBeGreaterThan(500);
    const wrong = judged.filter(({ unit, valid }) => (unitOf(unit!) !== undefined) !== (valid === 'true'));
    expect(wrong).toEqual([]);
  });

  it('convert', () => {
    const converted = cases.filter(({ srcUnit }) => srcUnit !== undefined);
    expect(converted.length).toBeGreaterThan(25);
    const wrong = converted.flatMap(({ id, value, srcUnit, dstUnit, outcome }) => {
      const found = convert(value!, srcUnit!, dstUnit!);
      return isNear(found, outcome!)
        ? []
        : [`${id!}: ${value!} ${srcUnit!} is ${found} ${dstUnit!}, not ${outcome!}`];
    });
    expect(wrong).toEqual([]);
  });

  it('multiply', () => {
    for (const { v1, u1, v2, u2, vRes, uRes } of cases.filter((one) => one['vRes'] === '3.0')) {
      const product = multiplyQuantities(quantity(v1!, u1!), quantity(v2!, u2!), '*') as JsonObject;
      expect(convert(String(product['value']), product['code'] as string, uRes!)).toBeCloseTo(Number(vRes));
    }
  });
});
