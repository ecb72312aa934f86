/** Quantity parameters: a number, and a unit by `|system|code` or `||unit`. https://hl7.org/fhir/R4/search.html#quantity */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { splitEscaped } from './escape.ts';
import type { Expression } from './expression.ts';
import { numberOf, parseNumber, pointExpression, rangeEnds, UNBOUND } from './number.ts';
import { splitPrefix } from './prefix.ts';

const TAB = '\t';
const CURRENCY = 'urn:iso:std:iso:4217';

/** Index values of a Quantity (Age, Duration …), Money or Range: without unit, by the unit as written, and by the coded unit. */
export function indexQuantity(param: string, { value, type }: PathNode, add: Add): void {
  if (!isObject(value)) return;
  const ends = type === 'Range' ? rangeEnds(value) : quantityEnds(value);
  if (!ends) return;
  for (const key of unitKeys(unitOf(value, type)))
    add({ kind: 'range', param, key, low: ends[0], high: ends[1] });
}

function quantityEnds(quantity: JsonObject): readonly [number, number] | undefined {
  const number = numberOf(quantity['value']);
  if (number === undefined) return undefined;
  switch (quantity['comparator']) {
    case '<':
      return [-UNBOUND, neighbour(number, -1)];
    case '<=':
      return [-UNBOUND, number];
    case '>':
      return [neighbour(number, 1), UNBOUND];
    case '>=':
      return [number, UNBOUND];
    default:
      return [number, number];
  }
}

/** The next double above (1) or below (-1), so that the ends of a range can stay inclusive. */
function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? direction : -direction));
  return view.getFloat64(0);
}

interface Unit {
  readonly system?: JsonValue;
  readonly code?: JsonValue;
  readonly unit?: JsonValue;
}

function unitOf(value: JsonObject, type: string): Unit {
  if (type === 'Money') return { system: CURRENCY, code: value['currency'] };
  if (type !== 'Range') return value;
  return [value['low'], value['high']].find(isObject) ?? {};
}

function unitKeys({ system, code, unit }: Unit): ReadonlySet<string> {
  const keys = new Set(['']);
  for (const written of [code, unit]) if (typeof written === 'string') keys.add(TAB + written);
  if (typeof system === 'string' && typeof code === 'string') keys.add(system + TAB + code);
  return keys;
}

/** `5.4`, `5.4|http://unitsofmeasure.org|mg`, `5.4||mg`, each with a prefix. Throws FhirError `value`. */
export function quantityExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value, param);
  const [number = '', system = '', code = '', ...more] = splitEscaped(rest, '|');
  if (more.length > 0 || (system !== '' && code === '')) {
    throw fault(
      'value',
      `"${value.slice(0, 100)}" of ${param} is not a quantity: write 5.4, 5.4|http://unitsofmeasure.org|mg or 5.4||mg`,
      param,
    );
  }
  const key = code === '' ? '' : system + TAB + code;
  return pointExpression(param, key, prefix, parseNumber(number, param));
}
